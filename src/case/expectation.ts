/** What an answer must be: as it is written → as it is judged. */
import { z } from 'zod';
import { parseJsonPath } from '../race/scenario/index.ts';
import { type Reading, shaped, text, wholeNumber } from '../race/scenario/parts.ts';
import type { Expectation } from './contract.ts';

const status = z.union([
  z.int().min(100).max(599),
  shaped(String.raw`^\s*[1-5]\d\d\s*$`, 'a status of HTTP'),
]);

export const ExpectedSchema = z.union([
  status.describe('The status of the answer.'),
  text.describe('In words: what the answer must be.'),
  z.strictObject({
    note: text.optional().describe('In words.'),
    status: status.optional().describe('Any below 400 where nothing is said.'),
    path: text.optional().describe('Names a value of the body: `$.price`.'),
    value: z.unknown().optional().describe('What must stand there.'),
  }),
]);

type ExpectedFile = z.infer<typeof ExpectedSchema>;
type Path = Parameters<Reading['wrong']>[0];

const STATUS = /^\s*[1-5]\d\d\s*$/;
const NOTHING: Expectation = { note: null, status: null, path: null, value: null };

export function readExpectation(
  expected: ExpectedFile | undefined,
  place: Path,
  reading: Reading,
): Expectation {
  if (expected === undefined) return NOTHING;
  if (typeof expected === 'number') return { ...NOTHING, status: expected };
  if (typeof expected === 'string')
    return STATUS.test(expected) ? { ...NOTHING, status: Number(expected) } : { ...NOTHING, note: expected };
  const { note = null, status: code, path = null } = expected;
  refuseHalfValue(expected, place, reading);
  return {
    note,
    status: code === undefined ? null : wholeNumber(code, 200, [...place, 'status'], reading),
    path,
    value: path === null ? null : expected.value,
  };
}

/** A path without its value, and the other way round. */
function refuseHalfValue(
  { path, value }: Exclude<ExpectedFile, string | number>,
  place: Path,
  reading: Reading,
): void {
  if (path !== undefined) refuseNoPath(path, [...place, 'path'], reading);
  if (path !== undefined && value === undefined)
    reading.wrong([...place, 'path'], '"value" is missing beside it', 'What must stand at the path.');
  if (path === undefined && value !== undefined)
    reading.wrong(
      [...place, 'value'],
      '"path" is missing beside it',
      'The path of the value, such as $.price.',
    );
}

export function refuseNoPath(path: string, place: Path, reading: Reading): void {
  if (parseJsonPath(path) !== null) return;
  reading.wrong(
    place,
    `"${path}" is no path to one value`,
    'Names and places from $ on, such as $.name or $.items[0].price.',
  );
}
