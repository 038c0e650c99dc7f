/** Answers to the questions: effects with intervals, at a level that holds for all deciding questions together. */
import type { Block, Effect, Side } from '../contract.ts';
import { driftInflations } from './drift.ts';
import { type Estimate, estimate, FEWEST_PAIRS, type Resampling, reaches } from './interval.ts';
import { type Pair, pairsOf, pooled, type Unit, unitsOf, valuesOf } from './pairs.ts';
import { mean } from './quantile.ts';
import { type Question, questionsOf } from './questions.ts';

/** Differences below this are rounding, whatever the interval says. */
const ROUNDING = 1e-9;

export interface Asking extends Resampling {
  readonly confidence: number;
}

/** A question with what was measured for it. */
interface Asked {
  readonly question: Question;
  readonly units: readonly Unit[];
  /** Every value of a side, blocks without partner left out. */
  readonly values: Unit['values'];
  /** Counts in the family: it can raise an alarm. */
  readonly counts: boolean;
}

/** Effects in order of phase, then question; a question that one side has no sample for has no effect. */
export function effectsOf(blocks: readonly Block[], asking: Asking): readonly Effect[] {
  const asked = (['cold', 'warm'] as const).flatMap((phase) => {
    const pairs = pairsOf(blocks, phase);
    return questionsOf(phase, pairs)
      .map((question) => ask(question, pairs))
      .filter(({ values }) => values.before.length > 0 && values.after.length > 0);
  });
  // Bonferroni: an interval for every question at once, and no assumption on how the questions hang together.
  const family = Math.max(1, asked.filter(({ counts }) => counts).length);
  const alone = 1 - asking.confidence;
  const reachOf = reaches();
  const inflationOf = driftInflations();
  return asked.map((one) => {
    const spread = {
      alpha: judgesWork(one.question) ? alone / family : alone,
      inflation: one.units.length < FEWEST_PAIRS ? 1 : inflationOf(one.units),
      floor: one.question.share ? shareError(one.values) : 0,
    };
    return answer(one, (pairEffects) =>
      estimate(pairEffects, spread, asking, reachOf(pairEffects.length, spread)),
    );
  });
}

/**
 * Whether it is asked at the level of the family. Hit ratio and source calls raise no alarm and stand alone: with a wider interval a rise
 * of the hit ratio would be overlooked more often, and a warmer cache pass for faster work.
 */
function judgesWork({ decides, scale }: Question): boolean {
  return decides || scale === 'ratio';
}

function ask(question: Question, pairs: readonly Pair[]): Asked {
  const paired = pairs.map((pair) => valuesOf(pair, question.valueIn));
  const values = { before: pooled(paired, 'before'), after: pooled(paired, 'after') };
  const units = unitsOf(paired, question.enough);
  // Error rates of zero on both sides cannot differ; asking would only blunt the other questions.
  const silent = question.share && !values.before.some(Boolean) && !values.after.some(Boolean);
  return { question, units, values, counts: question.decides && !silent && units.length >= FEWEST_PAIRS };
}

function answer(asked: Asked, estimated: (pairEffects: Float64Array) => Estimate): Effect {
  const { question, units } = asked;
  if (units.length < FEWEST_PAIRS) return unanswered(asked);
  const figures = (side: Side) => Float64Array.from(units, (unit) => question.figure(unit.values[side]));
  const before = figures('before');
  const after = figures('after');
  const found = estimated(after.map((figure, index) => figure - (before[index] ?? 0)));
  return {
    ...outline(asked, mean(before), mean(after)),
    interval: { low: scaled(question, found.interval.low), high: scaled(question, found.interval.high) },
    verdict: verdictOf(question, found),
    // The gain, of times: a ratio below one. A slowdown of the inverse would have been shown as often.
    detectable: scaled(question, question.scale === 'ratio' ? -found.detectable : found.detectable),
  };
}

function unanswered(asked: Asked): Effect {
  const figure = (side: Side) => asked.question.figure(asked.values[side]);
  return {
    ...outline(asked, figure('before'), figure('after')),
    interval: null,
    verdict: 'unknown',
    detectable: null,
  };
}

function outline({ question, values }: Asked, before: number, after: number) {
  return {
    phase: question.phase,
    metric: question.metric,
    among: question.among,
    scale: question.scale,
    before: scaled(question, before),
    after: scaled(question, after),
    effect: scaled(question, after - before),
    samples: { before: values.before.length, after: values.after.length },
  };
}

/** Times are worked on as logarithms. */
function scaled({ scale }: Question, value: number): number {
  return scale === 'ratio' ? Math.exp(value) : value;
}

function verdictOf({ better }: Question, { interval }: Estimate): Effect['verdict'] {
  if (interval.high < -ROUNDING) return better === 'lower' ? 'better' : 'worse';
  if (interval.low > ROUNDING) return better === 'lower' ? 'worse' : 'better';
  return 'none';
}

/**
 * Standard error of a difference of two shares if every request were a coin of its own: the least it can be. One request of either kind
 * is added on each side, so that no error in a hundred requests does not pass for none ever (Agresti & Caffo, "Simple and effective
 * confidence intervals for proportions and differences of proportions", The American Statistician 54, 2000).
 */
function shareError(values: Unit['values']): number {
  const part = (own: Float64Array) => {
    const share = (own.reduce((sum, value) => sum + value, 0) + 1) / (own.length + 2);
    return (share * (1 - share)) / (own.length + 2);
  };
  return Math.sqrt(part(values.before) + part(values.after));
}
