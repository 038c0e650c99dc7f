/** Scores of a note from 0 to 100, each the sum of points for what is there. The rules stand in docs/notes.md too. */
import type { Note } from './contract.ts';
import type { Counted } from './figures.ts';

export interface Score {
  readonly points: number;
  /** What points were given for, and what is missing. */
  readonly met: readonly string[];
  readonly missing: readonly string[];
}

export interface Scores {
  readonly reproducible: Score;
  /** Null: no date is known. */
  readonly fresh: Score | null;
  readonly deep: Score;
  readonly clear: Score;
}

type Rule<T> = readonly [points: number, what: string, met: (of: T) => boolean];
type Scored = Pick<Note, 'title' | 'fields' | 'facts'> & {
  readonly counted: Counted;
  readonly pictures: number;
};

const REPRODUCIBLE: readonly Rule<Scored>[] = [
  [30, 'commands', ({ facts }) => facts.commands],
  [25, 'a complete measured run', ({ facts }) => facts.measured],
  [20, 'a complete comparison', ({ facts }) => facts.compared],
  [10, 'a race that can be played again', ({ facts }) => facts.replay],
  [8, 'a rollback command', ({ facts }) => facts.rollback],
  [7, 'a rollback that a rehearsal confirmed', ({ facts }) => facts.confirmed],
];

const DEEP: readonly Rule<Scored>[] = [
  [20, 'at least 150 words', ({ counted }) => counted.words >= 150],
  [20, 'at least 400 words', ({ counted }) => counted.words >= 400],
  [20, 'a table', ({ counted }) => counted.tables > 0],
  [15, 'code', ({ counted }) => counted.code > 0],
  [15, 'a picture', ({ pictures }) => pictures > 0],
  [10, 'assumptions', ({ facts }) => facts.assumptions],
];

const CLEAR: readonly Rule<Scored>[] = [
  [15, 'a title of at most 80 characters', ({ title }) => title.length <= 80],
  [25, 'a summary of 20 to 300 characters', ({ fields }) => within(fields.summary?.length ?? 0, 20, 300)],
  [10, 'a context', ({ fields }) => fields.outline.context !== null],
  [10, 'a problem', ({ fields }) => fields.outline.problem !== null],
  [10, 'a stack', ({ fields }) => fields.outline.stack !== null || fields.stack.length > 0],
  [10, 'a recommended action', ({ fields }) => fields.outline.action !== null],
  [10, 'three headings', ({ counted }) => counted.headings >= 3],
  [
    10,
    'sentences of at most 25 words',
    ({ counted }) => counted.sentences > 0 && counted.proseWords <= 25 * counted.sentences,
  ],
];

/** Points by days since the last review, change or publication. */
const FRESH: readonly (readonly [days: number, points: number])[] = [
  [90, 100],
  [180, 75],
  [365, 50],
  [730, 25],
];

const DAY_MS = 86_400_000;

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** @param today `2026-01-31` */
export function scoresOf(of: Scored, today: string): Scores {
  return {
    reproducible: scored(REPRODUCIBLE, of),
    fresh: freshness(of.fields, today),
    deep: scored(DEEP, of),
    clear: scored(CLEAR, of),
  };
}

function scored(rules: readonly Rule<Scored>[], of: Scored): Score {
  const met = rules.filter(([, , test]) => test(of));
  return {
    points: met.reduce((sum, [points]) => sum + points, 0),
    met: met.map(([, what]) => what),
    missing: rules.filter((rule) => !met.includes(rule)).map(([, what]) => what),
  };
}

/** Steps and not days, so that a page stays the same from one day to the next. */
function freshness({ revision, updated, published }: Note['fields'], today: string): Score | null {
  const last = [revision.reviewed, updated, published]
    .filter((day) => day !== null)
    .sort()
    .at(-1);
  if (last === undefined) return null;
  const days = Math.max(0, (Date.parse(today) - Date.parse(last)) / DAY_MS);
  const [step, points] = FRESH.find(([most]) => days <= most) ?? [null, 0];
  return {
    points,
    met: step === null ? [] : [`a date at most ${step} days back, ${last}`],
    missing: step === null ? [`a date at most ${FRESH.at(-1)![0]} days back; the last is ${last}`] : [],
  };
}
