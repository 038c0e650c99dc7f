/**
 * The table recipe × start × fault → verdict, measured: `npm run recipes -- --write` explores every scenario of examples/race in
 * both languages under every fault and writes docs/recipes/README.md. A part of it:
 *
 *     npm run recipes -- --only lease,tombstone --language node --fault crash --seconds 300 --write
 *
 * Cells that were not asked for stay as they were measured; with --missing, all that are known do. Each is written as soon as it
 * is known. Without --write the table is printed. Build first: it runs dist.
 */
import { parseArgs } from 'node:util';
import { FAULTS, type Fault, LANGUAGES, type Language, scenarioNames } from './catalogue.ts';
import { measure } from './measure.ts';
import { merged, readVerdicts, tables, writeVerdicts } from './table.ts';

/** Of one exploration. A crash starts an instance anew: those take longest. */
const SECONDS = 240;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    language: { type: 'string', multiple: true, default: [] },
    fault: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'string', default: String(SECONDS) },
    missing: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

function chosen<T extends string>(asked: readonly string[], all: readonly T[], what: string): readonly T[] {
  const names = asked.flatMap((text) => text.split(','));
  const unknown = names.filter((name) => !all.includes(name as T));
  if (unknown.length > 0) throw new Error(`No ${what} ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  return names.length === 0 ? all : all.filter((name) => names.includes(name));
}

const scenarios = chosen(values.only, scenarioNames(), 'scenario');
const languages: readonly Language[] = chosen(values.language, LANGUAGES, 'language');
const faults: readonly Fault[] = chosen(values.fault, FAULTS, 'fault');

let verdicts = readVerdicts();
let failed = 0;

async function explored(scenario: string, language: Language, fault: Fault): Promise<void> {
  const { cells, engine, elapsedMs } = await measure(scenario, language, fault, Number(values.seconds));
  verdicts = merged(verdicts, cells, engine);
  if (values.write) writeVerdicts(verdicts);
  for (const { start, verdict, causes, executions, complete } of cells) {
    const found = [verdict, ...causes].join(' ');
    const figures = `${executions} executions${complete ? '' : ', not all'}, ${Math.round(elapsedMs / 1e3)} s`;
    console.error(`${fault} ${scenario} ${language} ${start}: ${found}; ${figures}`);
  }
}

for (const fault of faults)
  for (const scenario of scenarios)
    for (const language of languages) {
      const known = verdicts.cells.some(
        (cell) => cell.scenario === scenario && cell.language === language && cell.fault === fault,
      );
      if (values.missing && known) continue;
      await explored(scenario, language, fault).catch((error: unknown) => {
        failed++;
        console.error(`${fault} ${scenario} ${language}: ${String(error)}`);
      });
    }
if (!values.write) console.log(tables(verdicts));
process.exitCode = failed === 0 ? 0 : 1;
