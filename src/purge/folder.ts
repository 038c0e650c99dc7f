/** The folder of a purge: `plan.json`, `keys.jsonl`, then `snapshot.bin`, `undo.bin`, and `running` while somebody works in it. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../files/whole-file.ts';
import { readLines } from '../recording/lines.ts';
import { HOME_FOLDER } from '../recording/locate.ts';
import { PLAN_FORMAT, type PurgePlan } from './contract.ts';
import { cannotWritePlan, inUse, noPlan } from './errors.ts';
import { PRIVATE } from './journal.ts';

const PLAN_FILE = 'plan.json';
const KEYS_FILE = 'keys.jsonl';
const RUNNING_FILE = 'running';
export const SNAPSHOT_FILE = 'snapshot.bin';
export const UNDO_FILE = 'undo.bin';

const PRIVATE_FOLDER = 0o700;
const FLUSH_BYTES = 1 << 16;

const texts = z.array(z.string());
const nullable = z.number().nullable();

const PlanSchema = z.object({
  format: z.literal(PLAN_FORMAT),
  version: z.string(),
  made: z.string(),
  store: z.string(),
  db: z.number().int().nonnegative(),
  selection: z.object({ templates: texts, keys: texts, rows: texts }),
  resolved: z.object({ templates: texts, keys: texts }),
  keys: z.number().int().nonnegative(),
  absent: z.number().int().nonnegative(),
  keysDigest: z.string(),
  bytes: z.object({ total: nullable, sampled: z.number() }),
  ttl: z.object({ none: z.number(), minMs: nullable, maxMs: nullable, sampled: z.number() }),
  expected: z.array(z.object({ template: z.string().nullable(), keys: z.number(), callsPerFill: nullable })),
  sample: texts,
  notices: texts,
}) satisfies z.ZodType<PurgePlan>;

/** Folder of plans below the current one. */
export function plansFolder(cwd: string): string {
  return join(cwd, HOME_FOLDER, 'purge');
}

/** Makes a folder for a plan that is made now: `20260131-093015Z`, with a number where that is taken. */
export function makePlanFolder(cwd: string, now: Date): string {
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')
    .replace('T', '-');
  const parent = plansFolder(cwd);
  try {
    mkdirSync(parent, { recursive: true, mode: PRIVATE_FOLDER });
    for (let n = 1; ; n++) {
      const folder = join(parent, n === 1 ? stamp : `${stamp}-${n}`);
      if (existsSync(folder)) continue;
      mkdirSync(folder, { mode: PRIVATE_FOLDER });
      return folder;
    }
  } catch (cause) {
    throw cannotWritePlan(parent, cause);
  }
}

/** Writes the names of a plan, one a line, as they are found. */
export class KeyList {
  readonly #path: string;
  readonly #file: number;
  readonly #hash = createHash('sha256');
  #text = '';

  constructor(folder: string) {
    this.#path = join(folder, KEYS_FILE);
    this.#file = openSync(this.#path, 'wx', PRIVATE);
  }

  add(name: string): void {
    this.#text += `${JSON.stringify(name)}\n`;
    if (this.#text.length >= FLUSH_BYTES) this.#flush();
  }

  /** SHA-256 of the list. */
  close(): string {
    this.#flush();
    fsyncSync(this.#file);
    closeSync(this.#file);
    return this.#hash.digest('hex');
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    this.#hash.update(bytes);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      throw cannotWritePlan(this.#path, cause);
    }
  }
}

/** The plan stands once this has returned. */
export function writePlan(folder: string, plan: PurgePlan): void {
  const path = join(folder, PLAN_FILE);
  try {
    writeWhole(path, `${JSON.stringify(plan, null, 2)}\n`, PRIVATE);
  } catch (cause) {
    throw cannotWritePlan(path, cause);
  }
}

/** Folder of a purge: itself, or a file in it. */
export function folderOf(path: string): string {
  try {
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch {
    throw noPlan(path, 'there is no such file or folder');
  }
}

/** Reads the plan in a folder. Throws WSE786. */
export function readPlan(folder: string): PurgePlan {
  let text: string;
  try {
    text = readFileSync(join(folder, PLAN_FILE), 'utf8');
  } catch {
    throw noPlan(folder, `it holds no ${PLAN_FILE}`);
  }
  try {
    return PlanSchema.parse(JSON.parse(text));
  } catch {
    throw noPlan(join(folder, PLAN_FILE), 'it is no plan that this version can read');
  }
}

/** The names of a plan, in order. Throws WSE786 when they are not those that were shown. */
export function readKeys(folder: string, plan: PurgePlan): Iterable<string> {
  const path = join(folder, KEYS_FILE);
  const hash = createHash('sha256');
  try {
    hash.update(readFileSync(path));
  } catch {
    throw noPlan(folder, `it holds no ${KEYS_FILE}`);
  }
  if (hash.digest('hex') !== plan.keysDigest)
    throw noPlan(path, 'these are not the keys that the plan was made for');
  return { [Symbol.iterator]: () => names(path) };
}

function* names(path: string): Generator<string> {
  for (const { text } of readLines(path)) yield z.string().parse(JSON.parse(text));
}

export type PlanState = 'waiting' | 'begun' | 'undone';

/** How far a plan is, as its files tell. */
export function stateOfPlan(folder: string): PlanState {
  if (existsSync(join(folder, UNDO_FILE))) return 'undone';
  return existsSync(join(folder, SNAPSHOT_FILE)) ? 'begun' : 'waiting';
}

/** Plans below a folder that can be read, the newest first. */
export function plansIn(cwd: string): readonly { readonly folder: string; readonly plan: PurgePlan }[] {
  const parent = plansFolder(cwd);
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .sort(newestFirst)
    .flatMap((name) => {
      try {
        const folder = join(parent, name);
        return [{ folder, plan: readPlan(folder) }];
      } catch {
        return [];
      }
    });
}

/** `20260131-093015Z-10` is newer than `…-9`. */
function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

/** Takes a folder for this process alone; gives what gives it back. Throws WSE789. */
export function takeFolder(folder: string): () => void {
  const path = join(folder, RUNNING_FILE);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx', mode: PRIVATE });
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWritePlan(path, cause);
    }
    const pid = runningIn(path);
    if (pid !== null && (attempt > 0 || isAlive(pid))) throw inUse(folder, pid);
    // Whoever was here was killed. Moved aside by name, so that of two who find it only one goes on.
    const aside = join(dirname(path), `.${basename(path)}.${process.pid}`);
    try {
      renameSync(path, aside);
      rmSync(aside, { force: true });
    } catch {
      // The other one was faster.
    }
  }
}

function runningIn(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
