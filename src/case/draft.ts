/** A new case as the text of its file: what is known is filled in; what is not stands there commented out, with what to write. */
import { stringify } from 'yaml';
import type { DraftStep } from './checklists.ts';
import { VARIABLE_KINDS, type VariableKind } from './contract.ts';
import { LOAD_DEFAULTS } from './parts.ts';

/** What is known of a case before its file is written. Null, or empty: not known. */
export interface CaseDraft {
  readonly title: string | null;
  readonly owner: string | null;
  readonly route: string | null;
  readonly symptom: string | null;
  /** `GET /items/1`. */
  readonly input: readonly string[];
  /** A status, or a sentence. */
  readonly expected: string | null;
  readonly sql: string | null;
  /** The command that fails. */
  readonly command: string | null;
  readonly change: string | null;
  readonly kind: VariableKind | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly rollback: string | null;
  readonly assumptions: readonly string[];
  readonly links: readonly string[];
  readonly finding: DraftFinding | null;
  /** Paths relative to the folder of the case. */
  readonly race: string | null;
  /** The command that starts the service. */
  readonly service: string | null;
  readonly url: string | null;
  /** What a person should know, by field: comments. */
  readonly hints: Readonly<Partial<Record<'input' | 'change' | 'slow' | 'service', readonly string[]>>>;
  /** What the change might be: the example of a change that is not said. */
  readonly suggestion: string | null;
  /** The command that was recorded: to be corrected by a person. */
  readonly recorded: readonly string[] | null;
  /** Steps to begin with. */
  readonly checklist: readonly DraftStep[];
}

export interface DraftFinding {
  readonly id: string;
  readonly code: string;
  readonly template: string;
  readonly key: string;
  readonly recording: string;
}

export const EMPTY_DRAFT: CaseDraft = {
  title: null,
  owner: null,
  route: null,
  symptom: null,
  input: [],
  expected: null,
  sql: null,
  command: null,
  change: null,
  kind: null,
  before: null,
  after: null,
  rollback: null,
  assumptions: [],
  links: [],
  finding: null,
  race: null,
  service: null,
  url: null,
  hints: {},
  suggestion: null,
  recorded: null,
  checklist: [],
};

export interface DraftPlace {
  /** How the case is typed: `cases/old-price`. */
  readonly folder: string;
  /** Where the schema stands, from the file. */
  readonly schema: string;
}

/** The text of `case.yaml`, ending in a newline. */
export function draftText(draft: CaseDraft, place: DraftPlace): string {
  const blocks = [
    comment([`yaml-language-server: $schema=${place.schema}`]),
    comment([
      'One change to one route, measured before and after. What is not known yet is commented out.',
      `  whystale case check ${place.folder}   says what is missing`,
      `  whystale case show ${place.folder}    prints every command, in order`,
    ]),
    [...field('title', draft.title, 'What it is about, in one line'), 'status: open'],
    ...head(draft),
    ...changing(draft),
    ...running(draft),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Names of the fields that a draft fills in. */
export function knownFields(draft: CaseDraft): readonly string[] {
  const known = (value: unknown) => value !== null && !(Array.isArray(value) && value.length === 0);
  const {
    sql,
    command,
    change,
    kind,
    before,
    after,
    hints: _,
    recorded: __,
    suggestion: ___,
    ...plain
  } = draft;
  return [
    ...Object.entries(plain).flatMap(([name, value]) => (known(value) ? [name] : [])),
    ...([sql, command].some(known) ? ['slow'] : []),
    ...([change, kind, before, after].some(known) ? ['change'] : []),
  ];
}

function head(draft: CaseDraft): readonly (readonly string[])[] {
  const { hints } = draft;
  const expected = /^[1-5]\d\d$/.test(draft.expected ?? '') ? Number(draft.expected) : draft.expected;
  return [
    [...comment(['Who answers for it: a person or a team.']), ...field('owner', draft.owner, 'Ada Lovelace')],
    [...comment(['The one route that is looked at.']), ...field('route', draft.route, 'GET /items/{id}')],
    [
      ...comment(['Where the user notices it.']),
      ...field('symptom', draft.symptom, 'the page shows the old price for a minute'),
    ],
    ...(draft.finding === null
      ? []
      : [[...comment(['Where the case comes from.']), ...yaml({ finding: draft.finding })]]),
    [
      ...comment([
        'Expected input: the requests that are measured, in turn. A body stands under json, form or body, as in',
        '{request: POST /search, json: {q: tea}}.',
        ...(hints.input ?? []),
      ]),
      ...field('input', one(draft.input), 'GET /items/1'),
    ],
    [
      ...comment(['Expected result: a status, a sentence, or both and a value of the body.']),
      ...field('expected', expected, { status: 200, path: '$.price', value: 12 }),
    ],
    [
      ...comment(['The statement that is slow, or the command that fails.', ...(hints.slow ?? [])]),
      ...parts('slow', { sql: draft.sql, command: draft.command }, { sql: 'select …', command: 'make test' }),
    ],
  ];
}

function changing(draft: CaseDraft): readonly (readonly string[])[] {
  const { change: what, kind, before, after } = draft;
  return [
    [
      ...comment([
        'The one change, which kind of variable it turns, and the git revisions without and with it. Kinds:',
        `${VARIABLE_KINDS.join(', ')}.`,
        ...(draft.hints.change ?? []),
      ]),
      ...parts(
        'change',
        { what, kind, before, after },
        {
          what: draft.suggestion ?? 'remove the key after the commit',
          kind: 'code',
          before: 'main',
          after: 'fix-old-price',
        },
      ),
    ],
    [
      ...comment(['What takes the change back.']),
      ...field('rollback', draft.rollback, {
        command: 'git revert fix-old-price',
        note: 'tell the people on call',
      }),
    ],
    [
      ...comment(['What is taken to be so.']),
      ...field('assumptions', many(draft.assumptions), ['the data of the test is like that of production']),
    ],
    [...comment(['Tickets, dashboards, talks.']), ...field('links', many(draft.links), ['https://…'])],
  ];
}

function running(draft: CaseDraft): readonly (readonly string[])[] {
  const env = { REDIS_URL: '{redis}', DATABASE_URL: '{postgres}', PORT: '{port}' };
  const ready = 'GET /healthz';
  const command = draft.recorded === null ? 'node server.js' : oneOrWords(draft.recorded);
  const { rate, seconds, cold, warmup, timeoutMs } = LOAD_DEFAULTS;
  return [
    [
      ...comment([
        'How the service is started, on a port and stores of its own; written as in a race scenario, with stores, setup',
        'and warmup. For one that runs already, url: http://127.0.0.1:8000 stands in its place.',
        ...(draft.hints.service ?? []),
      ]),
      ...(draft.url !== null
        ? yaml({ url: draft.url })
        : draft.service === null
          ? comment(yaml({ service: { command, env, ready }, setup: 'schema.sql' }))
          : [
              ...yaml({ service: { command: draft.service, env } }),
              ...comment(yaml({ setup: 'schema.sql' })),
            ]),
    ],
    [...comment(['A race scenario of this route.']), ...field('race', draft.race, 'race.yaml')],
    [
      ...comment(['How it is measured; these are the defaults.']),
      ...comment(
        yaml({ load: { rate: `${rate}/s`, seconds, cold, warmup, timeout: `${timeoutMs / 1000}s` } }),
      ),
    ],
    [
      ...comment(['Commands that are run (case run), and judgements that a person signs (case sign).']),
      ...checklistLines(draft),
    ],
    [
      ...comment([
        'Staging as a rehearsal: deployed, looked at, and taken back by rollback. See docs/rehearse.md.',
      ]),
      ...comment(
        yaml({
          rehearse: {
            config: { staging: '.env.staging', production: '.env.production' },
            deploy: './deploy.sh staging',
            ready: 'GET /healthz',
            url: 'https://staging.example.org',
            before: { request: 'GET /items/1', expect: 200 },
          },
        }),
      ),
    ],
    [
      ...comment(['Variables that may differ between the two sides although they are not the change.']),
      ...comment(yaml({ allow: ['LOG_LEVEL'] })),
    ],
  ];
}

function checklistLines({ checklist }: CaseDraft): readonly string[] {
  const steps = checklist.map(({ step, command }) => (command === null ? step : { step, command }));
  const examples = [
    { step: 'the tests pass', command: 'make test' },
    { step: 'the dashboards look the same', signed: { by: 'Ada', at: '2026-01-31' } },
  ];
  return checklist.length === 0 ? comment(yaml({ checklist: examples })) : yaml({ checklist: steps });
}

function one(values: readonly string[]): string | readonly string[] | null {
  return values.length === 1 ? (values[0] ?? null) : many(values);
}

function many(values: readonly string[]): readonly string[] | null {
  return values.length === 0 ? null : values;
}

function oneOrWords(command: readonly string[]): string | readonly string[] {
  return command.every((word) => /^[\w@%+=:,./-]+$/.test(word)) ? command.join(' ') : command;
}

/** A field with its value, or commented out with an example. */
function field(name: string, value: unknown, example: unknown): readonly string[] {
  return value === null ? comment(yaml({ [name]: example })) : yaml({ [name]: value });
}

/** A field with parts, of which some may be known. */
function parts(
  name: string,
  values: Readonly<Record<string, string | null>>,
  examples: Readonly<Record<string, string>>,
): readonly string[] {
  const known = Object.values(values).some((value) => value !== null);
  if (!known) return comment(yaml({ [name]: examples }));
  const inner = Object.entries(values).flatMap(([part, value]) => field(part, value, examples[part]));
  return [`${name}:`, ...inner.map((line) => `  ${line}`)];
}

function yaml(value: unknown): readonly string[] {
  return stringify(escaped(value), { lineWidth: 0, blockQuote: false }).trimEnd().split('\n');
}

/** What is known is a text, and no variable. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, escaped(inner)]));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these would end the comment, or may not stand in YAML.
const UNCOMMENTED = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function comment(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `# ${line.replaceAll(UNCOMMENTED, ' ')}`.trimEnd());
}
