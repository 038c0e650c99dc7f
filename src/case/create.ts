/** Makes the folder and file of a new case. */
import { lstatSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeWhole } from '../files/whole-file.ts';
import type { Surroundings } from './check.ts';
import { CASE_FILE } from './contract.ts';
import { CASE_NEW_FORMAT, type NewDocument } from './document.ts';
import { type CaseDraft, draftText, knownFields } from './draft.ts';
import { cannotWriteCase, caseExists, noName } from './errors.ts';
import { shownPath } from './locate.ts';
import { isCaseName, slugOf } from './names.ts';
import { parseWrittenCase } from './read.ts';
import { knownCase } from './report.ts';
import { shellWord } from './shell.ts';

const SCHEMA = 'node_modules/whystale/schemas/whystale.case.schema.json';

/** Where a case of this name will stand. Throws WSE705 when it can be none, WSE706 when there is one. */
export function newCaseFile(name: string, folder: string, cwd: string): string {
  if (!isCaseName(name)) throw noName(name, slugOf(name));
  const file = join(folder, name, CASE_FILE);
  if (isThere(file))
    throw caseExists(shownPath(file, cwd), `whystale case show ${shown(join(folder, name), cwd)}`);
  return file;
}

/** Writes the case, which is read once before. Throws WSE706, and WSE707 when it cannot be written. */
export async function createCase(
  draft: CaseDraft,
  file: string,
  around: Surroundings,
  notices: readonly string[] = [],
): Promise<NewDocument> {
  const folder = join(file, '..');
  const schema = relative(folder, join(around.cwd, SCHEMA));
  const text = draftText(draft, { folder: shown(folder, around.cwd), schema });
  parseWrittenCase(text, file);
  try {
    mkdirSync(folder, { recursive: true });
    writeWhole(file, text);
  } catch (cause) {
    throw cannotWriteCase(file, cause);
  }
  const { item, next } = await knownCase(file, around);
  return {
    format: CASE_NEW_FORMAT,
    name: item.name,
    file: shownPath(file, around.cwd),
    known: knownFields(draft),
    next,
    notices,
  };
}

function shown(path: string, cwd: string): string {
  return shellWord(shownPath(path, cwd));
}

/** A link that leads nowhere is there as well. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
