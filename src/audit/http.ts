/**
 * A service over HTTP: every path is really asked, with and without what the answer may depend on, and what came is held
 * against what its header fields allow caches to do.
 */
import { maskForms } from '../recording/mask.ts';
import type { itemMaker } from './catalogue.ts';
import type { Part } from './contract.ts';
import { type Answer, ask, type Fields } from './http-ask.ts';
import { type Asked, type Compared, judgeHeaders } from './http-judge.ts';

export interface HttpTarget {
  readonly base: URL;
  readonly paths: readonly string[];
  /** Fields sent with every request, without those that say who asks. */
  readonly fields: Fields;
  /** Values of `Authorization` and `Cookie`, where given. */
  readonly authorization: string | null;
  readonly cookie: string | null;
}

/** Paths asked at most; each costs up to eleven requests. */
export const MOST_PATHS = 20;

/** Languages and types that a service is asked for. */
const LANGUAGES = ['en', 'de'] as const;
const TYPES = ['application/json', 'text/html'] as const;

/** Asks and judges. */
export async function auditHttp(target: HttpTarget, item: ReturnType<typeof itemMaker>): Promise<Part> {
  const first = await ask(target.base, target.paths[0] ?? '/', target.fields);
  if (first.status === null) {
    return {
      unreachable: target.base.origin,
      items: [
        item('http.connection', {
          state: 'unknown',
          evidence: `no answer: ${maskForms(first.reason)}`,
          mend: /CERT|SIGNED|UNABLE_TO|ALTNAME/i.test(first.reason)
            ? 'name the authority of its certificate: NODE_EXTRA_CA_CERTS=/path/ca.pem whystale audit …'
            : 'start the service, or correct --http',
        }),
      ],
    };
  }
  const asked: Asked[] = [];
  for (const path of target.paths.slice(0, MOST_PATHS)) asked.push(await askPath(target, path));
  const connected = item('http.connection', { state: 'ok', evidence: `it answers (${first.status})` });
  return {
    items: [connected, ...judgeHeaders(asked).map(([name, judgement]) => item(name, judgement))],
  };
}

/** All answers of one path. Two of each kind that are compared show whether it answers alike at all. */
async function askPath(target: HttpTarget, path: string): Promise<Asked> {
  const get = async (...more: Fields): Promise<Answer | null> => {
    const answer = await ask(target.base, path, [...target.fields, ...more]);
    return answer.status === null ? null : answer;
  };
  const { authorization, cookie } = target;
  const authorized: Fields = authorization === null ? [] : [['authorization', authorization]];
  const remembered: Fields = cookie === null ? [] : [['cookie', cookie]];
  const identity = [...authorized, ...remembered];
  const pair = async (...more: Fields) => [await get(...more), await get(...more)] as const;
  // The same question comes first and last: what changes in between by itself shows in it.
  const first = await get();
  const one = authorization === null ? null : await pair(...authorized);
  const other = cookie === null ? null : await pair(...remembered);
  const between = async (name: string, values: readonly [string, string]): Promise<Compared> => ({
    pair: [await get(...identity, [name, values[0]]), await get(...identity, [name, values[1]])],
    again: await get(...identity, [name, values[0]]),
  });
  return {
    path: maskForms(path),
    authorized: one,
    remembered: other,
    types: await between('accept', TYPES),
    languages: await between('accept-language', LANGUAGES),
    anonymous: [first, await get()],
  };
}
