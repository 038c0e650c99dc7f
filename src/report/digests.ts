/**
 * Digests as people see them: only as many digits as keep the digests of one finding apart. Documents keep them whole.
 */
import type { Finding, WitnessStep } from '../core/finding.ts';

const DIGEST = /\bh:([0-9a-f]{12})~?/g;
const FEWEST_DIGITS = 4;
const DIGITS = 12;

/** The finding with its digests shortened in all texts. */
export function withShortDigests(finding: Finding): Finding {
  const texts = [finding.summary, finding.explanation, ...finding.witness.flatMap(textsOf)];
  const all = new Set(texts.flatMap((text) => [...text.matchAll(DIGEST)].map((match) => match[1] ?? '')));
  const digits = distinguishing(all);
  const short = (text: string) => text.replace(DIGEST, (_, hex: string) => `h:${hex.slice(0, digits)}`);
  return {
    ...finding,
    summary: short(finding.summary),
    explanation: short(finding.explanation),
    witness: finding.witness.map((step) => ({
      ...step,
      text: short(step.text),
      ...(step.result !== undefined && { result: short(step.result) }),
      ...(step.note !== undefined && { note: short(step.note) }),
    })),
  };
}

function textsOf({ text, result, note }: WitnessStep): string[] {
  return [text, result ?? '', note ?? ''];
}

function distinguishing(all: ReadonlySet<string>): number {
  for (let digits = FEWEST_DIGITS; digits < DIGITS; digits += 1)
    if (new Set([...all].map((hex) => hex.slice(0, digits))).size === all.size) return digits;
  return DIGITS;
}
