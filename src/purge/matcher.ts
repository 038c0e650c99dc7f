/**
 * Which keys belong to a template: where `{id}` or `{hash}` stands there must be one segment, or the part of one, as the core
 * cuts keys (core/keys.ts). `item:{id}` is `item:7` and not `item:7:price`. Pure.
 */
import { innerSegments, outerSegments } from '../core/keys.ts';
import { cutterOf } from '../core/templates.ts';

const VARIABLE = /\{id\}|\{hash\}/g;

/** Whether a text has parts that vary. */
export function isTemplate(text: string): boolean {
  return text.search(VARIABLE) >= 0;
}

/** Tells keys of a template from others. Names are as text. */
export function matcherOf(template: string): (key: string) => boolean {
  if (!isTemplate(template)) return (key) => key === template;
  const literals = template.split(VARIABLE);
  const cut = cutterOf(template);
  return (key) => {
    const values = cut(key);
    return values?.every((value) => value !== '') === true && fits(key, literals, values);
  };
}

/** Whether each value is a segment of the key, or an inner part of one. */
function fits(key: string, literals: readonly string[], values: readonly string[]): boolean {
  const cuts = cutsOf(key);
  let at = 0;
  for (const [i, value] of values.entries()) {
    const from = at + (literals[i]?.length ?? 0);
    at = from + value.length;
    const segment = cuts.find(({ start, end }) => start <= from && at <= end);
    if (segment === undefined) return false;
    const isWhole = segment.start === from && segment.end === at;
    if (!isWhole && !segment.inner.some(([start, end]) => start === from && end === at)) return false;
  }
  return true;
}

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly inner: readonly (readonly [start: number, end: number])[];
}

/** Where the segments of a key stand, separators left out. */
function cutsOf(key: string): readonly Cut[] {
  const cuts: Cut[] = [];
  let at = 0;
  for (const segment of outerSegments(key)) {
    const start = at;
    at += segment.text.length;
    if (segment.look === 'separator') continue;
    let within = start;
    const inner = innerSegments(segment).map(({ text }) => {
      const from = within;
      within += text.length;
      return [from, within] as const;
    });
    cuts.push({ start, end: at, inner });
  }
  return cuts;
}

/** The pattern for SCAN MATCH that every key of a template meets; other keys may meet it too. Bytes, in latin1. */
export function globOf(template: string, bytesOf: (text: string) => Uint8Array): Buffer {
  const parts = template.split(VARIABLE).map((text) =>
    Buffer.from(bytesOf(text))
      .toString('latin1')
      .replace(/[\\*?[\]]/g, '\\$&'),
  );
  return Buffer.from(parts.join('*'), 'latin1');
}
