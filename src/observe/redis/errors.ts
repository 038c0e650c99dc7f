/**
 * Error replies without values. The first word is a code by convention (redis.io, protocol specification: "simple
 * errors"); what follows `ERR` often quotes arguments, so only sentences known to carry none are kept.
 */
import { asBuffer } from './key-names.ts';

const LONGEST = 200;
const CODE = /^[A-Z][A-Z_-]*(?=$|[\s:])/;

/** Beginnings of the server's messages that quote nothing. */
const SENTENCES = [
  'unknown command',
  'unknown subcommand',
  'wrong number of arguments',
  'syntax error',
  'no such key',
  'index out of range',
  'DB index is out of range',
  'value is not an integer or out of range',
  'value is out of range',
  'value is not a valid float',
  'invalid expire time',
  'increment or decrement would overflow',
  'hash value is not an integer',
  'string exceeds maximum allowed size',
  'max number of clients reached',
  'EXEC without MULTI',
  'DISCARD without MULTI',
  'MULTI calls can not be nested',
  'Protocol error',
  'Error running script',
  'user_script',
] as const;

/** Code of an error reply, with the known sentence that follows `ERR`. */
export function errorWords(bytes: Uint8Array, start: number, end: number): string {
  const text = asBuffer(bytes).toString('latin1', start, Math.min(end, start + LONGEST));
  const code = CODE.exec(text)?.[0];
  if (code === undefined) return 'error';
  if (code !== 'ERR') return code;
  const rest = text.slice(code.length + 1);
  const sentence = SENTENCES.find((known) => rest.startsWith(known));
  return sentence === undefined ? code : `${code} ${sentence}`;
}
