/** The map file on disk. */
import { existsSync, readFileSync } from 'node:fs';
import type { CommittedMap } from '../core/map/committed.ts';
import type { CoverageMap } from '../core/map/coverage-map.ts';
import { mergeMaps } from '../core/map/merge.ts';
import { followed, writeWhole } from '../files/whole-file.ts';
import { cannotReadMap, cannotWriteMap } from './errors.ts';
import { type ParsedMap, parseMapFile } from './parse.ts';
import { renderMapFile } from './render.ts';

/** Reads a map. Throws WSE501 to WSE504. */
export function readMapFile(path: string): CommittedMap {
  return parsed(path).map;
}

function parsed(path: string): ParsedMap {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw cannotReadMap(path, cause);
  }
  return parseMapFile(text, path);
}

/** Writes a map over the one that stands there, if one does: see core/map/merge.ts. Throws WSE501 to WSE505. */
export function writeMapFile(path: string, map: CoverageMap, options: { readonly prune: boolean }): void {
  const existing = existsSync(path) ? parsed(path) : null;
  const text = renderMapFile(mergeMaps(existing?.map ?? null, map, options), existing?.document ?? null);
  try {
    writeWhole(followed(path), text);
  } catch (cause) {
    throw cannotWriteMap(path, cause);
  }
}
