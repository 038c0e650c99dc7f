/**
 * Scores findings against what cases expect. Pure.
 *
 * A finding is *right* when its code (and template, where one is given) is expected, *allowed* when its code is true of the
 * service besides the point of the case, and *extra* otherwise. Findings of confidence `possible` neither help nor hurt.
 * An expectation is *found* when a right finding has at least the confidence asked for, else *missed*.
 */
import type { CauseCode } from '../../src/core/codes.ts';
import type { Finding } from '../../src/core/finding.ts';
import type { Expectation } from './case.ts';

/** What of a case matters to its score. */
export interface Expected {
  readonly name: string;
  readonly expect: readonly Expectation[];
  readonly allow: readonly CauseCode[];
  readonly known?: string | undefined;
}

/** What of a finding matters to its score. */
export type Found = Pick<Finding, 'code' | 'template' | 'confidence'>;

export interface CaseScore {
  readonly name: string;
  readonly known: string | null;
  readonly expected: readonly Expectation[];
  readonly missed: readonly Expectation[];
  readonly right: readonly Found[];
  readonly extra: readonly Found[];
}

/** Counts; `precision` and `recall` are null where nothing was found or expected. */
export interface Figures {
  readonly expected: number;
  readonly found: number;
  readonly missed: number;
  readonly right: number;
  readonly extra: number;
  readonly precision: number | null;
  readonly recall: number | null;
}

export interface Score {
  readonly cases: readonly CaseScore[];
  /** Cases without a `known` mark only, like all figures below. */
  readonly overall: Figures;
  readonly proved: Figures;
  readonly codes: readonly (Figures & { readonly code: CauseCode })[];
  /** Whether the goals are met. */
  readonly good: boolean;
}

/** The goals: see README.md. */
export const PROVED_PRECISION_GOAL = 1;
export const RECALL_GOAL = 0.95;

export function scoreCase(expected: Expected, findings: readonly Found[]): CaseScore {
  const counted = findings.filter(({ confidence }) => confidence !== 'possible');
  const right = counted.filter((finding) => expected.expect.some((wanted) => meets(finding, wanted)));
  const missed = expected.expect.filter(
    (wanted) => !right.some((finding) => meets(finding, wanted) && isSureEnough(finding, wanted)),
  );
  const extra = counted.filter(
    (finding) => !right.includes(finding) && !expected.allow.includes(finding.code),
  );
  return {
    name: expected.name,
    known: expected.known ?? null,
    expected: expected.expect,
    missed,
    right,
    extra,
  };
}

export function score(cases: readonly CaseScore[]): Score {
  const counted = cases.filter(({ known }) => known === null);
  const codes = [...new Set(counted.flatMap(codesOf))].sort();
  const overall = figures(counted, () => true);
  const proved = provedFigures(counted);
  return {
    cases,
    overall,
    proved,
    codes: codes.map((code) => ({ code, ...figures(counted, (item) => item.code === code) })),
    good: (proved.precision ?? 1) >= PROVED_PRECISION_GOAL && (overall.recall ?? 1) >= RECALL_GOAL,
  };
}

function codesOf({ expected, extra }: CaseScore): readonly CauseCode[] {
  return [...expected, ...extra].map(({ code }) => code);
}

function figures(cases: readonly CaseScore[], concerns: (item: { code: CauseCode }) => boolean): Figures {
  const count = (items: (one: CaseScore) => readonly { code: CauseCode }[]) =>
    cases.reduce((sum, one) => sum + items(one).filter(concerns).length, 0);
  return counts({
    expected: count((one) => one.expected),
    missed: count((one) => one.missed),
    right: count((one) => one.right),
    extra: count((one) => one.extra),
  });
}

/** Of the findings that say `proved`; expected here is what a case asks to be proved. */
function provedFigures(cases: readonly CaseScore[]): Figures {
  const proved = cases.map((one) => ({
    ...one,
    expected: one.expected.filter(({ confidence }) => confidence === 'proved'),
    missed: one.missed.filter(({ confidence }) => confidence === 'proved'),
    right: one.right.filter(({ confidence }) => confidence === 'proved'),
    extra: one.extra.filter(({ confidence }) => confidence === 'proved'),
  }));
  return figures(proved, () => true);
}

function counts(of: Pick<Figures, 'expected' | 'missed' | 'right' | 'extra'>): Figures {
  const found = of.expected - of.missed;
  return { ...of, found, precision: share(of.right, of.right + of.extra), recall: share(found, of.expected) };
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function meets(finding: Found, { code, template }: Expectation): boolean {
  return finding.code === code && (template === undefined || shapeOf(finding.template) === shapeOf(template));
}

function isSureEnough(finding: Found, { confidence }: Expectation): boolean {
  return confidence !== 'proved' || finding.confidence === 'proved';
}

/** Templates alike up to the names of their placeholders. */
function shapeOf(template: string): string {
  return template.replace(/\{(?:id|hash|n|page|slug)\}/g, '{}');
}
