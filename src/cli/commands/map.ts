/** `map`: which rows feed which keys, and which writes change them and leave the keys in place. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { compareMaps } from '../../core/map/compare.ts';
import type { CoverageMap } from '../../core/map/coverage-map.ts';
import { mapOf } from '../../core/map/map.ts';
import { readMapFile, writeMapFile } from '../../mapfile/index.ts';
import { newestRecording } from '../../recording/locate.ts';
import { openRecording } from '../../recording/reader.ts';
import { type MapCheck, mapDocument } from '../../report/map-document.ts';
import { mapText } from '../../report/map-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { counting, emptyTally, type Tally } from '../tally.ts';
import { unseenNotices } from '../unseen.ts';

interface Options {
  readonly write?: string;
  readonly check?: string;
  readonly prune?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('map')
    .description(
      'Show which rows feed which keys, who fills and invalidates them, and which writes change them and leave the keys in place.',
    )
    .argument('[dir]', 'recording (default: the newest whystale-recording* or .whystale here)')
    .addOption(
      new Option('--write <file>', 'write the map to this YAML file; reasons and comments in it are kept'),
    )
    .addOption(
      new Option(
        '--check <file>',
        'compare with this committed map; exit code 1 on an uncovered write that it does not name, 3 when too little was seen',
      ).conflicts('write'),
    )
    .addOption(new Option('--prune', 'with --write: drop what this recording does not show'))
    .option('--json', 'print one JSON document')
    .action(frame.action((dir: string | undefined, options: Options) => map(dir, options, frame)));
  withExamples(command, [
    'whystale map',
    'whystale map ./rec --write whystale.map.yaml',
    'whystale map ./rec --check whystale.map.yaml',
  ]);
}

function map(dir: string | undefined, options: Options, frame: Frame): ExitCode {
  // A map that cannot be read is said before a long recording is.
  const committed = options.check === undefined ? null : readMapFile(resolve(frame.cwd, options.check));
  const recording = openRecording(dir === undefined ? newestRecording(frame.cwd) : resolve(frame.cwd, dir));
  const tally = emptyTally();
  const drawn = mapOf(counting(recording.operations, tally));
  const check =
    committed === null || options.check === undefined
      ? null
      : checkOf(options.check, drawn, compareMaps(committed, drawn), committed.templates.length, tally);
  if (options.write !== undefined)
    writeMapFile(resolve(frame.cwd, options.write), drawn, { prune: options.prune === true });
  const document = mapDocument(drawn, {
    engine: recording.manifest.engines,
    recording: recording.folder,
    notices: [...recording.notices, ...unseenNotices(tally)],
    check,
    written: options.write ?? null,
  });
  if (options.json) printJson(frame, document);
  else frame.out(mapText(document, frame.drawing));
  return check === null ? EXIT.done : EXIT_OF[check.verdict];
}

const EXIT_OF = { passed: EXIT.done, failed: EXIT.findings, undecided: EXIT.incomplete } as const;

/** What fails decides first; a recording that shows nothing of the map decides nothing. */
function checkOf(
  file: string,
  drawn: CoverageMap,
  comparison: ReturnType<typeof compareMaps>,
  committed: number,
  tally: Tally,
): MapCheck {
  const facts = { file, ...comparison };
  if (comparison.fresh.length > 0) return { ...facts, verdict: 'failed', reason: null };
  const reason = tooLittle(drawn, comparison.seen, committed, tally);
  return { ...facts, verdict: reason === null ? 'passed' : 'undecided', reason };
}

function tooLittle(drawn: CoverageMap, seen: number, committed: number, tally: Tally): string | null {
  if (tally.cache === 0 || tally.source === 0)
    return 'the recording holds no operation of one of the stores.';
  if (committed > 0 && seen === 0) return 'the recording shows none of its templates.';
  if (drawn.commits.judged === 0) return 'the recording shows no write.';
  return null;
}
