/** Values of key columns in one spelling, so that two statements that mean a row give it one name. */
import { decodeBinary, TypeOid } from '../../../wire/postgres/index.ts';

const INTEGERS: ReadonlySet<number> = new Set([TypeOid.int2, TypeOid.int4, TypeOid.int8]);
const TEXTS: ReadonlySet<number> = new Set([TypeOid.text, TypeOid.varchar]);

export type KeyKind = 'integer' | 'text' | 'uuid';

/** What kind of key values of a type are; null when equal values may be spelled in more ways than are known here. */
export function keyKind(type: number): KeyKind | null {
  if (INTEGERS.has(type)) return 'integer';
  if (TEXTS.has(type)) return 'text';
  return type === TypeOid.uuid ? 'uuid' : null;
}

export function isKeyType(type: number): boolean {
  return keyKind(type) !== null;
}

/** Types that literals and parameters are cast to without another meaning, by the name that the parser gives. */
const CASTS: Readonly<Record<string, number>> = {
  int2: TypeOid.int2,
  int4: TypeOid.int4,
  int8: TypeOid.int8,
  text: TypeOid.text,
  varchar: TypeOid.varchar,
  uuid: TypeOid.uuid,
};

/** OID of a type that a value may be cast to; 0 for any other. */
export function castType(name: string): number {
  return CASTS[name] ?? 0;
}

/** Whether a value of one type may be compared with a column of another as the same kind. */
export function sameKind(a: number, b: number): boolean {
  return keyKind(a) !== null && keyKind(a) === keyKind(b);
}

/** A value's one spelling; null when it is none of that kind (`1.0` for an integer). */
export function canonicalKey(type: number, text: string): string | null {
  switch (keyKind(type)) {
    case 'integer': {
      const digits = text.trim();
      return /^[+-]?\d{1,25}$/.test(digits) ? String(BigInt(digits)) : null;
    }
    case 'text':
      return text;
    case 'uuid': {
      const hex = text.trim().replace(/[{}-]/g, '').toLowerCase();
      return /^[0-9a-f]{32}$/.test(hex) ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : null;
    }
    default:
      return null;
  }
}

/** Text of a parameter in binary format; null when its length is not that of the type. */
export function binaryKey(type: number, bytes: Uint8Array): string | null {
  return decodeBinary(type, bytes, 0, bytes.length) ?? null;
}

/** The row's name in resources: its key values in order. Commas inside values are escaped. */
export function rowName(values: readonly string[]): string {
  if (values.length === 1) return values[0]!;
  return values.map((value) => value.replace(/[\\,]/g, '\\$&')).join(',');
}
