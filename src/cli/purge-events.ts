/** What a purge or an undo tells while it runs, on the status line. */
import { isAbsolute, relative } from 'node:path';
import { count } from '../core/numbers.ts';
import type { PurgeEvents } from '../purge/contract.ts';
import type { StatusLine } from './status-line.ts';

/** A folder below the current one as it is typed there. */
export function typed(folder: string, cwd: string): string {
  const below = relative(cwd, folder);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? folder : below;
}

/** `all` is 0 while keys are still looked for. */
export function purgeEvents(status: StatusLine, noun: string): PurgeEvents {
  return {
    progress: (done, all) =>
      status.set(all === 0 ? `${count(done)} ${noun} found` : `${count(done)} of ${count(all)} ${noun}`),
  };
}
