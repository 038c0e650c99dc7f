/** The folder of a rehearsal. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../files/failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import { REHEARSAL_FILE, type Rehearsal } from './contract.ts';
import { cannotWriteRehearsal } from './errors.ts';

/** What is in it names hosts and commands. */
const MODE = 0o644;

export class RehearsalFolder {
  readonly path: string;
  /** Why the last state could not be written; null: it was. */
  failure: string | null = null;
  #begun = false;

  /** @throws WhystaleError WSE811 it holds other things, or cannot be written */
  constructor(path: string) {
    this.path = path;
    try {
      mkdirSync(path, { recursive: true });
      if (readdirSync(path).length > 0) throw new Error('it is not empty');
    } catch (cause) {
      throw cannotWriteRehearsal(path, fileFailure(cause, 'writing'));
    }
  }

  /** Throws WSE811 the first time only: once something is deployed, it must be taken back. */
  write(rehearsal: Rehearsal): void {
    try {
      writeWhole(join(this.path, REHEARSAL_FILE), `${JSON.stringify(rehearsal, null, 2)}\n`, MODE);
      this.failure = null;
    } catch (cause) {
      this.failure = fileFailure(cause, 'writing');
      if (!this.#begun) throw cannotWriteRehearsal(this.path, this.failure);
    }
    this.#begun = true;
  }
}
