import { describe, expect, it } from 'vitest';
import { credentialsOf } from '../../src/proxy/http-credentials.ts';
import { sharedResponse } from '../../src/watch/http-sharing.ts';

type Fields = Readonly<Record<string, string>>;

const raw = (fields: Fields) => Object.entries(fields).flat();

function told(credentials: 'authorization' | 'cookie' | 'none', fields: Fields, method = 'GET'): string {
  const shared = sharedResponse(method, credentials, raw(fields));
  if (shared === null) return 'no';
  return shared.setsSession === true ? `${shared.by}, sets a session` : shared.by;
}

const json = { 'Content-Type': 'application/json' };

describe('what shared caches may store (RFC 9111)', () => {
  it.each([
    ['authorization', { 'Cache-Control': 'public, max-age=60' }, 'explicit'],
    ['authorization', { 'cache-control': 'S-MaxAge=60' }, 'explicit'],
    ['authorization', { 'Cache-Control': 'max-age="60", must-revalidate' }, 'explicit'],
    ['authorization', { 'Cache-Control': 'max-age=60' }, 'no'],
    ['authorization', {}, 'no'],
    ['cookie', { 'Cache-Control': 'public' }, 'explicit'],
    ['cookie', { 'Cache-Control': 'max-age=60' }, 'default'],
    ['cookie', {}, 'no'],
    [
      'cookie',
      { Date: 'Mon, 01 Jan 2024 00:00:00 GMT', Expires: 'Mon, 01 Jan 2024 01:00:00 GMT' },
      'default',
    ],
    ['cookie', { Date: 'Mon, 01 Jan 2024 00:00:00 GMT', Expires: '0' }, 'no'],
    ['none', { 'Cache-Control': 'public, max-age=60' }, 'explicit'],
    ['cookie', { 'Cache-Control': 'private, max-age=60' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, no-store' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, no-cache' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, max-age=0' }, 'no'],
    ['cookie', { 'Cache-Control': 'max-age=600, s-maxage=0' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, max-age=60', Vary: 'Accept-Encoding, Cookie' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, max-age=60', Vary: 'Accept-Encoding' }, 'explicit'],
    ['cookie', { 'Cache-Control': 'public, max-age=60', Vary: 'Authorization' }, 'explicit'],
    ['authorization', { 'Cache-Control': 'public, max-age=60', Vary: 'authorization' }, 'no'],
    ['authorization', { 'Cache-Control': 'public, max-age=60', Vary: '*' }, 'no'],
    [
      'none',
      { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'sessionid=a1b2; Path=/' },
      'explicit, sets a session',
    ],
    [
      'none',
      { 'Cache-Control': 'max-age=60', 'Set-Cookie': '__Host-sid=a1b2', Vary: 'Cookie' },
      'default, sets a session',
    ],
    ['none', { 'Cache-Control': 'public', 'Set-Cookie': 'sessionid=; Max-Age=0' }, 'explicit'],
    ['none', { 'Cache-Control': 'public', 'Set-Cookie': 'lang=sv' }, 'explicit'],
    ['none', { 'Cache-Control': 'private', 'Set-Cookie': 'sessionid=a1b2' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, max-age=9999', 'Content-Type': 'text/css' }, 'no'],
    ['cookie', { 'Cache-Control': 'public, max-age=9999', 'Content-Type': 'image/png' }, 'no'],
    ['authorization', { 'Cache-Control': 'public, max-age=9999', 'Content-Type': 'image/png' }, 'explicit'],
  ] as const)('%s, %j: %s', (credentials, fields, expected) => {
    expect(told(credentials, { ...json, ...fields })).toBe(expected);
  });

  it('speaks of GET and HEAD only', () => {
    const fields = { 'Cache-Control': 'public, max-age=60' };
    expect(told('cookie', fields, 'HEAD')).toBe('explicit');
    expect(told('cookie', fields, 'POST')).toBe('no');
  });
});

describe('who asks', () => {
  it.each([
    [{ authorization: 'Bearer abc' }, 'authorization'],
    [{ authorization: 'Basic abc', cookie: 'sid=1' }, 'authorization'],
    [{ cookie: 'sessionid=abc; csrftoken=def' }, 'cookie'],
    [{ cookie: 'connect.sid=s%3Aabc' }, 'cookie'],
    [{ cookie: 'PHPSESSID=abc' }, 'cookie'],
    [{ cookie: 'JSESSIONID=abc' }, 'cookie'],
    [{ cookie: '_shop_session=abc' }, 'cookie'],
    [{ cookie: 'access_token=abc' }, 'cookie'],
    [{ cookie: '.AspNetCore.Identity.Application=abc' }, 'cookie'],
    [{ cookie: 'next-auth.session-token=abc' }, 'cookie'],
    [{ cookie: 'wordpress_logged_in_1=abc' }, 'cookie'],
    [{ cookie: '_ga=GA1.2.3; lang=sv; theme=dark; cart=17' }, 'none'],
    [{ cookie: '_hjSessionUser_1=abc; ai_session=abc; csrftoken=def; XSRF-TOKEN=x' }, 'none'],
    [{ cookie: 'author=ada; sessionid=' }, 'none'],
    [{}, 'none'],
  ])('%j: %s', (headers, expected) => {
    expect(credentialsOf(headers)).toBe(expected);
  });
});
