/**
 * A pair as a scenario file: what is known is filled in, and what no recording can know is taken from the base, from what the
 * caller told, or marked.
 */
import { stringify } from 'yaml';
import { type Base, type BaseRequest, surroundingsFrom } from './base.ts';
import type { Pair } from './pairs.ts';
import { bodiesFor, type Candidate, type Chosen } from './requests.ts';
import { isOf, type ToldBody } from './told.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface DraftOptions {
  readonly base: Base | null;
  /** Where the scenario will stand; absolute. */
  readonly folder: string;
  /** What is said of the recording: its folder. */
  readonly recording: string;
  /** Command that was recorded; null: none was, whystale attached. */
  readonly command: readonly string[] | null;
  readonly bodies: readonly ToldBody[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What of the answer is compared, where the whole of it changes by itself: `$.price`. */
  readonly path?: string;
}

export interface Draft {
  readonly text: string;
  /** What has to be filled in before it can be run. */
  readonly missing: readonly string[];
}

/** What every scenario lacks without a base. */
export const MISSING_WITHOUT_BASE: readonly string[] = [
  'how an instance is started on a port of its own: service.command with {port}, and its variables',
  'what tells that an instance is ready: service.ready',
  'what makes the tables and puts the rows back: setup and reset',
];

/** Methods whose requests have a body as a rule (RFC 9110, section 9.3). */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

export function draftScenario(pair: Pair, chosen: Chosen, options: DraftOptions): Draft {
  const { base } = options;
  const actors = actorsOf(pair, chosen, options);
  const parts = [
    comment(headLines(pair, chosen, options)),
    ...(base === null ? placeholders(options) : sectionsOf(surroundingsFrom(base, options.folder))),
    comment(actors.comments),
    section('actors', actors.value),
    base?.sections.start === undefined
      ? section('start', ['cold', 'warm'])
      : section('start', base.sections.start),
    comment(oracleLines(options)),
    section('oracle', oracleOf(pair, chosen, options)),
  ];
  return { text: `${parts.filter((part) => part !== '').join('\n')}\n`, missing: actors.missing };
}

const SCHEMA = 'yaml-language-server: $schema=./node_modules/whystale/schemas/whystale.scenario.schema.json';

function headLines(
  { reader, writer, templates, predictions }: Pair,
  { sameRow }: Chosen,
  options: DraftOptions,
) {
  return [
    SCHEMA,
    `${reader} against ${writer}, written by whystale hunt ${options.recording}.`,
    ...templates.map(
      ({ template, sources, changes }) =>
        `They meet at ${template}, fed by ${sources.join(', ')}: ${changes.join(', ')}.`,
    ),
    'Predicted before anything ran:',
    ...predictions.map(({ code, template, score, why }) => `  ${code} ${template} ${score}: ${why}.`),
    ...(sameRow ? [] : ['CHECK: the two requests are not known to be about one row.']),
  ];
}

function sectionsOf(sections: Fields): readonly string[] {
  const { service, stores, setup, reset, ...rest } = sections;
  const ordered = { service, stores, setup, reset, ...rest };
  return Object.entries(ordered).flatMap(([name, value]) =>
    value === undefined ? [] : [section(name, value)],
  );
}

/** What can be said without a base. */
function placeholders({ command }: DraftOptions): readonly string[] {
  const service = {
    ...(command === null ? {} : { command }),
    env: { REDIS_URL: '{redis}', DATABASE_URL: '{postgres}', PORT: '{port}' },
  };
  return [
    comment([
      command === null
        ? 'MISSING: command, how an instance is started. The recording was made without one.'
        : 'The command as it was recorded. CHECK: each instance must listen on its own {port}.',
      'MISSING: ready, such as ready: GET /healthz, which is answered once an instance is ready.',
    ]),
    section('service', service),
    comment([
      'MISSING: setup, what makes the tables: setup: schema.sql',
      'MISSING: reset, what puts the rows back before every execution: reset: reset.sql',
    ]),
  ];
}

function actorsOf(pair: Pair, chosen: Chosen, options: DraftOptions) {
  const { reader, writer } = chosen;
  const contents = contentsOf(pair, writer, options);
  const several = pair.predictions.some(({ needs }) => needs === 'second-writer')
    ? contents
    : contents.slice(0, 1);
  const missing = contents.length === 0 && WITH_BODY.has(writer.method) ? [missingBody(pair, writer)] : [];
  const writers = several.length === 0 ? [{}] : several;
  const value = {
    reader: actor(reader, { ...headersOf(pair.reader, reader, options) }),
    ...Object.fromEntries(
      writers.map((content, i) => [
        i === 0 ? 'writer' : `writer${i + 1}`,
        actor(writer, { ...headersOf(pair.writer, writer, options), ...content }),
      ]),
    ),
  };
  const comments = [
    ...missing.map((text) => `MISSING: ${text}.`),
    ...[reader, writer].flatMap((one) => (one.unknown.length === 0 ? [] : [unknownLine(one)])),
    ...(options.base === null && options.headers.length === 0
      ? ['CHECK: headers are not recorded; --header adds them.']
      : []),
  ];
  return { value, missing, comments };
}

function missingBody({ writer: route }: Pair, { method, path }: Candidate): string {
  return `the body of ${method} ${path}, which is not recorded: --body '${route}=…'`;
}

function unknownLine({ method, path, unknown }: Candidate): string {
  const query = unknown.filter((place) => place.startsWith('?'));
  const names = unknown.map((place) => place.replace(/^header:/, 'the header '));
  const how = query.length > 0 ? '; record with --values for the values of queries' : '';
  return `CHECK: ${method} ${path} was asked with ${names.join(', ')}, whose values are not recorded${how}.`;
}

function actor({ method, path }: Candidate, fields: Fields): unknown {
  // `${` would be a variable.
  const request = `${method} ${path.replaceAll('${', () => '$${')}`;
  return Object.keys(fields).length === 0 ? request : { request, ...fields };
}

/** The base's request of a route. */
function basedOn(route: string, candidate: Candidate, { base }: DraftOptions): BaseRequest['fields'] {
  if (candidate.from === 'base') return candidate.fields;
  return base?.requests.find((request) => isOf(route, request))?.fields ?? {};
}

function headersOf(route: string, candidate: Candidate, options: DraftOptions): Fields {
  const written = (basedOn(route, candidate, options).headers ?? {}) as Fields;
  const headers = { ...written, ...Object.fromEntries(options.headers) };
  return Object.keys(headers).length === 0 ? {} : { headers };
}

/** Bodies for the writer, one for each writer that may be tried; empty where none is known. `{}`: told that it has none. */
function contentsOf(pair: Pair, writer: Candidate, options: DraftOptions): readonly Fields[] {
  const told = bodiesFor(writer, options.bodies);
  if (told.length > 0) return told.map(({ body }) => contentOf(body));
  const { headers: _headers, ...content } = basedOn(pair.writer, writer, options);
  return Object.keys(content).length === 0 ? [] : [content];
}

function contentOf(body: string | null): Fields {
  if (body === null) return {};
  try {
    return { json: JSON.parse(body) as unknown };
  } catch {
    return { body };
  }
}

/** The reader's own request, whole; the base's oracle says more where it asks for the same. */
function oracleOf(pair: Pair, { reader }: Chosen, options: DraftOptions): unknown {
  const { base, path } = options;
  const asked = base?.oracle;
  const rest: Fields = asked === undefined || !isOf(pair.reader, asked) ? {} : asked.rest;
  const { sql, ...compared } = rest;
  const same = asked?.method === reader.method && asked.path === reader.path;
  const fields = {
    ...headersOf(pair.reader, reader, options),
    ...compared,
    ...(same && sql !== undefined ? { sql } : {}),
    ...(path === undefined ? {} : { path }),
  };
  return actor(reader, fields);
}

function oracleLines({ path }: DraftOptions): readonly string[] {
  if (path === undefined) return [];
  return [`Other parts of the answer change without a write; ${path} is what the writer changes.`];
}

function section(name: string, value: unknown): string {
  return stringify({ [name]: value }, { lineWidth: 0, flowCollectionPadding: true }).trimEnd();
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => `# ${line.replaceAll(/\s+$/g, '').replaceAll('\n', ' ')}`).join('\n');
}
