/**
 * The scenario that the sections come from which no recording knows. It is taken as it is written: variables stay variables, so no
 * secret gets into a scenario of the hunt. Paths are made relative to the new place.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { readYaml } from '../../yamlfile/index.ts';
import { readScenario } from '../scenario/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A request as the base writes it. */
export interface BaseRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** `headers`, `json`, `form`, `body`, as far as they are there. */
  readonly fields: Fields;
}

export interface Base {
  /** Absolute path. */
  readonly file: string;
  /** By name, as they are written. */
  readonly sections: Fields;
  /** Of actors, the first of each sequence. */
  readonly requests: readonly BaseRequest[];
  readonly oracle: BaseRequest & { readonly rest: Fields };
  /** Paths that are asked for before every execution. */
  readonly warmed: ReadonlySet<string>;
}

/** Reads a base. Throws WSE601, WSE602 or WSE603: it must be a scenario that can be run. */
export async function readBase(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Base> {
  const file = resolve(path);
  const scenario = await readScenario(file, env);
  const sections = readYaml(readFileSync(file, 'utf8')).value as Fields;
  const actors = Object.values(sections.actors as Fields);
  const { oracle } = sections;
  const { request: _request, headers, json, form, ...rest } = isFields(oracle) ? oracle : {};
  return {
    file,
    sections,
    requests: actors.flatMap((actor) => requestOf(actor)),
    oracle: { ...requestOf(oracle)[0]!, rest },
    warmed: new Set(scenario.warmup.map((one) => one.path)),
  };
}

const CONTENT = ['headers', 'json', 'form', 'body'] as const;

function requestOf(written: unknown): readonly BaseRequest[] {
  if (typeof written === 'string') return [{ ...lineOf(written), fields: {} }];
  if (Array.isArray(written)) return requestOf(written[0]);
  if (!isFields(written)) return [];
  if (written.requests !== undefined)
    return requestOf(written.requests).map((one) => ({
      ...one,
      fields: withHeaders(written.headers, one.fields),
    }));
  const fields = CONTENT.filter((name) => written[name] !== undefined).map((name) => [name, written[name]]);
  return [{ ...lineOf(String(written.request)), fields: Object.fromEntries(fields) }];
}

function withHeaders(common: unknown, fields: Fields): Fields {
  return isFields(common)
    ? { ...fields, headers: { ...common, ...((fields.headers as Fields) ?? {}) } }
    : fields;
}

function lineOf(text: string): { readonly method: string; readonly path: string } {
  const [method = '', path = ''] = text.trim().split(/\s+/);
  return { method: method.toUpperCase(), path };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A path that climbs so far is easier to read from the root. */
const FAR = '../../../..';

/** The sections that say nothing of requests, with paths that start at `folder`. */
export function surroundingsFrom({ file, sections }: Base, folder: string): Fields {
  const home = dirname(file);
  const moved = (path: unknown): unknown => {
    if (typeof path !== 'string' || isAbsolute(path) || path.startsWith('${')) return path;
    const from = relative(folder, resolve(home, path)) || '.';
    return from.startsWith(FAR) ? resolve(home, path) : from;
  };
  const service = sections.service as Fields;
  const { setup, reset, ...others } = sections;
  const kept = Object.fromEntries(
    KEPT.flatMap((name) => (others[name] === undefined ? [] : [[name, others[name]]])),
  );
  return {
    ...kept,
    service: { ...service, cwd: moved(service.cwd ?? '.') },
    ...(setup === undefined ? {} : { setup: stepsFrom(setup, moved) }),
    ...(reset === undefined ? {} : { reset: stepsFrom(reset, moved) }),
  };
}

/** Sections that are taken over as they are. */
const KEPT = ['stores', 'warmup', 'silent', 'scripts', 'faults', 'faultBudget', 'limits', 'settle'] as const;

function stepsFrom(steps: unknown, moved: (path: unknown) => unknown): unknown {
  if (Array.isArray(steps)) return steps.map((step) => stepsFrom(step, moved));
  if (!isFields(steps)) return moved(steps);
  const { sql } = steps;
  if (sql === undefined) return steps;
  return { ...steps, sql: Array.isArray(sql) ? sql.map(moved) : moved(sql) };
}
