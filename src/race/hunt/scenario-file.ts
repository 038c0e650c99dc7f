/**
 * Scenario files of a hunt. Each says by a digest what was written, so that a later hunt tells a file that a person has edited
 * from one that is merely old: the first is kept and used, the second is written anew.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { followed, writeWhole } from '../../files/whole-file.ts';
import { cannotWriteScenario } from './errors.ts';

const MARK = '# Until it is edited, a hunt may write this file anew: ';
/** Hex digits of the digest: it is no proof against anybody. */
const DIGITS = 16;

export interface WrittenScenario {
  readonly text: string;
  /** Whether a person's edits were found and kept. */
  readonly edited: boolean;
}

/** Throws WSE675. */
export function writeScenario(path: string, text: string): WrittenScenario {
  try {
    const found = existsSync(path) ? readFileSync(path, 'utf8') : null;
    if (found !== null && isEdited(found)) return { text: found, edited: true };
    mkdirSync(dirname(path), { recursive: true });
    writeWhole(followed(path), signed(text));
    return { text: signed(text), edited: false };
  } catch (cause) {
    throw cannotWriteScenario(path, cause);
  }
}

export function signed(text: string): string {
  return `${text}${MARK}${digestOf(text)}\n`;
}

/** Also what another program, or an earlier version, has written. */
export function isEdited(text: string): boolean {
  const at = text.lastIndexOf(MARK);
  return at < 0 || text.slice(at) !== `${MARK}${digestOf(text.slice(0, at))}\n`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
}

/** Longest file name, in characters, without its ending. */
const LONGEST_NAME = 120;

/** `GET /items/{id}` and `PUT /items/{id}` → `get-items-id--put-items-id`; another one where that is taken. */
export function scenarioName(reader: string, writer: string, taken: ReadonlySet<string>): string {
  const slug = (route: string) =>
    route
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '');
  const name = `${slug(reader)}--${slug(writer)}`.slice(0, LONGEST_NAME);
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
