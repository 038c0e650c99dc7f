/** The section `rehearse` as it is written → as it is run. */
import { resolve } from 'node:path';
import type { RequestSpec } from '../race/scenario/index.ts';
import {
  listOf,
  milliseconds,
  type Reading,
  readCommand,
  readRequests,
  wholeNumber,
} from '../race/scenario/parts.ts';
import type {
  Case,
  CheckSpec,
  ConfigSource,
  ConfigSpec,
  DeployCommand,
  FiguresSpec,
  ReadySpec,
  RehearseSpec,
} from './contract.ts';
import { readExpectation, refuseNoPath } from './expectation.ts';
import { rateOf } from './rate.ts';
import type { CheckFile, RehearseFile, TimedCommandFile } from './rehearse-schema.ts';

type Path = Parameters<Reading['wrong']>[0];
type Around = Pick<Case, 'url' | 'rollback' | 'requests' | 'expected'>;

const COMMAND_WITHIN_MS = 30 * 60_000;
const READY_WITHIN_MS = 60_000;
const FIGURES = { rate: 10, seconds: 5 } as const;
/** Characters of a statement that name its check. */
const NAME_LENGTH = 60;
/** Characters of an expected value in the name of its check. */
const VALUE_LENGTH = 40;

export function readRehearse(
  form: RehearseFile | undefined,
  around: Around,
  reading: Reading,
): RehearseSpec | null {
  if (form === undefined) return null;
  const place = ['rehearse'];
  const before = checksOf(form.before, [...place, 'before'], reading);
  const check =
    form.check === undefined
      ? around.requests.map((request) => requestCheck(request, around.expected))
      : checksOf(form.check, [...place, 'check'], reading);
  if (check.length === 0)
    reading.wrong(place, 'nothing is looked at once it is deployed', 'check, or input of the case.');
  if (form.figures !== undefined && around.requests.length === 0)
    reading.wrong([...place, 'figures'], 'there is no request to measure', 'input of the case.');
  const postgres = form.postgres ?? null;
  if (postgres === null && [...before, ...check].some(({ kind }) => kind === 'sql'))
    reading.wrong(place, 'a check asks a database that is not named', 'postgres: the URL of the database.');
  return {
    config: configOf(form, reading),
    deploy: commandOf(form.deploy, [...place, 'deploy'], reading),
    ready: readyOf(form.ready, [...place, 'ready'], reading),
    url: urlOf(form, around, reading),
    postgres,
    before,
    check,
    figures: figuresOf(form, reading),
    rollback: rollbackOf(form, around, reading),
  };
}

function urlOf({ url }: RehearseFile, around: Around, reading: Reading): string {
  const known = url?.trim().replace(/\/$/, '') ?? around.url;
  if (known === null)
    reading.wrong(['rehearse'], 'it is not said where staging answers', 'url: https://staging.example.org');
  return known ?? '';
}

function commandOf(form: TimedCommandFile, path: Path, reading: Reading): DeployCommand {
  if (typeof form === 'string' || Array.isArray(form))
    return { command: readCommand(form, path, reading), withinMs: COMMAND_WITHIN_MS };
  return {
    command: readCommand(form.command, [...path, 'command'], reading),
    withinMs: above0(form.within, COMMAND_WITHIN_MS, [...path, 'within'], reading),
  };
}

function rollbackOf(form: RehearseFile, { rollback }: Around, reading: Reading): DeployCommand {
  if (form.rollback !== undefined) return commandOf(form.rollback, ['rehearse', 'rollback'], reading);
  if (rollback.command === null)
    reading.wrong(
      ['rehearse'],
      'no command takes the change back',
      'rollback: the command, here or in the case.',
    );
  return { command: rollback.command ?? ['false'], withinMs: COMMAND_WITHIN_MS };
}

function above0(
  written: string | number | undefined,
  otherwise: number,
  path: Path,
  reading: Reading,
): number {
  const ms = milliseconds(written, otherwise, path, reading);
  if (written !== undefined && ms <= 0)
    reading.wrong(path, '"within" leaves no time', 'A duration such as 60s.');
  return ms;
}

function configOf({ config }: RehearseFile, reading: Reading): ConfigSpec | null {
  if (config === undefined) return null;
  const source = (side: 'staging' | 'production'): ConfigSource => {
    const form = config[side];
    const path = ['rehearse', 'config', side, 'command'];
    return typeof form === 'string'
      ? { kind: 'file', file: resolve(reading.folder, form) }
      : { kind: 'command', command: readCommand(form.command, path, reading) };
  };
  return {
    staging: source('staging'),
    production: source('production'),
    names: listOf<string>(config.names),
    allow: listOf<string>(config.allow),
  };
}

function readyOf(form: RehearseFile['ready'], path: Path, reading: Reading): ReadySpec {
  if (typeof form === 'string')
    return /^\s*https?:/.test(form)
      ? { ...target(form, path, reading), withinMs: READY_WITHIN_MS }
      : { url: null, request: requestAt(form, path, reading), withinMs: READY_WITHIN_MS };
  const { request, url, headers, within } = form;
  const withinMs = above0(within, READY_WITHIN_MS, [...path, 'within'], reading);
  if ((request === undefined) === (url === undefined))
    reading.wrong(
      path,
      request === undefined ? 'nothing is asked' : 'request and url both say what is asked',
      'One of them.',
    );
  const asked =
    url === undefined
      ? { url: null, request: requestAt(request ?? 'GET /', [...path, 'request'], reading) }
      : target(url, [...path, 'url'], reading);
  const [withHeaders] = readRequests({ request: 'GET /', headers }, path, reading);
  return { ...asked, request: { ...asked.request, headers: withHeaders?.headers ?? {} }, withinMs };
}

const NO_REQUEST: RequestSpec = { method: 'GET', path: '/', headers: {}, body: null };

function target(text: string, path: Path, reading: Reading): Pick<ReadySpec, 'url' | 'request'> {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null || url.username !== '' || url.password !== '')
    reading.wrong(path, 'this is no URL that can be asked', 'http:// or https://, a host, and a path.');
  if (url === null) return { url: '', request: NO_REQUEST };
  return { url: url.origin, request: { ...NO_REQUEST, path: `${url.pathname}${url.search}` } };
}

type RequestForm = NonNullable<Parameters<typeof readRequests>[0]>;

function requestAt(form: RequestForm, path: Path, reading: Reading): RequestSpec {
  return readRequests(form, path, reading)[0] ?? NO_REQUEST;
}

function checksOf(form: RehearseFile['before'], path: Path, reading: Reading): readonly CheckSpec[] {
  if (Array.isArray(form)) return form.map((one: CheckFile, i) => checkOf(one, [...path, i], reading));
  return [checkOf(form as CheckFile, path, reading)];
}

function requestCheck(
  request: RequestSpec,
  expect: Case['expected'],
  name = `${request.method} ${request.path}${expectedText(expect)}`,
): CheckSpec {
  return { kind: 'request', name, request, expect };
}

/** Two checks may send the same request and expect something else. */
function expectedText({ status, path, value }: Case['expected']): string {
  const text = JSON.stringify(value) ?? '';
  const shown = text.length > VALUE_LENGTH ? `${text.slice(0, VALUE_LENGTH)}…` : text;
  const parts = [
    ...(status === null ? [] : [`status ${status}`]),
    ...(path === null ? [] : [`${path} ${shown}`]),
  ];
  return parts.length === 0 ? '' : ` with ${parts.join(', ')}`;
}

function checkOf(form: CheckFile, path: Path, reading: Reading): CheckSpec {
  if (typeof form === 'string')
    return requestCheck(requestAt(form, path, reading), readExpectation(undefined, path, reading));
  if ('sql' in form) {
    const { name, sql, expect } = form;
    if (expect === undefined)
      reading.wrong(path, '"expect" is missing', 'What the first column of the first row must be.');
    return {
      kind: 'sql',
      name: name ?? sql.trim().replace(/\s+/g, ' ').slice(0, NAME_LENGTH),
      sql,
      value: expect,
    };
  }
  if ('write' in form) return freshnessOf(form, path, reading);
  const { name, expect, ...request } = form;
  const read = requestAt(request, path, reading);
  const expectation = readExpectation(expect, [...path, 'expect'], reading);
  if (expectation.note !== null)
    reading.wrong([...path, 'expect'], 'a sentence cannot be checked', 'A status, or {status, path, value}.');
  return requestCheck(read, expectation, name);
}

function freshnessOf(
  form: Extract<CheckFile, { readonly write: unknown }>,
  path: Path,
  reading: Reading,
): CheckSpec {
  const write = requestAt(form.write, [...path, 'write'], reading);
  const read = requestAt(form.read, [...path, 'read'], reading);
  refuseNoPath(form.path, [...path, 'path'], reading);
  if (form.value === undefined) reading.wrong(path, '"value" is missing', 'What must stand at the path.');
  return {
    kind: 'freshness',
    name: form.name ?? `${write.method} ${write.path}, then ${read.method} ${read.path}`,
    write,
    read,
    path: form.path,
    value: form.value,
    withinMs: milliseconds(form.within, 0, [...path, 'within'], reading),
  };
}

function figuresOf({ figures }: RehearseFile, reading: Reading): FiguresSpec | null {
  if (figures === undefined) return null;
  const place = ['rehearse', 'figures'];
  const bound = (name: 'p50' | 'p99') =>
    figures[name] === undefined ? null : milliseconds(figures[name], 0, [...place, name], reading);
  return {
    rate: rateOf(figures.rate, FIGURES.rate, [...place, 'rate'], reading),
    seconds: wholeNumber(figures.seconds, FIGURES.seconds, [...place, 'seconds'], reading),
    p50Ms: bound('p50'),
    p99Ms: bound('p99'),
    timesBaseline: figures.timesBaseline ?? null,
  };
}
