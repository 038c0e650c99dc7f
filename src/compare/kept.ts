/** The folder of a comparison: `comparison.json`, written whole, the runs of both sides, drawings. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../files/failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import { RunFolder } from '../measure/index.ts';
import { COMPARISON_FILE, type Comparison, type Side } from './contract.ts';
import { cannotWriteComparison } from './errors.ts';

export class ComparisonFolder {
  readonly path: string;
  readonly sides: Readonly<Record<Side, RunFolder>>;

  /** @throws WhystaleError WSE768 it holds other things, or cannot be written */
  constructor(path: string) {
    this.path = path;
    this.#attempt(() => {
      mkdirSync(path, { recursive: true });
      if (readdirSync(path).length > 0) throw new Error('it is not empty');
    });
    this.sides = { before: new RunFolder(join(path, 'before')), after: new RunFolder(join(path, 'after')) };
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (cause) {
      throw cannotWriteComparison(this.path, fileFailure(cause, 'writing'));
    }
  }

  /** Writes the document and the runs in it. @throws WhystaleError WSE768, WSE733 */
  write(comparison: Comparison): void {
    for (const side of ['before', 'after'] as const) {
      const { source, ...run } = comparison.sides[side];
      this.sides[side].write(run);
    }
    this.file(COMPARISON_FILE, `${JSON.stringify(comparison, null, 2)}\n`);
  }

  /** @throws WhystaleError WSE768 */
  file(name: string, text: string): void {
    this.#attempt(() => writeWhole(join(this.path, name), text));
  }
}
