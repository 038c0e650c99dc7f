import { describe, expect, test } from 'vitest';
import { WhystaleError } from '../../src/errors.ts';
import { errorDocument, errorText } from '../../src/report/error.ts';
import { FindingsSchema, findingsDocument } from '../../src/report/findings-document.ts';
import { findingMarkdown } from '../../src/report/markdown.ts';
import { PLAIN } from '../../src/report/style.ts';
import { ANALYSIS, RACE } from './sample.ts';

const DRAWING = { width: 80, style: PLAIN };

describe('whystale-findings/1', () => {
  const document = findingsDocument(ANALYSIS, {
    engine: { redis: '7.0.15', postgres: null, emulated: true },
    child: { exitCode: null, signal: 'SIGKILL' },
  });

  test('meets its schema and survives JSON', () => {
    expect(FindingsSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
  });

  test('has the fields of the contract', () => {
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining(['format', 'engine', 'summary', 'routes', 'templates', 'findings', 'child']),
    );
    expect(Object.keys(document.findings[0] ?? {})).toEqual(
      expect.arrayContaining([
        'id',
        'code',
        'cause',
        'template',
        'key',
        'db',
        'keys',
        'confidence',
        'staleForMs',
        'hits',
        'writer',
        'reader',
        'witness',
        'explanation',
        'remedy',
      ]),
    );
  });
});

describe('Markdown', () => {
  test('does not let names become markup', () => {
    const text = findingMarkdown({
      ...RACE,
      template: '`x`:{id}',
      key: 'a|b',
      summary: '<script>alert(1)</script> [link](x) *bold*',
      witness: [{ op: 1, atMs: 0, lane: 'reader', session: 's', text: 'GET ```' }],
    });
    expect(text).toContain('`` `x`:{id} ``');
    expect(text).toContain('a\\|b');
    expect(text).toContain('\\<script\\>');
    expect(text).toContain('````text');
  });
});

describe('errors', () => {
  const error = new WhystaleError({
    code: 'WSE201',
    what: 'w',
    expected: 'e',
    retry: 'safe',
    next: 'n',
    exitCode: 2,
  });

  test('are one document in JSON', () => {
    expect(errorDocument(error)).toEqual({
      error: { code: 'WSE201', what: 'w', expected: 'e', retry: 'safe', next: 'n' },
    });
  });

  test('that were not foreseen say so', () => {
    expect(errorDocument(new TypeError('x is undefined')).error).toMatchObject({
      code: 'WSE999',
      what: 'whystale failed unexpectedly: x is undefined',
    });
    expect(errorDocument('text').error.what).toContain('text');
  });

  test('show a stack only on demand', () => {
    expect(errorText(error, DRAWING)).not.toContain('documents.test');
    expect(errorText(error, DRAWING, true)).toContain('documents.test');
  });
});
