/** What differs between two fingerprints. Pure. */
import { VARIABLE_KINDS, type VariableKind } from '../case/contract.ts';
import type { Difference, Fingerprint, FingerprintEntry } from './contract.ts';
import { COMMIT, CONTENT, tableOfRows, WHOLE_PARTS } from './names.ts';
import { byText } from './sheet.ts';

/** Estimates of one row count differ by chance of the sample; less than this share is no difference. */
const ESTIMATE_TOLERANCE = 0.1;

/**
 * What differs, in order of kind, then name. An entry that one side could not look at is not compared; `unknown` of that fingerprint
 * says so. Commits of the same content (another message, other lock files) are no difference; one change of content is one
 * difference, however many files it touches.
 */
export function compareFingerprints(before: Fingerprint, after: Fingerprint): readonly Difference[] {
  const one = sideOf(before);
  const other = sideOf(after);
  const keys = new Set([...one.entries.keys(), ...other.entries.keys()]);
  const found = [...keys].flatMap((key): Difference[] => {
    const mine = one.entries.get(key);
    const theirs = other.entries.get(key);
    const entry = mine ?? theirs;
    if (entry === undefined || alike(mine?.value ?? null, theirs?.value ?? null)) return [];
    if (mine === undefined && excused(one, entry)) return [];
    if (theirs === undefined && excused(other, entry)) return [];
    const { kind, name } = entry;
    return [{ kind, name, before: mine?.value ?? null, after: theirs?.value ?? null }];
  });
  return oneChangeOfCode(found, one, other).toSorted(
    (a, b) => VARIABLE_KINDS.indexOf(a.kind) - VARIABLE_KINDS.indexOf(b.kind) || byText(a.name, b.name),
  );
}

/** The kinds that differ, each once, in their order. */
export function kindsThatDiffer(differences: readonly Difference[]): readonly VariableKind[] {
  return VARIABLE_KINDS.filter((kind) => differences.some((difference) => difference.kind === kind));
}

interface ComparedSide {
  readonly entries: ReadonlyMap<string, FingerprintEntry>;
  /** `kind name` of what could not be looked at. */
  readonly unknown: ReadonlySet<string>;
  /** Kinds of which a whole part could not be looked at. */
  readonly partly: ReadonlySet<VariableKind>;
}

function sideOf({ entries, unknown }: Fingerprint): ComparedSide {
  return {
    entries: new Map(entries.map((entry) => [keyOf(entry.kind, entry.name), entry])),
    unknown: new Set(unknown.map(({ kind, what }) => keyOf(kind, what))),
    partly: new Set(unknown.filter(({ what }) => WHOLE_PARTS.has(what)).map(({ kind }) => kind)),
  };
}

function keyOf(kind: VariableKind, name: string): string {
  return `${kind} ${name}`;
}

/** Whether a side lacks an entry for a reason that is no difference of its own. */
function excused(side: ComparedSide, { kind, name }: FingerprintEntry): boolean {
  if (side.partly.has(kind) || side.unknown.has(keyOf(kind, name))) return true;
  const table = kind === 'data' ? tableOfRows(name) : null;
  // A table that is not there has no rows: that is told once, as a difference of the schema.
  return table !== null && !side.entries.has(keyOf('schema', table)) && !side.partly.has('schema');
}

function alike(before: string | null, after: string | null): boolean {
  if (before === after) return true;
  const counts = [before, after].map((value) => /^~(\d+)$/.exec(value ?? '')?.[1]);
  const [a, b] = counts.map(Number);
  if (counts.includes(undefined) || a === undefined || b === undefined) return false;
  return Math.abs(a - b) <= ESTIMATE_TOLERANCE * Math.max(a, b);
}

function oneChangeOfCode(
  differences: readonly Difference[],
  one: ComparedSide,
  other: ComparedSide,
): readonly Difference[] {
  const content = keyOf('code', CONTENT);
  const both = one.entries.has(content) && other.entries.has(content);
  const is = ({ kind, name }: Difference, wanted: string): boolean => kind === 'code' && name === wanted;
  const differs = (wanted: string): boolean => differences.some((difference) => is(difference, wanted));
  const sameContent = both && !differs(CONTENT);
  const otherCommit = differs(COMMIT);
  return differences.filter((difference) => {
    if (is(difference, COMMIT)) return !sameContent;
    return !is(difference, CONTENT) || !otherCommit;
  });
}
