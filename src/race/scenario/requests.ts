/** Requests as they are written → as they are sent. */
import type { Path } from '../../yamlfile/index.ts';
import type { ActorSpec, RequestSpec } from './contract.ts';
import { nameAt, type Reading, textOf, textsOf } from './reading.ts';
import { type ActorFile, REQUEST_FORM, type RequestFile, type ValueFile } from './schema.ts';

/** Tokens of RFC 9110, section 5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible ASCII: everything else is percent-encoded in a request target (RFC 9112, section 3.2). */
const TARGET = /^\/[\x21-\x7e]*$/;

type Headers = Readonly<Record<string, string>>;

interface Content {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, ValueFile | readonly ValueFile[]>> | undefined;
  readonly body?: unknown;
}

export function readRequest(
  request: RequestFile,
  path: Path,
  reading: Reading,
  common: Headers = {},
): RequestSpec {
  if (typeof request === 'string') return { ...target(request, path, reading), headers: common, body: null };
  const { type, body } = contentOf(request, path, reading);
  const headers = { ...common, ...readHeaders(request.headers, [...path, 'headers'], reading) };
  return {
    ...target(request.request, [...path, 'request'], reading),
    headers: type === null || 'content-type' in headers ? headers : { ...headers, 'content-type': type },
    body,
  };
}

/** One request, a list of them, or none. */
export function readRequests(
  requests: RequestFile | readonly RequestFile[] | undefined,
  path: Path,
  reading: Reading,
): readonly RequestSpec[] {
  if (requests === undefined) return [];
  if (!Array.isArray(requests)) return [readRequest(requests as RequestFile, path, reading)];
  return requests.map((request: RequestFile, i) => readRequest(request, [...path, i], reading));
}

/** Method and path. */
export function target(text: string, path: Path, reading: Reading): Pick<RequestSpec, 'method' | 'path'> {
  const [method = '', where = '', more] = text.trim().split(/\s+/);
  if (!/^[A-Za-z]+$/.test(method) || !where.startsWith('/') || more !== undefined)
    reading.wrong(path, `"${text.trim()}" is no request`, `A method and a path, such as ${EXAMPLE}.`);
  else if (!TARGET.test(where))
    reading.wrong(path, `the path ${where} has characters that cannot be sent`, 'They are percent-encoded.');
  return { method: method.toUpperCase(), path: where };
}

const EXAMPLE = REQUEST_FORM.slice(REQUEST_FORM.indexOf('GET'));

export function readHeaders(
  headers: Readonly<Record<string, ValueFile>> | undefined,
  path: Path,
  reading: Reading,
): Headers {
  const texts = Object.entries(textsOf(headers, path, reading));
  for (const [name, value] of texts) {
    if (!HEADER_NAME.test(name))
      reading.wrong([...path, name], `"${name}" is no name of a header`, 'Letters, digits and -.');
    if (/[\r\n\0]/.test(value))
      reading.wrong([...path, name], `the header "${name}" holds a line break`, 'A value on one line.');
  }
  return Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value]));
}

/** The body, and the type that goes with it. */
export function contentOf(
  { json, form, body }: Content,
  path: Path,
  reading: Reading,
): { readonly type: string | null; readonly body: string | null } {
  const given = [
    json !== undefined && 'json',
    form !== undefined && 'form',
    typeof body === 'string' && 'body',
  ];
  const names = given.filter((name) => name !== false);
  if (names.length > 1)
    reading.wrong([...path, names[1]!], `${names.join(' and ')} both give a body`, 'One of them.');
  if (json !== undefined) return { type: 'application/json', body: JSON.stringify(json) };
  if (form !== undefined)
    return { type: 'application/x-www-form-urlencoded', body: formText(form, [...path, 'form'], reading) };
  return { type: null, body: typeof body === 'string' ? body : null };
}

function formText(form: NonNullable<Content['form']>, path: Path, reading: Reading): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) {
    if (Array.isArray(value))
      value.forEach((one: ValueFile, i) => {
        fields.append(name, textOf(one, [...path, name, i], reading));
      });
    else fields.append(name, textOf(value as ValueFile, [...path, name], reading));
  }
  return fields.toString();
}

export function readActor(name: string, actor: ActorFile, path: Path, reading: Reading): ActorSpec {
  const requests = requestsOf(actor, path, reading);
  const plain = typeof actor === 'string' || Array.isArray(actor) ? {} : actor;
  return {
    name,
    role: plain.role ?? (requests.every(({ method }) => READING.has(method)) ? 'reader' : 'writer'),
    requests,
    env: textsOf(plain.env, [...path, 'env'], reading),
  };
}

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const NO_REQUEST: RequestSpec = { method: 'GET', path: '/', headers: {}, body: null };

function requestsOf(actor: ActorFile, path: Path, reading: Reading): ActorSpec['requests'] {
  if (typeof actor === 'string') return [readRequest(actor, path, reading)];
  if (Array.isArray(actor)) return sequence(actor, path, reading, {});
  const { request, requests, headers, json, form, body } = actor;
  if ((request === undefined) === (requests === undefined)) {
    const problem =
      request === undefined
        ? `the actor "${nameAt(path)}" sends nothing`
        : 'request and requests say the same';
    reading.wrong(path, problem, 'Either a request or a list of requests.');
    return [NO_REQUEST];
  }
  if (request !== undefined) return [readRequest({ request, headers, json, form, body }, path, reading)];
  for (const field of ['json', 'form', 'body'] as const)
    if (actor[field] !== undefined)
      reading.wrong(
        [...path, field],
        `"${field}" belongs to one request`,
        'It stands at the request it is for.',
      );
  const common = readHeaders(headers, [...path, 'headers'], reading);
  return sequence(requests ?? [], [...path, 'requests'], reading, common);
}

function sequence(
  requests: readonly RequestFile[],
  path: Path,
  reading: Reading,
  common: Headers,
): ActorSpec['requests'] {
  const [first = NO_REQUEST, ...rest] = requests.map((request, i) =>
    readRequest(request, [...path, i], reading, common),
  );
  return [first, ...rest];
}
