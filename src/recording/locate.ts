/** Names new recordings and finds the newest one, so that `explain` needs no argument after `watch`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { noRecordingHere } from './errors.ts';
import { MANIFEST_FILE, readManifest } from './manifest.ts';

export const FOLDER_PREFIX = 'whystale-recording';
export const HOME_FOLDER = '.whystale';

/** Folder name of a recording that starts now: `whystale-recording-20260131-093015Z`, sortable by name. */
export function recordingFolderName(startedAt: Date): string {
  const stamp = startedAt
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')
    .replace('T', '-');
  return `${FOLDER_PREFIX}-${stamp}`;
}

/**
 * The newest recording at `folder`: itself, a folder `whystale-recording*` in it, or `.whystale` and the folders in that.
 * Newest by the manifest's start. Throws WSE207 when there is none.
 */
export function newestRecording(folder: string): string {
  const home = join(folder, HOME_FOLDER);
  const candidates = [
    folder,
    ...foldersIn(folder).filter((path) => path.startsWith(join(folder, FOLDER_PREFIX))),
    home,
    ...foldersIn(home),
  ];
  let newest: { path: string; startedAt: string } | null = null;
  for (const path of candidates) {
    const startedAt = startOf(path);
    if (startedAt !== null && (newest === null || startedAt > newest.startedAt)) newest = { path, startedAt };
  }
  if (newest === null) throw noRecordingHere(folder);
  return newest.path;
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** Start of the recording in `path`; null when there is none. A later format counts: opening it says so. */
function startOf(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(join(path, MANIFEST_FILE), 'utf8');
  } catch {
    return null;
  }
  const reading = readManifest(text);
  if (reading.is === 'manifest') return reading.manifest.startedAt;
  return reading.is === 'newer' ? '' : null;
}
