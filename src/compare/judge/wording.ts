/** The sentence that gives the reason of a verdict, with its figures. */
import { counted, duration, percent } from '../../core/numbers.ts';
import type { Phase, Sample } from '../../measure/contract.ts';
import type { Block, Effect } from '../contract.ts';
import { type Gain, hitRatio } from './gain.ts';
import { FEWEST_PAIRS } from './interval.ts';
import { pairsOf } from './pairs.ts';

const PHASES = ['cold', 'warm'] as const;

export function becauseWorse(worse: readonly Effect[], better: readonly Effect[]): string {
  const first = worse.some(({ metric }) => metric === 'error-rate')
    ? [...worse].sort(
        (one, other) => Number(other.metric === 'error-rate') - Number(one.metric === 'error-rate'),
      )
    : worse;
  const although = better.length === 0 ? '' : `, although ${list(better.map(moved))}`;
  return sentence(`${list(first.map(moved))}${although}`);
}

export function becauseBetter(better: readonly Effect[], gain: Gain, effects: readonly Effect[]): string {
  return sentence(`${list(better.map(moved))}${origin(better, gain, effects)}`);
}

function origin(better: readonly Effect[], gain: Gain, effects: readonly Effect[]): string {
  if (gain === 'faster-work') return ', by faster work';
  if (gain === 'both') return `, by faster work and by more hits (${ratios(better, effects)})`;
  if (gain === 'more-hits') return `, by more hits (${ratios(better, effects)}), not by faster work`;
  if (better.every(({ scale }) => scale === 'difference')) return '';
  return '; whether by faster work or by more hits is not known, as too few requests tell whether they hit';
}

export function becauseMoreHits(better: readonly Effect[], effects: readonly Effect[]): string {
  return sentence(
    `${list(better.map(moved))}, but the gain comes from more hits alone (${ratios(better, effects)}): ` +
      'neither hits nor misses nor cold requests got faster, so this is no faster work',
  );
}

export function becauseErrors(better: readonly Effect[], deciding: readonly Effect[]): string {
  const errors = deciding.filter(({ metric, effect }) => metric === 'error-rate' && effect > 0);
  return sentence(
    `${list(better.map(moved))}, but ${list(errors.map(moved))}, which may be chance, and failed requests ` +
      'have no time: the slow ones may have failed instead',
  );
}

export function becauseNothing(medians: readonly Effect[], blocks: readonly Block[]): string {
  const missing = PHASES.filter(
    (phase) =>
      blocks.some((block) => block.phase === phase) && !medians.some((effect) => effect.phase === phase),
  );
  const unsaid = missing.length === 0 ? '' : `; too little was measured of the ${list(missing)} phase`;
  const figures = medians.map((effect) => {
    const least = percent(1 - (effect.detectable ?? 0));
    return `${moved(effect)}, where a gain of ${least} would have shown in four of five runs`;
  });
  return sentence(`no difference beyond chance: ${figures.join('; ')}${unsaid}`);
}

export function becauseTooLittle(blocks: readonly Block[], answered: (sample: Sample) => boolean): string {
  const samples = (side: Block['side']) =>
    blocks.filter((block) => block.side === side).flatMap((block) => block.samples);
  for (const side of ['before', 'after'] as const) {
    if (samples(side).length === 0) return sentence(`too little was measured: nothing of the side ${side}`);
    if (!samples(side).some(answered))
      return sentence(
        `too little was measured: of ${counted(samples(side).length, 'request')} on the side ${side} none was ` +
          'answered as expected',
      );
  }
  const pairs = (phase: Phase) => counted(pairsOf(blocks, phase).length, 'pair');
  const requests = `${counted(samples('before').length, 'request')} before and ${counted(samples('after').length, 'request')} after`;
  return sentence(
    `too little was measured for an interval: ${pairs('cold')} of cold blocks and ${pairs('warm')} of warm ones with ` +
      `${requests}, where ${FEWEST_PAIRS} pairs with five answered requests a side are needed`,
  );
}

/** `the warm median fell from 120 ms to 74.4 ms (38 % less, interval 30 % to 45 %)`. */
function moved(effect: Effect): string {
  const { before, after } = effect;
  const direction = after < before ? 'fell' : 'rose';
  const from = `${shown(effect, before)} to ${shown(effect, after)}`;
  const verb = shown(effect, before) === shown(effect, after) ? 'stayed at' : `${direction} from`;
  const figures = verb === 'stayed at' ? shown(effect, after) : from;
  return `the ${name(effect)} ${verb} ${figures}${extent(effect)}`;
}

function name({ phase, metric }: Effect): string {
  if (metric === 'p50') return `${phase} median`;
  return metric === 'p99' ? `${phase} 99th percentile` : `${phase} error rate`;
}

function shown({ scale }: Effect, value: number): string {
  return scale === 'ratio' ? duration(value) : percent(value);
}

function extent(effect: Effect): string {
  if (effect.interval === null) return '';
  const { low, high } = effect.interval;
  if (effect.scale === 'difference')
    return effect.verdict === 'none' ? '' : ` (by ${span(Math.abs(low), Math.abs(high))})`;
  if (effect.verdict === 'none') return ` (ratio ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return ` (by ${span(Math.abs(1 - low), Math.abs(1 - high))})`;
}

/** Least first. */
function span(one: number, other: number): string {
  const [least, most] = [percent(Math.min(one, other)), percent(Math.max(one, other))];
  return least === most ? least : `${least} to ${most}`;
}

function ratios(better: readonly Effect[], effects: readonly Effect[]): string {
  const phases = PHASES.filter((phase) => better.some((effect) => effect.phase === phase));
  return list(
    phases
      .map((phase) => hitRatio(effects, phase))
      .filter((effect) => effect?.verdict === 'better')
      .map((effect) => `${effect!.phase} hit ratio ${percent(effect!.before)} to ${percent(effect!.after)}`),
  );
}

function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
