/** Which differences of two fingerprints may be, so that what is measured has one cause. Pure. */
import type { VariableKind } from '../case/contract.ts';
import { type Difference, kindsThatDiffer } from '../fingerprint/index.ts';
import type { Comparison } from './contract.ts';

export type JudgedDifference = Comparison['differences'][number];

/** `--allow same`: both sides may be the same, to see what chance alone makes. */
export const ALLOW_SAME = 'same';

export interface DifferenceRules {
  /** What the case declares as the one change. */
  readonly declared: VariableKind | null;
  /** Of the case, and of the command line: kinds or names. */
  readonly allowedByCase: readonly string[];
  readonly allowedHere: readonly string[];
  /** `commands`: the command itself is what is compared. `urls`: what differs is not known. */
  readonly sides: 'revisions' | 'commands' | 'urls';
  /** Whether the commits differ in files alone that the case's set-up is made of: these show as what they set up. */
  readonly setupOnly: boolean;
}

export interface Comparability {
  readonly differences: readonly JudgedDifference[];
  /** Why they cannot be compared; null: they can. */
  readonly refusal: string | null;
  /** What to allow to go on all the same. */
  readonly toAllow: readonly string[];
}

/** How long a key lives is written in code, or set by a variable or the server. */
const CARRIERS: Readonly<Partial<Record<VariableKind, readonly VariableKind[]>>> = {
  'cache-policy': ['code', 'environment', 'redis'],
};

export function comparability(found: readonly Difference[], rules: DifferenceRules): Comparability {
  const excused = found.map((difference) => ({ ...difference, allowed: allowanceOf(difference, rules) }));
  const open = excused.filter(({ allowed }) => allowed === null);
  const carrier = carrierOf(open, rules);
  const differences = excused.map((one) =>
    one.allowed === null && one.kind === carrier
      ? { ...one, allowed: `the change (${declaredName(one.kind, rules)})` }
      : one,
  );
  const disturbing = differences.filter(({ allowed }) => allowed === null);
  if (disturbing.length > 0)
    return {
      differences,
      refusal: refusalOf(disturbing, differences, rules),
      toAllow: toAllow(disturbing, rules),
    };
  return sameness(differences, rules);
}

/** The kind that the one change turns: the declared one, or the only one that there is. */
function carrierOf(open: readonly Difference[], { declared }: DifferenceRules): VariableKind | null {
  const kinds = kindsThatDiffer(open);
  if (declared === null) return kinds.length === 1 ? (kinds[0] ?? null) : null;
  const carriers = CARRIERS[declared];
  if (carriers === undefined) return declared;
  const carrying = kinds.filter((kind) => carriers.includes(kind));
  return carrying.length === 1 ? (carrying[0] ?? null) : null;
}

function declaredName(kind: VariableKind, { declared }: DifferenceRules): string {
  return declared ?? kind;
}

function allowanceOf({ kind, name }: Difference, rules: DifferenceRules): string | null {
  const named = (list: readonly string[]) => list.includes(kind) || list.includes(name);
  if (rules.sides === 'commands' && kind === 'environment' && name === 'command')
    return 'the commands compared';
  if (named(rules.allowedHere)) return '--allow';
  if (named(rules.allowedByCase)) return 'allow of the case';
  if (kind === 'code' && rules.setupOnly && rules.declared !== 'code') return 'files of the set-up alone';
  return null;
}

/** What would have to be allowed. Where nothing is declared, one kind may be the change: the first, which is code where code differs. */
function toAllow(disturbing: readonly Difference[], { declared }: DifferenceRules): readonly string[] {
  const [first, ...others] = kindsThatDiffer(disturbing);
  if (declared !== null || others.length === 0) return namesOf(disturbing);
  return namesOf(disturbing.filter(({ kind }) => kind !== first));
}

/** Each kind once, or by its only name. */
function namesOf(differences: readonly Difference[]): readonly string[] {
  return kindsThatDiffer(differences).map((kind) => {
    const names = differences.filter((difference) => difference.kind === kind).map(({ name }) => name);
    return names.length === 1 ? (names[0] ?? kind) : kind;
  });
}

const MOST_NAMES = 4;

function listed(differences: readonly Difference[]): string {
  return kindsThatDiffer(differences)
    .map((kind) => {
      const names = differences.filter((difference) => difference.kind === kind).map(({ name }) => name);
      const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
      return `${kind} (${names.slice(0, MOST_NAMES).join(', ')}${more})`;
    })
    .join(' and ');
}

function refusalOf(
  disturbing: readonly Difference[],
  all: readonly JudgedDifference[],
  { declared }: DifferenceRules,
): string {
  const change = all.filter(({ allowed }) => allowed?.startsWith('the change') === true);
  if (change.length > 0)
    return `More than the one change differs: besides ${listed(change)} also ${listed(disturbing)}, so that it cannot be told which of them made a difference.`;
  if (declared === null || kindsThatDiffer(disturbing).length > 1)
    return `More than one variable differs: ${listed(disturbing)}, so that it cannot be told which of them made a difference.`;
  return `The case says that its one change is of the kind ${declared}, but what differs is ${listed(disturbing)}.`;
}

function sameness(differences: readonly JudgedDifference[], rules: DifferenceRules): Comparability {
  const allowed = [...rules.allowedHere, ...rules.allowedByCase].includes(ALLOW_SAME);
  if (differences.length > 0 || rules.sides === 'urls' || allowed)
    return { differences, refusal: null, toAllow: [] };
  return {
    differences,
    refusal: 'Both sides are the same: nothing that is looked at differs, so there is nothing to compare.',
    toAllow: [ALLOW_SAME],
  };
}
