/**
 * The oracle: what every instance answers, held against what is true. The truth is the first column of the first row of the
 * scenario's SQL, asked past the gates; without SQL it is what an instance answers once Redis is emptied as at reset.
 */
import type pg from 'pg';
import { WhystaleError } from '../../errors.ts';
import type { OracleSpec } from '../scenario/contract.ts';
import { parseJsonPath, valueAtPath } from '../scenario/json-path.ts';
import type { OracleAnswer, Reply, Response } from './contract.ts';
import { ExactNumber, readJson, type TruthType, type Value } from './values.ts';

/** A truth with what its type says about comparing. */
export interface Truth {
  readonly value: Value;
  readonly type: TruthType;
}

/** What of a response is compared. */
export function comparedValue({ compare }: OracleSpec, { status, body }: Response): Value {
  if (compare.kind === 'status') return new ExactNumber(String(status));
  const json = readJson(body);
  // A body that is no JSON is compared as the text that it is.
  if (compare.kind === 'body') return json === undefined ? body : json;
  const path = parseJsonPath(compare.path);
  if (path === null) throw noPath(compare.path);
  return valueAtPath(json, path);
}

/** The response of an oracle's request.
 *
 * @throws WhystaleError WSE661 when there was none */
export function responseOf(actor: string, { request }: OracleSpec, reply: Reply): Response {
  if (reply.kind === 'response') return reply.response;
  throw new WhystaleError({
    code: 'WSE661',
    what: `The instance of ${actor} did not answer the oracle's ${request.method} ${request.path}: ${reply.reason}.`,
    expected: 'A response; any status is one.',
    retry: 'safe',
    next: 'Run it again; if it stays so, send the request to the service by hand.',
    exitCode: 4,
  });
}

/** An answer that was compared. */
export interface Compared extends OracleAnswer {
  readonly compared: Value;
}

/** Types whose text form PostgreSQL itself need not be asked to translate; pg_type.dat. */
const OIDS = {
  boolean: 16,
  numbers: new Set([20, 21, 23, 26, 700, 701, 1700]),
  texts: new Set([18, 19, 25, 1042, 1043, 2950]),
  json: new Set([114, 3802]),
  moments: new Set([1082, 1114, 1184]),
} as const;

/**
 * Asks PostgreSQL for the truth, on the connection given.
 *
 * @throws WhystaleError WSE662 when the statement fails
 */
export async function askTruth(client: pg.Client, sql: string): Promise<Truth> {
  try {
    const result = await client.query<(string | null)[], unknown[]>({
      text: sql,
      rowMode: 'array',
      types: { getTypeParser: () => (text: string) => text },
    });
    const last = (Array.isArray(result) ? result.at(-1) : result) as pg.QueryArrayResult<(string | null)[]>;
    const text = last.rows[0]?.[0] ?? null;
    const oid = last.fields[0]?.dataTypeID ?? 0;
    return text === null ? { value: null, type: 'other' } : await translate(client, text, oid);
  } catch (error) {
    throw sqlFailed(error);
  }
}

async function translate(client: pg.Client, text: string, oid: number): Promise<Truth> {
  if (oid === OIDS.boolean) return { value: text === 't', type: 'boolean' };
  if (OIDS.numbers.has(oid)) return { value: numberOf(text), type: 'other' };
  if (OIDS.json.has(oid)) return { value: readJson(text), type: 'other' };
  if (OIDS.texts.has(oid)) return { value: oid === 1042 ? text.trimEnd() : text, type: 'other' };
  if (OIDS.moments.has(oid)) return { value: text, type: 'moment' };
  return { value: await asJson(client, text, oid), type: 'other' };
}

/** Arrays, domains, enumerations, composite and foreign types: PostgreSQL knows their JSON, but for anonymous rows. */
async function asJson(client: pg.Client, text: string, oid: number): Promise<Value> {
  const type = await client.query<{ name: string }>('select format_type($1::oid, null) as name', [oid]);
  const cast = `select to_jsonb(cast($1::text as ${type.rows[0]?.name ?? 'text'}))::text as json`;
  try {
    const { rows } = await client.query<{ json: string | null }>(cast, [text]);
    return readJson(rows[0]?.json ?? 'null');
  } catch {
    return text;
  }
}

/** `NaN` and `Infinity` are no JSON numbers; services show their texts. */
function numberOf(text: string): Value {
  return /^-?[\d.]/.test(text) ? new ExactNumber(text) : text;
}

function noPath(path: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE660',
    what: `The oracle's path ${JSON.stringify(path)} names no single value.`,
    expected: "A path such as $.name, $.items[0].price or $['odd name'].",
    retry: 'after-fix',
    next: 'Correct the path in the scenario.',
    exitCode: 2,
  });
}

function sqlFailed(error: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE662',
    what: `The oracle's SQL failed: ${(error as Error).message}.`,
    expected: 'One statement that gives the truth as the first column of its first row.',
    retry: 'after-fix',
    next: 'Correct oracle.sql in the scenario; try it with psql.',
    exitCode: 2,
    cause: error,
  });
}
