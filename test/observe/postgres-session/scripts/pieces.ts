import { concat } from '../../../../src/wire/postgres/encode.ts';
import { TypeOid } from '../../../../src/wire/postgres/types.ts';
import { B, c, type Expected, F, type Step, s } from '../script.ts';

/** A conversation and the exchanges it must give. */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly expected: readonly Expected[];
  readonly degraded?: readonly string[];
}

export const price = { name: 'price', table: 16_400, attribute: 3, type: TypeOid.int4 };
export const int4 = (value: number): Uint8Array => Uint8Array.of(0, 0, value >> 8, value & 255);

/** The three messages that run a statement text once, unnamed. */
export const run = (sql: string, values: (string | null)[] = []): Uint8Array =>
  concat([F.parse('', sql), F.bind({ values }), F.execute()]);
/** Their three answers. */
export const ran = (tag: string): Uint8Array =>
  concat([B.parseComplete(), B.bindComplete(), B.commandComplete(tag)]);

export const Z = B.readyForQuery;
/** The field is absent. */
export const none = undefined;

export const query = (sql: string, tag: string, status: 'I' | 'T' | 'E'): Step[] => [
  c(F.query(sql)),
  s(B.commandComplete(tag), Z(status)),
];
export const fails = (sql: string, code: string, status: 'I' | 'T' | 'E'): Step[] => [
  c(F.query(sql)),
  s(B.errorResponse(code), Z(status)),
];
