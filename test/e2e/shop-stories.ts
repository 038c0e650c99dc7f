/**
 * What watching an example shop must conclude: with a bug switched on, its code, proved, and no other staleness; without
 * one, nothing. The traffic knows what it wrote, so its own count of stale answers is what is compared with.
 */
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { runTraffic, type TrafficResult } from '../../examples/traffic.mjs';
import { CODES } from '../../src/core/codes.ts';
import type { Finding } from '../../src/core/finding.ts';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { type CliEnd, withWhystale } from '../support/cli.ts';
import { freePort, pythonWith } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';

export type ShopKind = 'node-shop' | 'fastapi-shop';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const TEST_LIMIT_MS = 90_000;
/** Traffic for a staleness bug goes on until it met this many stale answers. */
const STALE_ENOUGH = 5;
const STALE_LIMIT_S = 30;
/** And a little longer, so that the values left behind are looked at. */
const AFTERWARDS_MS = 700;
const COST_SECONDS = 4;
const FIXED_SECONDS = 8;
const FIXED_CLIENTS = 30;
/** Hits below which silence would say nothing, on a slow machine too. */
const LOOKED_AT = 200;

interface Story {
  readonly bug: string;
  readonly code: keyof typeof CODES;
  readonly template: string;
  /** Who leaves the value behind; only staleness has a writer for certain. */
  readonly writer?: string;
  readonly clients: number;
}

const STORIES: readonly Story[] = [
  { bug: 'missing-invalidation', code: 'WS101', template: 'stock:{id}', writer: 'POST /orders', clients: 8 },
  { bug: 'wrong-key', code: 'WS102', template: 'item:{id}', writer: 'PUT /items/{id}', clients: 8 },
  {
    bug: 'invalidate-before-commit',
    code: 'WS103',
    template: 'item:{id}',
    writer: 'PUT /items/{id}',
    clients: 12,
  },
  { bug: 'stale-fill-race', code: 'WS104', template: 'item:{id}', writer: 'PUT /items/{id}', clients: 12 },
  { bug: 'ttl-only', code: 'WS112', template: 'user:{id}', writer: 'PUT /users/{id}', clients: 8 },
  { bug: 'ttl-lost', code: 'WS113', template: 'user:{id}', clients: 8 },
  { bug: 'over-invalidation', code: 'WS201', template: 'item:{id}', clients: 8 },
  { bug: 'stampede', code: 'WS202', template: 'stats:sales', clients: 8 },
];

/** What every run sees of each; a thorough one sees all of both. */
const EVERY_RUN: Readonly<Record<ShopKind, ReadonlySet<string>>> = {
  // The others are in the story of a whole case, and in the corpus.
  'node-shop': new Set(['wrong-key', 'invalidate-before-commit', 'stale-fill-race', 'ttl-only']),
  'fastapi-shop': new Set(['stale-fill-race', 'ttl-lost', 'stampede']),
};

interface Watched {
  readonly end: CliEnd;
  readonly document: FindingsDocument;
  readonly traffic: TrafficResult;
}

interface Plan {
  readonly bug: string;
  readonly clients: number;
  readonly seconds: number;
  /** Ends the traffic early. */
  readonly until?: (traffic: TrafficResult) => boolean;
}

/** The tests of one shop. */
export function describeWatchedShop(kind: ShopKind): void {
  const whystale = withWhystale();

  async function watchShop({ bug, clients, seconds, until }: Plan): Promise<Watched> {
    const [listen, target] = [await freePort(), await freePort()];
    const [command, file] = commandOf(kind);
    const run = whystale.start([
      ...['watch', '--json', '--out', join(whystale.folder(`${kind}-${bug}`), 'rec')],
      ...['--http', `${listen}=http://127.0.0.1:${target}`],
      ...['--env', `PORT=${target}`, '--env', `SHOP_BUG=${bug}`, '--env', 'PYTHONDONTWRITEBYTECODE=1'],
      ...['--', command, file],
    ]);
    await run.sees(/HTTP on /);
    const enough = new AbortController();
    const traffic = await runTraffic({
      url: `http://127.0.0.1:${listen}`,
      scenario: bug,
      seconds,
      clients,
      signal: enough.signal,
      onProgress: (progress) => {
        if (until?.(progress)) pause(AFTERWARDS_MS).then(() => enough.abort());
      },
    });
    const end = await run.interrupt();
    return { end, document: FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument, traffic };
  }

  describe('a bug is named', () => {
    test.each(STORIES.filter(({ bug }) => THOROUGH || EVERY_RUN[kind].has(bug)))(
      '$bug is $code on $template',
      async ({ bug, code, template, writer, clients }) => {
        const group = CODES[code].group;
        // A lost time to live serves nothing old while every write rewrites the key.
        const stale = group === 'staleness' && bug !== 'ttl-lost';
        const watched = await watchShop({
          bug,
          clients,
          ...(stale
            ? { seconds: STALE_LIMIT_S, until: ({ staleAnswers }) => staleAnswers >= STALE_ENOUGH }
            : { seconds: COST_SECONDS }),
        });
        const { end, document, traffic } = watched;
        const named = document.findings.filter((finding) => finding.code === code);
        expect(named.map(shown), report(watched)).toContainEqual(
          expect.objectContaining({ code, template, confidence: 'proved', ...(writer && { writer }) }),
        );
        expect(otherStaleness(document, code).map(shown), report(watched)).toEqual([]);
        expect(end.exitCode, report(watched)).toBe(group === 'staleness' ? 1 : 0);
        expect(traffic.errors, report(watched)).toBe(0);
        if (stale) expectSameOrder(document.summary.staleHits, traffic.staleAnswers);
        else
          expect({ answers: traffic.staleAnswers, hits: document.summary.staleHits }).toEqual({
            answers: 0,
            hits: 0,
          });
        if (stale) expectExplained(named);
      },
      TEST_LIMIT_MS,
    );
  });

  test(
    'the fixed service under heavy traffic has no finding',
    async () => {
      const watched = await watchShop({ bug: '', clients: FIXED_CLIENTS, seconds: FIXED_SECONDS });
      const { end, document, traffic } = watched;
      expect(document.findings.map(shown), report(watched)).toEqual([]);
      expect({ answers: traffic.staleAnswers, hits: document.summary.staleHits }).toEqual({
        answers: 0,
        hits: 0,
      });
      expect(end.exitCode, report(watched)).toBe(0);
      expect(traffic.errors, report(watched)).toBe(0);
      expect(document.child?.exitCode).toBe(0);
      // Silence must come from having looked: nearly every hit must be understood.
      const { hits, hitsWithKnownFill } = document.coverage;
      expect(hits).toBeGreaterThan(LOOKED_AT);
      expect(hitsWithKnownFill / hits).toBeGreaterThan(0.95);
    },
    TEST_LIMIT_MS,
  );
}

function commandOf(kind: ShopKind): readonly [command: string, file: string] {
  return kind === 'node-shop'
    ? [process.execPath, join(EXAMPLES, kind, 'server.mjs')]
    : [pythonWith('fastapi', 'uvicorn', 'psycopg', 'redis'), join(EXAMPLES, kind, 'app.py')];
}

const shown = ({ code, template, confidence, writer }: Finding) => ({ code, template, confidence, writer });

function otherStaleness(document: FindingsDocument, code: string): readonly Finding[] {
  return document.findings.filter(
    (finding) => finding.code !== code && CODES[finding.code].group === 'staleness',
  );
}

/** One stale hit may give several stale answers (shared flights) or none (a changed column that no answer is held against). */
function expectSameOrder(hits: number, answers: number): void {
  expect(answers).toBeGreaterThan(0);
  expect(hits, `${hits} stale hits, ${answers} stale answers`).toBeGreaterThan(0);
  expect(hits / answers, `${hits} stale hits, ${answers} stale answers`).toBeGreaterThan(0.5);
  expect(hits / answers, `${hits} stale hits, ${answers} stale answers`).toBeLessThan(10);
}

/** A finding that is proved shows how: steps in order of time, one of them decisive, and a remedy. */
function expectExplained(findings: readonly Finding[]): void {
  for (const { witness, explanation, remedy, confidence, key } of findings) {
    if (confidence !== 'proved') continue;
    expect(
      witness.filter(({ decisive }) => decisive),
      key,
    ).toHaveLength(1);
    expect(witness.map(({ atMs }) => atMs)).toEqual(
      witness.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
    expect(explanation).not.toBe('');
    expect(remedy.steps.length).toBeGreaterThan(0);
  }
}

/** What is printed when an expectation fails. */
function report({ end, document, traffic }: Watched): string {
  const findings = document.findings.map(
    ({ code, template, key, confidence, hits, writer, summary }) =>
      `${code} ${template} ${key} ${confidence} ${hits} ${writer}: ${summary}`,
  );
  return [
    `exit ${end.exitCode}; ${document.summary.staleHits} stale hits; recording ${document.recording}`,
    `traffic: ${traffic.requests} requests, ${traffic.errors} errors, ${traffic.staleAnswers} stale answers`,
    ...traffic.notes.slice(0, 5),
    ...findings,
    end.stderr.replaceAll(/^.*(?:GET|PUT|POST) \/.*\n/gm, '').slice(-1_500),
  ].join('\n');
}
