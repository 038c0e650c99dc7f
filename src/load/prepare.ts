/** A plan's requests in the form in which they are sent, made once; and what no plan may ask for. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { WhystaleError } from '../errors.ts';
import type { RequestSpec } from '../race/scenario/index.ts';
import type { LoadPlan } from './contract.ts';

/** Shots of a run at most: each is kept, about 200 bytes. */
export const MAX_SHOTS = 1_000_000;
/** Connections at most. */
export const MAX_IN_FLIGHT = 10_000;
/** Longest wait for an answer, ms: what timers can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Methods that may be sent again when it is unknown whether the first was heard (RFC 9110, section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^[\u0021-\u00ff]+$/;

export interface PreparedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly repeatable: boolean;
}

/** Throws WSE720 for a request that HTTP cannot carry, WSE721 for figures out of their range. */
export function prepare(plan: LoadPlan): readonly PreparedRequest[] {
  inRange('rate', plan.rate, Number.MIN_VALUE, Number.MAX_VALUE, false);
  inRange('count', plan.count, 0, MAX_SHOTS);
  inRange('inFlight', plan.inFlight, 1, MAX_IN_FLIGHT);
  inRange('timeoutMs', plan.timeoutMs, 1, MAX_TIMEOUT_MS, false);
  return plan.requests.map(prepareOne);
}

function prepareOne(request: RequestSpec): PreparedRequest {
  const { method, path, headers } = request;
  const problem = problemOf(request);
  if (problem !== null) throw cannotBeSent(`${method} ${path}`, problem);
  const body = request.body === null ? null : Buffer.from(request.body);
  const measured = body === null || 'content-length' in headers || 'transfer-encoding' in headers;
  return {
    method,
    path,
    headers: measured ? headers : { ...headers, 'content-length': String(body.length) },
    body,
    repeatable: IDEMPOTENT.has(method.toUpperCase()),
  };
}

function problemOf({ method, path, headers }: RequestSpec): string | null {
  if (!TOKEN.test(method)) return 'its method is no HTTP method';
  if (method.toUpperCase() === 'CONNECT') return 'CONNECT opens a tunnel and has no answer to measure';
  if (!TARGET.test(path)) return 'its path holds a space or a character that must be percent-encoded';
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      // The value may be a secret.
      return `its header ${JSON.stringify(name)} has a name or a value that HTTP does not allow`;
    }
  }
  return null;
}

function cannotBeSent(request: string, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE720',
    what: `The request ${JSON.stringify(request)} cannot be sent: ${problem}.`,
    expected: 'A method, a percent-encoded path and headers as HTTP allows them (RFC 9110).',
    retry: 'after-fix',
    next: 'Correct the request in the case file.',
    exitCode: 2,
  });
}

function inRange(name: string, value: number, low: number, high: number, whole = true): void {
  if (value >= low && value <= high && (!whole || Number.isInteger(value))) return;
  throw new WhystaleError({
    code: 'WSE721',
    what: `The load's ${name} is ${value}.`,
    expected: whole ? `A whole number from ${low} to ${high}.` : 'A positive number.',
    retry: 'after-fix',
    next: 'Correct the load in the case file, or the flag that sets it.',
    exitCode: 2,
  });
}
