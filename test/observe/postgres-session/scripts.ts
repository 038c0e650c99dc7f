import { blocks } from './scripts/blocks.ts';
import { ends } from './scripts/ends.ts';
import { extended } from './scripts/extended.ts';
import type { Script } from './scripts/pieces.ts';
import { simple } from './scripts/simple.ts';
import { special } from './scripts/special.ts';
import { startups } from './scripts/startups.ts';

/** All conversations, by subject. */
export const SCRIPTS: Readonly<Record<string, readonly Script[]>> = {
  'simple protocol': simple,
  'transaction blocks': blocks,
  'extended protocol': extended,
  'COPY, calls and news': special,
  'ends of connections': ends,
  startup: startups,
};
