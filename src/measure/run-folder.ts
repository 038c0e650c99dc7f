/**
 * The folder of a run. `run.json` is written whole, at the beginning and at the end, and samples are appended as they come: at any
 * moment, also after a kill -9, the folder is a run that opens.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../files/failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import { type MeasuredRun, RUN_FILE, SAMPLES_FILE, type Sample } from './contract.ts';
import { cannotWriteRun } from './errors.ts';

/** Runs that begin within one second and bear one label. */
const MAX_NAMESAKES = 100;

/** `2024-05-01T10-20-30Z-baseline`: fit for every file system. */
export function runName(startedAt: Date, label: string): string {
  const time = startedAt
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  return `${time}-${label.replace(/[^\w.-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'run'}`;
}

/** A folder for a run, not there yet. */
export function newRunFolder(runs: string, startedAt: Date, label: string): string {
  const folder = join(runs, runName(startedAt, label));
  for (let i = 1; i < MAX_NAMESAKES; i++) {
    const tried = i === 1 ? folder : `${folder}-${i}`;
    if (!existsSync(tried)) return tried;
  }
  return folder;
}

export class RunFolder {
  readonly path: string;
  /** Why samples are no longer written; null: they are. */
  failure: string | null = null;

  /** @throws WhystaleError WSE733 it holds other things, or cannot be written */
  constructor(path: string) {
    this.path = path;
    this.#attempt(() => {
      mkdirSync(path, { recursive: true });
      if (readdirSync(path).length > 0) throw new Error('it is not empty');
      writeFileSync(join(path, SAMPLES_FILE), '');
    });
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (cause) {
      throw cannotWriteRun(this.path, fileFailure(cause, 'writing'));
    }
  }

  /** Never throws: what was measured is worth more than its copy. */
  append(samples: readonly Sample[]): void {
    if (samples.length === 0 || this.failure !== null) return;
    try {
      appendFileSync(
        join(this.path, SAMPLES_FILE),
        samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''),
      );
    } catch (cause) {
      this.failure = fileFailure(cause, 'writing');
    }
  }

  /** @throws WhystaleError WSE733 */
  write(run: MeasuredRun): void {
    this.file(RUN_FILE, `${JSON.stringify(run, null, 2)}\n`);
  }

  /** @throws WhystaleError WSE733 */
  file(name: string, text: string): void {
    this.#attempt(() => writeWhole(join(this.path, name), text));
  }
}
