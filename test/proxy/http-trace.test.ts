/** The `traceparent` header, case by case. */
import { expect, test } from 'vitest';
import { traceOf } from '../../src/proxy/http-trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test.each([
  [`00-${TRACE}-${PARENT}-01`, TRACE],
  [`00-${TRACE}-${PARENT}-00`, TRACE],
  [` 00-${TRACE}-${PARENT}-01\t`, TRACE],
  [`cc-${TRACE}-${PARENT}-01`, TRACE],
  [`cc-${TRACE}-${PARENT}-01-what-comes-later`, TRACE],
])('%j is of its trace', (header, trace) => {
  expect(traceOf(header)).toBe(trace);
});

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['two of them', [`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`]],
  ['two of them in one', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ['the forbidden version', `ff-${TRACE}-${PARENT}-01`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
  ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
  ['no flags', `00-${TRACE}-${PARENT}`],
  ['more than version 00 has', `00-${TRACE}-${PARENT}-01-more`],
  ['more without a dash', `cc-${TRACE}-${PARENT}-01.more`],
  ['letters that are not hex', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
])('%s is no trace', (_, header) => {
  expect(traceOf(header)).toBeNull();
});
