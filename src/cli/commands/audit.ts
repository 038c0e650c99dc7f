/** `audit`: the security checklist of a cache. Each item says what was seen and what mends it. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { AuditFailOn, AuditFlags, AuditReport } from '../../audit/index.ts';
import { auditMarkdown, auditText } from '../../report/audit-text.ts';
import { PLAIN } from '../../report/style.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, jsonText, printJson } from '../frame.ts';
import { repeatable, repeated } from '../repeated.ts';
import { placeReports, type ReportFormat, type ReportRequest, reportOptionOf } from '../reports.ts';

interface Options extends AuditFlags {
  readonly failOn: AuditFailOn;
  readonly report: readonly ReportRequest[];
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** Columns of a text report: it is read anywhere, not on this terminal. */
const TEXT_WIDTH = 100;

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('audit')
    .description(
      'Go through the security checklist of a cache: rights, secrets, response headers, size limits, logs. Changes nothing.',
    );
  named(command);
  command
    .addOption(
      new Option('--fail-on <state>', 'the least state that ends with exit code 1')
        .choices(['bad', 'warn', 'never'])
        .default('bad'),
    )
    .addOption(
      reportOptionOf(
        ['json', 'markdown', 'text'],
        'write the checklist to a file as json, markdown or text; FILE - is stdout; repeatable',
      ),
    )
    .option('--markdown', 'print Markdown')
    .option('--json', 'print one JSON document')
    .action(frame.action((options: Options) => run(options, frame)));
  withExamples(command, [
    'whystale audit',
    'whystale audit --redis redis://app:PASSWORD@127.0.0.1:6379/0 --redis-admin redis://admin:PASSWORD@127.0.0.1:6379',
    "whystale audit --http http://127.0.0.1:8000 --path /items/1 --path /me --header 'Authorization: Bearer TOKEN'",
    'whystale audit --recording ./rec --log service.log --report markdown=audit.md --json',
  ]);
}

/** What is looked at. */
function named(command: Command): void {
  for (const [kind, variable] of [
    ['redis', 'REDIS_URL'],
    ['postgres', 'DATABASE_URL'],
  ] as const)
    command.addOption(
      new Option(`--${kind} <[name=]url>`, 'store, as the application logs in to it; repeatable')
        .argParser(repeated)
        .default([], `$${variable}`),
    );
  command
    .option(
      '--redis-admin <url>',
      'a login that may ask what the application may not (ACL GETUSER, CONFIG GET)',
    )
    .option('--http <url>', 'address of the service; its size limits are tried as well')
    .addOption(
      new Option('--path <path>', 'path that is asked for; repeatable').argParser(repeated).default([], '/'),
    )
    .addOption(repeatable('--header <field>', "field to send: 'Authorization: Bearer TOKEN'; repeatable"))
    .option(
      '--upload <request>',
      "request that takes a body: 'POST /items' (default: POST to the first path)",
    )
    .option('--i-own-this-service', 'try size limits although the service is on another machine')
    .option('--recording <dir>', 'recording of a watch: its safety findings and log lines')
    .addOption(repeatable('--log <file>', 'log of the service; repeatable'));
}

async function run(options: Options, frame: Frame): Promise<ExitCode> {
  // Loaded here: the clients of both stores would slow down every other command's start.
  const { audit, exitCodeOf, readRequest } = await import('../../audit/index.ts');
  const { recording, log } = options;
  const request = readRequest(
    {
      ...options,
      ...(recording === undefined ? {} : { recording: resolve(frame.cwd, recording) }),
      log: log.map((file) => resolve(frame.cwd, file)),
    },
    { ...frame.env },
  );
  const stdout = options.json ? '--json' : options.markdown ? '--markdown' : null;
  const reports = placeReports(options.report, stdout, frame);
  const report = await audit(request);
  if (options.json) printJson(frame, report);
  else if (options.markdown) frame.out(auditMarkdown(report));
  else if (!reports.replaceText) frame.out(auditText(report, frame.drawing));
  const written = reports.write((format) => drawn(report, format));
  const exitCode = exitCodeOf(report, options.failOn);
  return exitCode === EXIT.done && !written ? EXIT.environment : exitCode;
}

function drawn(report: AuditReport, format: ReportFormat): string {
  if (format === 'json') return jsonText(report);
  if (format === 'markdown') return auditMarkdown(report);
  return auditText(report, { width: TEXT_WIDTH, style: PLAIN });
}
