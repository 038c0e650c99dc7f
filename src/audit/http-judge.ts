/**
 * Judges what a service answered: which responses depend on who asks and how, and what their header fields let caches do
 * with them. Pure.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9111 and https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5 (Vary)
 */
import { directivesOf, sharedResponse, valuesOf } from '../watch/http-sharing.ts';
import type { ItemName, Judgement } from './catalogue.ts';
import { type ItemState, WORST_FIRST } from './contract.ts';
import type { Answer } from './http-ask.ts';

type Pair = readonly [Answer | null, Answer | null];

/** What one path answered. */
export interface Asked {
  readonly path: string;
  /** Without credentials: before all others, and after them. */
  readonly anonymous: Pair;
  /** With Authorization, with a cookie; twice each; null: none was given. */
  readonly authorized: Pair | null;
  readonly remembered: Pair | null;
  /** Of two types, and in two languages. */
  readonly types: Compared;
  readonly languages: Compared;
}

/** Two answers, and the first question asked once more. */
export interface Compared {
  readonly pair: Pair;
  readonly again: Answer | null;
}

/** What was found at one path. */
interface Told {
  readonly state: ItemState;
  readonly text: string;
}

/** Every judgement, in the order of the checklist. */
export function judgeHeaders(asked: readonly Asked[]): readonly (readonly [ItemName, Judgement])[] {
  return [
    ['http.private-response', together(asked, privateResponse, PRIVATE_MEND)],
    ['http.set-cookie', together(asked, setCookie, COOKIE_MEND)],
    [
      'http.vary-authorization',
      together(asked, (one) => varyWho(one, 'authorization'), mendVary('Authorization')),
    ],
    ['http.vary-cookie', together(asked, (one) => varyWho(one, 'cookie'), mendVary('Cookie'))],
    ['http.vary-accept', together(asked, (one) => varyHow(one, 'accept'), mendVary('Accept'))],
    [
      'http.vary-accept-language',
      together(asked, (one) => varyHow(one, 'accept-language'), mendVary('Accept-Language')),
    ],
  ];
}

const PRIVATE_MEND =
  'answer with Cache-Control: private (or no-store) where the response depends on who asks; purge the caches in front of the service';
const COOKIE_MEND = 'answer with Cache-Control: no-store wherever Set-Cookie is sent';
const mendVary = (name: string) =>
  `send Vary: ${name} with every response of the path, also with errors and redirects${
    name === 'Cookie' || name === 'Authorization' ? '; better: Cache-Control: private' : ''
  }`;

/** Paths named in one item. */
const SHOWN = 4;

function together(asked: readonly Asked[], look: (one: Asked) => Told, mend: string): Judgement {
  const all = asked.map((one) => ({ path: one.path, ...look(one) }));
  const state = WORST_FIRST.find((wanted) => all.some((told) => told.state === wanted)) ?? 'unknown';
  const worst = all.filter((told) => told.state === state);
  const texts = new Map<string, string[]>();
  for (const { path, text } of worst.slice(0, SHOWN)) texts.set(text, [...(texts.get(text) ?? []), path]);
  const lines = [...texts].map(([text, paths]) => `${paths.join(', ')}: ${text}`);
  const more = worst.length > SHOWN ? `; and ${worst.length - SHOWN} more` : '';
  const none = worst[0]?.text === NO_IDENTITY;
  const unanswered = state === 'unknown' && !none;
  return {
    state,
    evidence: none ? NO_IDENTITY : `${lines.join('; ')}${more}`,
    mend: none ? ASK_AS_USER : unanswered ? ASK_ANOTHER : mend,
  };
}

const NO_IDENTITY = 'it was asked without credentials only';
const ASK_AS_USER = "ask as a user: --header 'Authorization: Bearer …' or --header 'Cookie: session=…'";
const ASK_ANOTHER =
  'name a path that answers alike, and credentials that it takes: --path /items/1 --header …';

/** Whether answers differ: null where a question of the controls is not answered alike either. */
function differs([a, b]: Pair, ...controls: readonly Pair[]): boolean | null {
  if (a === null || b === null) return null;
  if (
    a.status !== b.status ||
    typeOf(a) !== typeOf(b) ||
    field(a, 'content-language') !== field(b, 'content-language')
  )
    return true;
  if (a.body === b.body) return false;
  const steady = controls.every(([first, second]) => first !== null && first.body === second?.body);
  return steady ? true : null;
}

function typeOf(answer: Answer): string {
  return field(answer, 'content-type').split(';')[0]?.trim().toLowerCase() ?? '';
}

function field(answer: Answer, name: string): string {
  return valuesOf(answer.headers, name).join(', ');
}

const good = (answer: Answer): boolean => answer.status < 400;

/** What a response lets caches do. `silent`: it says nothing, so they may go by rules of their own. */
type Policy = 'no-store' | 'private' | 'shared' | 'silent';

function policyOf(answer: Answer): Policy {
  const directives = directivesOf(valuesOf(answer.headers, 'cache-control'));
  if (directives.has('no-store')) return 'no-store';
  if (directives.has('private')) return 'private';
  return sharedResponse('GET', 'none', answer.headers) === null && !directives.has('public')
    ? 'silent'
    : 'shared';
}

function said(answer: Answer): string {
  const value = field(answer, 'cache-control');
  return value === '' ? 'without Cache-Control' : `with Cache-Control: ${value}`;
}

function varies(answer: Answer, name: string): boolean {
  const names = valuesOf(answer.headers, 'vary').flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
  return names.some((one) => one.trim() === name || one.trim() === '*');
}

const WHO = ['authorization', 'cookie'] as const;
type Who = (typeof WHO)[number];

function pairOf(one: Asked, who: Who): Pair | null {
  return who === 'authorization' ? one.authorized : one.remembered;
}

function privateResponse(one: Asked): Told {
  const asked = WHO.filter((who) => pairOf(one, who) !== null);
  if (asked.length === 0) return { state: 'unknown', text: NO_IDENTITY };
  return worstOf(asked.map((who) => privateTo(one, who)));
}

function worstOf(all: readonly Told[]): Told {
  const ranked = [...all].sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  return ranked[0] ?? { state: 'unknown', text: 'was not asked' };
}

const WITH = { authorization: 'with Authorization', cookie: 'with a cookie' } as const;

function privateTo(one: Asked, who: Who): Told {
  const pair = pairOf(one, who);
  const answer = pair?.[0] ?? null;
  if (pair === null || answer === null) return { state: 'unknown', text: `gave no answer ${WITH[who]}` };
  if (!good(answer)) return { state: 'unknown', text: `answered ${answer.status} ${WITH[who]}` };
  const own = differs([answer, one.anonymous[0]], one.anonymous, pair);
  if (own === false) return { state: 'ok', text: 'the same for all' };
  const policy = policyOf(answer);
  if (policy === 'no-store' || policy === 'private') return { state: 'ok', text: `${policy}` };
  if (own === null) return { state: 'unknown', text: 'answers differently every time' };
  if (sharedResponse('GET', who, answer.headers) !== null)
    return { state: 'bad', text: `one user's (${WITH[who]}) and may be stored for all: ${said(answer)}` };
  const validated = field(answer, 'etag') !== '' || field(answer, 'last-modified') !== '';
  // Section 3.5: with Authorization a shared cache needs a directive; a cookie forbids it nothing.
  if (who === 'cookie' && policy === 'silent' && validated && !varies(answer, who))
    return {
      state: 'warn',
      text: `one user's (${WITH[who]}) and leaves it to caches whether they store it: ${said(answer)}, with ETag or Last-Modified`,
    };
  return { state: 'ok', text: `not stored for others: ${said(answer)}` };
}

function setCookie(one: Asked): Told {
  const answers = [one.anonymous, one.authorized, one.remembered, one.types.pair, one.languages.pair]
    .flatMap((pair) => pair ?? [])
    .filter((answer): answer is Answer => answer !== null && field(answer, 'set-cookie') !== '');
  if (answers.length === 0) return { state: 'not-applicable', text: 'sets no cookie' };
  return worstOf(
    answers.map((answer): Told => {
      const policy = policyOf(answer);
      if (policy === 'no-store' || policy === 'private')
        return { state: 'ok', text: `sets a cookie, and is ${policy}` };
      const session = sharedResponse('GET', 'none', answer.headers)?.setsSession === true;
      if (session)
        return { state: 'bad', text: `sets a session cookie and may be stored for all: ${said(answer)}` };
      if (policy === 'shared')
        return { state: 'bad', text: `sets a cookie and may be stored for all: ${said(answer)}` };
      return { state: 'warn', text: `sets a cookie without no-store: ${said(answer)}` };
    }),
  );
}

/** Vary for what says who asks. */
function varyWho(one: Asked, who: Who): Told {
  const pair = pairOf(one, who);
  if (pair === null) return { state: 'unknown', text: NO_IDENTITY };
  const answer = pair[0];
  const own = differs([answer, one.anonymous[0]], one.anonymous, pair);
  if (answer === null) return { state: 'unknown', text: 'gave no answer' };
  if (!good(answer)) return { state: 'unknown', text: `answered ${answer.status} ${WITH[who]}` };
  if (own === false) return { state: 'ok', text: 'the same with and without' };
  if (varies(answer, who)) return { state: 'ok', text: 'says so' };
  const policy = policyOf(answer);
  if (policy === 'no-store' || policy === 'private') return { state: 'ok', text: `${policy}` };
  if (own === null) return { state: 'unknown', text: 'answers differently every time' };
  const shared = sharedResponse('GET', who, answer.headers) !== null;
  if (shared) return { state: 'bad', text: `differs ${WITH[who]} and does not say so: ${said(answer)}` };
  return who === 'cookie'
    ? { state: 'warn', text: `differs ${WITH[who]} and does not say so: ${said(answer)}` }
    : { state: 'ok', text: `needs none: ${said(answer)}` };
}

/** Vary for what says how the answer is wanted. */
function varyHow(one: Asked, name: 'accept' | 'accept-language'): Told {
  const { pair, again } = name === 'accept' ? one.types : one.languages;
  const own = differs(pair, [pair[0], again]);
  const answers = pair.filter((one): one is Answer => one !== null && good(one));
  const [answer] = answers;
  if (answer === undefined)
    return { state: 'unknown', text: pair[0] === null ? 'gave no answer' : `answered ${pair[0].status}` };
  if (own === false) return { state: 'ok', text: 'the same whatever is asked for' };
  if (answers.every((one) => varies(one, name))) return { state: 'ok', text: 'says so' };
  if (answers.every((one) => policyOf(one) === 'no-store')) return { state: 'ok', text: 'no-store' };
  if (own === null) return { state: 'unknown', text: 'answers differently every time' };
  const state = answers.some((one) => policyOf(one) === 'shared') ? 'bad' : 'warn';
  return {
    state,
    text: `differs by ${name === 'accept' ? 'Accept' : 'Accept-Language'} and does not say so: ${said(answer)}`,
  };
}
