/** The oracle: what is asked when all is quiet, what of the answer counts, and what is true. */
import type { Path } from '../../yamlfile/index.ts';
import type { OracleSpec } from './contract.ts';
import { parseJsonPath } from './json-path.ts';
import { milliseconds, type Reading } from './reading.ts';
import { readRequest } from './requests.ts';
import type { ScenarioFile } from './schema.ts';

type OracleFile = ScenarioFile['oracle'];

export function readOracle(oracle: OracleFile, path: Path, reading: Reading): OracleSpec {
  if (typeof oracle === 'string')
    return {
      request: readRequest(oracle, path, reading),
      compare: { kind: 'body' },
      sql: null,
      model: 'final-state',
      deltaMs: null,
    };
  const { request, headers, json, form, sql = null, model = 'final-state' } = oracle;
  return {
    request: readRequest({ request, headers, json, form }, path, reading),
    compare: compareOf(oracle, path, reading),
    sql,
    model,
    deltaMs: deltaOf(oracle, model, path, reading),
  };
}

function compareOf(oracle: Exclude<OracleFile, string>, path: Path, reading: Reading): OracleSpec['compare'] {
  const given = (['path', 'status', 'body'] as const).filter((field) => oracle[field] !== undefined);
  if (given.length > 1)
    reading.wrong(
      [...path, given[1]!],
      `${given.join(' and ')} both say what is compared`,
      'One of path, status: true and body: true.',
    );
  if (oracle.path !== undefined) {
    if (parseJsonPath(oracle.path) === null)
      reading.wrong(
        [...path, 'path'],
        `"${oracle.path}" is no path to one value`,
        'Names and places from $ on, such as $.name or $.items[0].price.',
      );
    return { kind: 'path', path: oracle.path };
  }
  return { kind: oracle.status === true ? 'status' : 'body' };
}

function deltaOf(
  { delta }: Exclude<OracleFile, string>,
  model: OracleSpec['model'],
  path: Path,
  reading: Reading,
): number | null {
  const bounded = model === 'bounded-staleness';
  if (bounded === (delta !== undefined))
    return bounded ? milliseconds(delta, 0, [...path, 'delta'], reading) : null;
  if (bounded) reading.wrong([...path, 'delta'], '"delta" is missing', 'The bound, such as delta: 2s.');
  else
    reading.wrong(
      [...path, 'delta'],
      `"delta" has no meaning for ${model}`,
      'model: bounded-staleness, or no delta.',
    );
  return null;
}
