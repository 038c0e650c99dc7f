/**
 * What an oracle compares. Numbers keep their digits: no double holds every `bigint`.
 *
 * Equal are: the same number however it is written (`10`, `10.00`, `1e1`), also as the text of one; a text and the same text; a
 * boolean of SQL and what services make of it (`true`, `"t"`, `1`); a moment of SQL and the same moment in another notation, up to
 * the milliseconds that JavaScript keeps; lists and objects by their parts, whatever the order of names.
 */
import { canonicalNumber } from '../../observe/payload/canonical-number.ts';
import { canonicalMoment } from '../../observe/payload/canonical-time.ts';

/** A number of a JSON text, as it was written. */
export class ExactNumber {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** JSON with exact numbers; `undefined` stands for what is not there. */
export type Value = unknown;

/** What PostgreSQL calls the type of a truth, where that matters for comparing. */
export type TruthType = 'boolean' | 'moment' | 'other';

const MARK = '\u0000';
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Reads JSON (RFC 8259); undefined when the text is none. */
export function readJson(text: string): Value {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const marked = text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `{"\\u0000":"${token}"}`));
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(MARK in value)) return value;
    return new ExactNumber(String(value[MARK]));
  });
}

/** JSON text of a value; what is not there is `null`. */
export function printJson(value: Value): string {
  if (value === undefined || value === null) return 'null';
  if (value instanceof ExactNumber) return value.toString();
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${printJson(part)}`);
  return `{${parts.join(',')}}`;
}

/** Whether an answer says what is true. */
export function agrees(answer: Value, truth: Value, type: TruthType): boolean {
  if (answer == null || truth == null) return answer == null && truth == null;
  if (type === 'boolean' && typeof truth === 'boolean') return booleanOf(answer) === truth;
  if (type === 'moment') return sameMoment(answer, truth) ?? same(answer, truth);
  return same(answer, truth);
}

function same(a: Value, b: Value): boolean {
  if (a == null || b == null) return a == null && b == null;
  if (isNumber(a) || isNumber(b)) return sameNumber(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, at) => same(item, b[at]));
  }
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(b, name) && same((a as Record<string, Value>)[name], (b as Record<string, Value>)[name]),
  );
}

function isNumber(value: Value): boolean {
  return value instanceof ExactNumber || typeof value === 'number' || typeof value === 'bigint';
}

/** One of the two is a number; the other may be the text of one. */
function sameNumber(a: Value, b: Value): boolean {
  const [left, right] = [a, b].map((value) =>
    isNumber(value) || typeof value === 'string' ? (canonicalNumber(String(value)) ?? String(value)) : null,
  );
  return left !== null && left === right;
}

const TRUE = new Set(['true', 't', '1', 'yes', 'on']);
const FALSE = new Set(['false', 'f', '0', 'no', 'off']);

/** A boolean in any of the notations that PostgreSQL itself takes for one. */
function booleanOf(value: Value): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && !isNumber(value)) return null;
  const text = String(value).toLowerCase();
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : null;
}

/** Seconds since 1970 from here on are milliseconds: 1e11 s lie in the year 5138. */
const MILLISECONDS_FROM = 1e11;

/** Null: one of the two is no moment. Unix times in seconds or milliseconds are moments too. */
function sameMoment(a: Value, b: Value): boolean | null {
  const [left, right] = [a, b].map(momentOf);
  return left == null || right == null ? null : left === right;
}

function momentOf(value: Value): string | null {
  if (typeof value === 'string') return canonicalMoment(value);
  if (!isNumber(value)) return null;
  const number = Number(String(value));
  const date = new Date(Math.abs(number) < MILLISECONDS_FROM ? number * 1000 : number);
  return Number.isNaN(date.getTime()) ? null : canonicalMoment(date.toISOString());
}
