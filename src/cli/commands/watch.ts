/** `watch`: run a command behind the proxies, or attach; a live table, findings as they are proved, a summary. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { WhystaleError } from '../../errors.ts';
import { parseListenAddress } from '../../proxy/endpoint.ts';
import { HOME_FOLDER, recordingFolderName } from '../../recording/locate.ts';
import { findingsDocument } from '../../report/findings-document.ts';
import { alarms } from '../../watch/alarms.ts';
import { childFailure } from '../../watch/child-output.ts';
import type { WatchEvents, WatchResult } from '../../watch/contract.ts';
import { parseHttpRoute } from '../../watch/http.ts';
import { parseAssignment } from '../../watch/templates.ts';
import { parseDuration } from '../duration.ts';
import { withExamples } from '../examples.ts';
import { type ExitCode, exitCodeFor } from '../exit-codes.ts';
import { type FailOn, failOnOption } from '../fail-on.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { LiveView } from '../live-view.ts';
import { repeatable } from '../repeated.ts';
import { prepareReports, type ReportRequest, type Reports, reportOption } from '../reports.ts';
import { childOf, printEnd } from '../watch-report.ts';

/** The port registered for OTLP over HTTP. */
const DEFAULT_OTLP = '127.0.0.1:4318';

interface Options {
  readonly redis: readonly string[];
  readonly postgres: readonly string[];
  readonly http: readonly string[];
  readonly serialize?: boolean;
  readonly annotate?: boolean;
  readonly log?: string;
  readonly otlp?: string | true;
  readonly stream: boolean;
  readonly env: readonly string[];
  readonly for?: number;
  readonly out?: string;
  readonly values?: boolean;
  readonly record: boolean;
  readonly listenRedis?: string;
  readonly listenPostgres?: string;
  readonly json?: boolean;
  readonly report: readonly ReportRequest[];
  readonly failOn: FailOn;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('watch')
    .description('Run a service behind the proxies and explain its stale reads; without a command, attach.')
    .usage('[options] [-- command...]')
    .argument('[command...]', 'the service and its arguments, after --')
    .addOption(
      repeatable(
        '--redis <[name=]url>',
        'Redis of the service, or "embedded" (default: $REDIS_URL, else embedded)',
      ),
    )
    .addOption(
      repeatable(
        '--postgres <[name=]url>',
        'its PostgreSQL, or "embedded" (default: $DATABASE_URL, else embedded)',
      ),
    )
    .addOption(
      repeatable(
        '--http <listen=target>',
        'reverse proxy in front of the service, e.g. 8000=http://127.0.0.1:8001',
      ),
    )
    .option('--serialize', 'let one request at a time through the HTTP proxy: attribution is then exact')
    .option('--annotate', 'add Cache-Status and Server-Timing headers to responses')
    .option('--log <file>', 'append one JSON line per request: time, status, cache status, database calls')
    .option(
      '--otlp [address]',
      'receive OpenTelemetry spans over OTLP/HTTP (default address: 127.0.0.1:4318)',
    )
    .option('--no-stream', "do not read the database's change stream")
    .addOption(repeatable('--env <name=template>', 'further variable of the service, e.g. CACHE={redis}'))
    .addOption(
      new Option('--for <duration>', 'end after this time, e.g. 60s').argParser((text) =>
        parseDuration(text, '--for'),
      ),
    )
    .option('--out <dir>', `folder of the recording (default: a new one in ${HOME_FOLDER})`)
    .option('--no-record', 'write no recording')
    .option('--values', 'record values in the clear, not as keyed hashes')
    .option('--listen-redis <address>', 'where the Redis proxy listens (default: a free port on loopback)')
    .option('--listen-postgres <address>', 'where the PostgreSQL proxy listens')
    .addOption(failOnOption())
    .addOption(reportOption())
    .option('--json', 'print one JSON document at the end')
    .passThroughOptions()
    .action(frame.action((words: string[], options: Options) => run(words, options, frame)));
  withExamples(command, [
    'whystale watch -- uvicorn app:app',
    'whystale watch --for 60s --json -- node server.js',
    'whystale watch --report sarif=whystale.sarif --report github -- pytest',
    'whystale watch --redis redis://127.0.0.1:6379 --postgres postgresql://app@127.0.0.1/app -- ./service',
    'whystale watch --http 8000=http://127.0.0.1:8001 -- uvicorn app:app --port 8001',
    'whystale watch --otlp -- node --require ./tracing.js server.js',
    'whystale watch --http 8000=8001 --serialize --log requests.jsonl --annotate -- node server.js',
    'whystale watch --listen-redis 0.0.0.0:6380 --listen-postgres 0.0.0.0:5433',
  ]);
}

async function run(words: readonly string[], options: Options, frame: Frame): Promise<ExitCode> {
  // Loaded here: the clients of both stores would slow down every other command's start.
  const { watch } = await import('../../watch/watch.ts');
  const { failOn } = options;
  const reports = prepareReports(options.report, { stdout: options.json ? '--json' : null, failOn }, frame);
  const json = options.json === true || reports.replaceText;
  const [program, ...rest] = words;
  const command: readonly [string, ...string[]] | null = program === undefined ? null : [program, ...rest];
  const view = new LiveView(frame, { json });
  const interrupt = interruptible(() => frame.err('Stopping; press Ctrl-C again to stop at once.\n'));
  try {
    const result = await watch(
      requestOf(command, options, frame),
      eventsOf(view, command === null),
      interrupt.signal,
    );
    view.close();
    return report(command, result, options, { frame, view, reports });
  } finally {
    view.close();
    interrupt.release();
  }
}

function requestOf(command: readonly [string, ...string[]] | null, options: Options, frame: Frame) {
  const listen = (text: string | undefined) => (text === undefined ? null : parseListenAddress(text));
  const out = options.out ?? join(frame.cwd, HOME_FOLDER, recordingFolderName(new Date()));
  return {
    command,
    redis: options.redis,
    postgres: options.postgres,
    http: options.http.map(parseHttpRoute),
    serialize: options.serialize === true,
    annotate: options.annotate === true,
    log: options.log ?? null,
    otlp: listen(options.otlp === true ? DEFAULT_OTLP : options.otlp),
    stream: options.stream,
    env: { ...frame.env },
    templates: options.env.map(parseAssignment),
    forMs: options.for === undefined ? null : options.for / 1e6,
    out: options.record ? out : null,
    outAsked: options.out !== undefined,
    values: options.values ? ('plain' as const) : ('hashed' as const),
    listenRedis: listen(options.listenRedis),
    listenPostgres: listen(options.listenPostgres),
    version: frame.version,
    stdin: 'ignore' as const,
  };
}

function eventsOf(view: LiveView, attached: boolean): WatchEvents {
  return {
    notice: (text) => view.notice(text),
    line: (line) => view.line(line),
    started: (started) => view.started(started, attached),
    tick: (analysis) => view.tick(analysis),
  };
}

/** What a result is printed with. */
interface Stage {
  readonly frame: Frame;
  readonly view: LiveView;
  readonly reports: Reports;
}

function report(
  command: readonly string[] | null,
  result: WatchResult,
  options: Options,
  { frame, view, reports }: Stage,
): ExitCode {
  const failure = command === null || result.child === null ? null : childFailure(command, result.child);
  const alarmTexts = alarms(result);
  const notices = [
    ...alarmTexts,
    ...result.degradations.map(({ text }) => text),
    ...(failure === null ? [] : [failure.message]),
  ];
  const { analysis, engine, recording } = result;
  const document = findingsDocument(analysis, { engine, child: childOf(result), recording, notices });
  const more = {
    watch: { watchedMs: Math.round(result.watchedMs), addedMs: result.addedMs, created: result.created },
  };
  if (options.json) printJson(frame, { ...document, ...more });
  else if (!reports.replaceText) {
    printEnd(result, frame, view);
    for (const alarm of alarmTexts) frame.out(`${frame.drawing.style.bad(`ALARM ${alarm}`)}\n`);
  }
  if (!options.json && failure !== null)
    frame.err(`${failure.message}\n${failure instanceof WhystaleError ? failure.facts.next : ''}\n`);
  const written = reports.write({ document, more });
  return exitCodeFor({
    findings: result.analysis.findings,
    failOn: options.failOn,
    seen: result.seen,
    environmentFailed: failure !== null || !written,
  });
}
