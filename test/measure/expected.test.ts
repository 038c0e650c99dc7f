/** Whether an answer is what the case expects. */
import { expect, test } from 'vitest';
import { judgeOf } from '../../src/measure/expected.ts';

const nothing = { note: null, status: null, path: null, value: null };

test.each([
  ['any status below 400', nothing, 302, '', null],
  ['an error', nothing, 500, '', 'status 500'],
  ['the status that is named', { ...nothing, status: 404 }, 404, '', null],
  ['another than is named', { ...nothing, status: 404 }, 200, '', 'status 200'],
  ['a value', { ...nothing, path: '$.price', value: 12.5 }, 200, '{"price":"12.5"}', null],
  [
    'another value',
    { ...nothing, path: '$.price', value: 12.5 },
    200,
    '{"price":13}',
    '$.price is another value',
  ],
  ['no value', { ...nothing, path: '$.price', value: 1 }, 200, '{}', '$.price is not there'],
  ['absent is null', { ...nothing, path: '$.price', value: null }, 200, '{}', null],
  [
    'fields in another order',
    { ...nothing, path: '$', value: { a: 1, b: [2] } },
    200,
    '{"b":[2],"a":1}',
    null,
  ],
  ['no JSON', { ...nothing, path: '$.price', value: 1 }, 200, '<html>', 'the body is no JSON'],
])('%s', (_, expected, code, body, wrong) => expect(judgeOf(expected)(code, body)).toBe(wrong));
