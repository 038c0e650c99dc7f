/** `demo`: a sample shop with real bugs, real traffic, and each bug explained. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DemoResult } from '../../demo/demo.ts';
import { HOME_FOLDER, recordingFolderName } from '../../recording/locate.ts';
import { findingsDocument } from '../../report/findings-document.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { DEFAULT_FAIL_ON } from '../fail-on.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { LiveView } from '../live-view.ts';
import { prepareReports, type ReportRequest, type Reports, reportOption } from '../reports.ts';
import { childOf, printEnd } from '../watch-report.ts';

interface Options {
  readonly exit?: boolean;
  readonly out?: string;
  readonly report: readonly ReportRequest[];
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('demo')
    .description('Watch a sample shop with seeded bugs, on embedded engines and under real traffic.')
    .option('--exit', 'end when every seeded bug is explained')
    .option('--out <dir>', `folder of the recording (default: a new one in ${HOME_FOLDER})`)
    .addOption(reportOption())
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((options: Options) => run(options, frame)));
  withExamples(command, ['whystale demo', 'whystale demo --exit --json']);
}

async function run(options: Options, frame: Frame): Promise<ExitCode> {
  const { demo, SEEDED } = await import('../../demo/demo.ts');
  const stdout = options.json ? '--json' : null;
  const reports = prepareReports(options.report, { stdout, failOn: DEFAULT_FAIL_ON }, frame);
  const json = options.json === true || reports.replaceText;
  const view = new LiveView(frame, { json, quiet: true });
  const interrupt = interruptible(() => frame.err('Stopping; press Ctrl-C again to stop at once.\n'));
  const names = SEEDED.map(({ bug }) => bug).join(', ');
  frame.err(
    `whystale: a sample shop with ${SEEDED.length} seeded bugs (${names}); ${options.exit ? 'ends when all are explained' : 'Ctrl-C ends it'}\n`,
  );
  try {
    const out = options.out ?? join(frame.cwd, HOME_FOLDER, recordingFolderName(new Date()));
    const request = { exit: options.exit === true, env: { ...frame.env }, out, version: frame.version };
    const result = await demo(
      request,
      {
        notice: (text) => view.notice(text),
        line: (line) => view.line(line),
        started: (started) => view.started(started, false),
        tick: (analysis) => view.tick(analysis),
        progress: ({ requests, staleAnswers, explained, seeded }) =>
          view.status(
            `traffic: ${requests} requests, ${staleAnswers} stale answers noticed by the client; ${explained} of ${seeded} bugs explained`,
          ),
      },
      interrupt.signal,
    );
    view.close();
    return report(result, options, { frame, view, reports });
  } finally {
    view.close();
    interrupt.release();
  }
}

/** What a result is printed with. */
interface Stage {
  readonly frame: Frame;
  readonly view: LiveView;
  readonly reports: Reports;
}

/** The demo is done when every seeded bug is explained: that its bugs were found is no failure. */
function report(result: DemoResult, options: Options, { frame, view, reports }: Stage): ExitCode {
  const { analysis, engine, recording, explainedMs, missed } = result;
  const notices = result.degradations.map(({ text }) => text);
  const document = findingsDocument(analysis, { engine, child: childOf(result), recording, notices });
  const more = { demo: { explainedMs: explainedMs === null ? null : Math.round(explainedMs), missed } };
  if (options.json) printJson(frame, { ...document, ...more });
  else if (!reports.replaceText) {
    printEnd(result, frame, view);
    const seconds = explainedMs === null ? '' : ` ${(explainedMs / 1000).toFixed(1)} s after the start`;
    frame.out(
      missed.length === 0
        ? `Every seeded bug was explained${seconds}. Now your own service: whystale watch -- CMD\n`
        : `Not explained: ${missed.join(', ')}. Run the demo again, or let it run longer without --exit.\n`,
    );
  }
  if (!reports.write({ document, more })) return EXIT.environment;
  return missed.length === 0 || options.exit !== true ? EXIT.done : EXIT.incomplete;
}
