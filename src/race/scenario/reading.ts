/** What the parts of a scenario are read with. A part in which something is wrong says so, and gives anything of its type: the
 * scenario is then refused as a whole. */
import { writtenDuration } from '../../core/numbers.ts';
import type { Path } from '../../yamlfile/index.ts';
import { DURATION_FORM, type ValueFile } from './schema.ts';

export interface Reading {
  /** Absolute: relative paths start here. */
  readonly folder: string;
  wrong(path: Path, problem: string, expected: string): void;
  /** A value as it is written, `1.10`; null where the text was made of variables. */
  written(path: Path): string | null;
  /** The text of a file; throws what the system says. */
  readText(file: string): string;
}

const NS_PER_MS = 1e6;

export function milliseconds(
  written: string | number | undefined,
  otherwise: number,
  path: Path,
  reading: Reading,
): number {
  if (written === undefined) return otherwise;
  const ns = typeof written === 'number' ? written * NS_PER_MS : writtenDuration(written);
  if (ns === null) reading.wrong(path, `"${nameAt(path)}" is no duration`, `${sentence(DURATION_FORM)}`);
  return (ns ?? 0) / NS_PER_MS;
}

/** @param least smallest value that makes sense */
export function wholeNumber(
  written: string | number | undefined,
  otherwise: number,
  path: Path,
  reading: Reading,
  least = 1,
): number {
  const number = written === undefined ? otherwise : Number(written);
  if (Number.isSafeInteger(number) && number >= least) return number;
  reading.wrong(path, `"${nameAt(path)}" is no whole number from ${least} up`, 'A whole number.');
  return otherwise;
}

/** Values as texts: a number stays as it is written. */
export function textsOf(
  values: Readonly<Record<string, ValueFile>> | undefined,
  path: Path,
  reading: Reading,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [name, textOf(value, [...path, name], reading)]),
  );
}

export function textOf(value: ValueFile, path: Path, reading: Reading): string {
  return typeof value === 'string' ? value : (reading.written(path) ?? String(value));
}

export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}

export function nameAt(path: Path): string {
  return String(path.findLast((step) => typeof step === 'string') ?? 'the scenario');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
