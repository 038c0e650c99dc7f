/** The rows of a comparison: what text and Markdown have in common. Pure. */
import type { Comparison, Effect, Side } from '../compare/contract.ts';
import { effectChange, effectValue } from '../compare/effect-words.ts';
import { count, percent } from '../core/numbers.ts';
import type { Phase, PhaseFigures } from '../measure/contract.ts';

export const EFFECT_HEADINGS = ['figure', 'before', 'after', 'effect', 'interval', 'says', 'least'] as const;

const NAMES: Readonly<Record<Effect['metric'], string>> = {
  p50: 'p50',
  p99: 'p99',
  'error-rate': 'errors',
  'hit-ratio': 'hits',
  'source-calls': 'calls',
};

const PHASE_WIDTH = 6;

/** One row an effect, then one for the race. */
export function effectRows({ effects, race }: Pick<Comparison, 'effects' | 'race'>): readonly string[][] {
  const rows = effects.map((effect, i) => {
    const [name = '', ...figures] = cells(effect);
    const phase = effects[i - 1]?.phase === effect.phase ? '' : effect.phase;
    return [`${phase.padEnd(PHASE_WIDTH)}${name}`, ...figures];
  });
  if (race === null) return rows;
  const causes = (side: Side) => race[side].causes.join(' ') || '-';
  const effect = `${causes('before')} → ${causes('after')}`;
  return [
    ...rows,
    [
      'race'.padEnd(PHASE_WIDTH).concat('orderings'),
      race.before.verdict,
      race.after.verdict,
      effect,
      '',
      raceSays(race),
      '',
    ],
  ];
}

function raceSays({ before, after }: NonNullable<Comparison['race']>): string {
  if (after.verdict === 'unknown' || before.verdict === 'unknown') return '-';
  if (before.verdict === after.verdict) return 'none';
  return after.verdict === 'valid' ? 'better' : 'worse';
}

function cells(effect: Effect): readonly string[] {
  const { metric, among, before, after, interval, verdict, detectable } = effect;
  return [
    among === 'all' ? NAMES[metric] : `${NAMES[metric]} of ${among}`,
    effectValue(effect, before),
    effectValue(effect, after),
    effectChange(effect, effect.effect),
    interval === null ? '-' : range(effect, interval),
    verdict === 'unknown' ? '-' : verdict,
    detectable === null ? '-' : effectChange(effect, detectable).replace(/^\+/, ''),
  ];
}

/** `-65 to -55 %`: the unit once. */
function range(effect: Effect, { low, high }: NonNullable<Effect['interval']>): string {
  return `${effectChange(effect, low).replace(/ (?:%|pp)$/, '')} to ${effectChange(effect, high)}`;
}

export const LEGEND =
  'Times count from when a request was due. hits: share of requests answered from the cache; calls: database statements per request; pp: percentage points; interval: 95 % for all rows that decide (p50, p99, errors) together; least: the smallest effect that this many turns would have shown in four of five runs.';

/** What the stores were asked over whole phases, also by requests that overlapped; null: nothing is known of it. */
export function totalsSentence({ sides }: Pick<Comparison, 'sides'>): string | null {
  const parts = (['cold', 'warm'] as const).flatMap((phase) => {
    const [before, after] = [sides.before[phase], sides.after[phase]];
    if (
      before === null ||
      after === null ||
      before.sourceCallsPerRequest === null ||
      after.sourceCallsPerRequest === null
    )
      return [];
    return [phaseTotals(phase, before, after)];
  });
  return parts.length === 0 ? null : `Over all requests, before → after: ${parts.join('; ')}.`;
}

function phaseTotals(phase: Phase, before: PhaseFigures, after: PhaseFigures): string {
  const hits = ({ hits: found, misses }: PhaseFigures) =>
    found + misses === 0 ? 'none' : percent(found / (found + misses));
  const calls = ({ sourceCallsPerRequest }: PhaseFigures) => (sourceCallsPerRequest ?? 0).toFixed(2);
  return `${phase} cache reads that hit ${hits(before)} → ${hits(after)}, database calls a request ${calls(before)} → ${calls(after)}`;
}

export const DIFFERENCE_HEADINGS = ['differs', 'kind', 'before', 'after', 'may it'] as const;

/** Differences that stand in the way first. */
export function differenceRows({ differences }: Pick<Comparison, 'differences'>): readonly string[][] {
  return differences
    .toSorted((a, b) => Number(a.allowed !== null) - Number(b.allowed !== null))
    .map(({ kind, name, before, after, allowed }) => [
      name,
      kind,
      short(before),
      short(after),
      allowed ?? 'no',
    ]);
}

const LONGEST_VALUE = 14;

function short(text: string | null): string {
  if (text === null) return 'absent';
  // Ids of commits are told by their beginning.
  if (/^[0-9a-f]{40}$/.test(text)) return text.slice(0, 7);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}

/** Which sides, how many turns, how much load. */
export function aboutSentence({ sides, blocks, complete }: Comparison): string {
  const { load, cold, warm } = sides.after;
  const head = `before: ${sides.before.source}; after: ${sides.after.source}`;
  if (blocks === 0 && cold === null && warm === null) return `${head}. Nothing was measured.`;
  const planned = `${load.rate}/s`;
  const requests = (side: Side) =>
    count((sides[side].cold?.requests ?? 0) + (sides[side].warm?.requests ?? 0));
  return `${head}. Measured in turn at ${planned}${complete ? '' : ', not to the end'}: ${requests('before')} requests before, ${requests('after')} after.`;
}

/** What is known in one line: findings that were met on one side only. */
export function findingsSentence({ sides }: Pick<Comparison, 'sides'>): string | null {
  const names = (side: Side) =>
    sides[side].findings.map(({ code, template }) => `${code}${template === null ? '' : ` ${template}`}`);
  const only = (side: Side, other: Side) =>
    [...new Set(names(side))].filter((name) => !names(other).includes(name));
  const [gone, come] = [only('before', 'after'), only('after', 'before')];
  const parts = [
    ...(come.length === 0 ? [] : [`only after: ${come.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`only before: ${gone.join(', ')}`]),
  ];
  return parts.length === 0 ? null : `Findings met while measuring, ${parts.join('; ')}.`;
}
