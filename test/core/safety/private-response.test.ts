import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/core/analyse.ts';
import type { HttpRequest, SharedResponse } from '../../../src/core/operation.ts';

let at = 0;

function request(path: string, code: number, shared?: SharedResponse): HttpRequest {
  at += 1_000_000;
  return {
    id: at / 1_000_000,
    tier: 'http',
    kind: 'request',
    session: 'http:1',
    method: 'GET',
    path,
    code,
    size: 10,
    invoke: at,
    return: at + 1_000,
    status: 'ok',
    ...(shared === undefined ? {} : { shared }),
  };
}

const told = (...requests: HttpRequest[]) =>
  analyse(requests).findings.map((f) => `${f.code} ${f.template} ${f.confidence} ${f.hits} ${f.keys}`);

const authorised: SharedResponse = { by: 'explicit', credentials: 'authorization' };
const byCookie: SharedResponse = { by: 'explicit', credentials: 'cookie' };
const byDefault: SharedResponse = { by: 'default', credentials: 'cookie' };
const anonymous: SharedResponse = { by: 'explicit', credentials: 'none' };
const handsOut: SharedResponse = { by: 'explicit', credentials: 'none', setsSession: true };

describe('responses that shared caches may store', () => {
  it.each([
    ['with Authorization', [request('/me', 200, authorised)], ['WS303 GET /me likely 1 1']],
    ['with a session cookie', [request('/me', 200, byCookie)], ['WS303 GET /me likely 1 1']],
    ['without any credentials', [request('/items', 200, anonymous)], []],
    ['that may not be stored', [request('/me', 200), request('/me', 401)], []],
    ['by default only', [request('/me', 200, byDefault)], ['WS303 GET /me possible 1 1']],
    [
      'by default, of a route that refuses others',
      [request('/me', 200, byDefault), request('/me', 401)],
      ['WS303 GET /me likely 1 1'],
    ],
    [
      'of a route that answers anybody',
      [request('/items', 200, byCookie), request('/items', 200, anonymous)],
      ['WS303 GET /items possible 1 1'],
    ],
    ['with a session cookie handed out', [request('/', 200, handsOut)], ['WS303 GET / proved 1 1']],
    [
      'one finding a route',
      [
        request('/users/17', 200, authorised),
        request('/users/18', 200, authorised),
        request('/users/18', 200, authorised),
      ],
      ['WS303 GET /users/{id} likely 3 2'],
    ],
  ])('%s', (_, requests, expected) => {
    expect(told(...requests)).toEqual(expected);
  });
});
