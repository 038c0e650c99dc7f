/**
 * Scores the corpus: every case is explained as `whystale explain` does and held against what it expects.
 *
 *     npx tsx test/corpus/run.ts [--json] [FOLDER…]     (default: the cases beside this file)
 *
 * Exit code 1 when a goal is not met.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { casesIn } from './case.ts';
import { explainedScore } from './explained.ts';
import { score } from './score.ts';
import { scoreText } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const folders = positionals.length > 0 ? positionals : [join(import.meta.dirname, 'cases')];
const result = score(folders.flatMap(casesIn).map(explainedScore));
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : scoreText(result));
process.exitCode = result.good ? 0 : 1;
