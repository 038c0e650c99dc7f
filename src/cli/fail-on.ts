/**
 * `--fail-on`: which findings make a run fail. A comma-separated list of codes (`WS104`), cause names
 * (`stale-fill-race`), groups (`staleness`, `safety`, `cost`, or `all`) and one confidence (`proved` or `likely`, the
 * least that counts). What is not named keeps its default: staleness and safety, likely and above. `never` stands alone.
 * Findings that are only `possible` never fail a run.
 */
import { Option } from 'commander';
import { type CauseCode, CODES, type CodeGroup } from '../core/codes.ts';
import type { Finding } from '../core/finding.ts';
import { WhystaleError } from '../errors.ts';

export interface FailOn {
  readonly codes: ReadonlySet<CauseCode>;
  /** The least confidence that fails a run. */
  readonly least: 'proved' | 'likely';
}

const ALL = Object.keys(CODES) as CauseCode[];
const GROUPS: readonly CodeGroup[] = ['staleness', 'cost', 'safety'];
const DEFAULT_GROUPS: readonly CodeGroup[] = ['staleness', 'safety'];

export const DEFAULT_FAIL_ON: FailOn = {
  codes: new Set(ALL.filter((code) => DEFAULT_GROUPS.includes(CODES[code].group))),
  least: 'likely',
};

/** Reads the option's text. Throws WSE003. */
export function parseFailOn(text: string): FailOn {
  const words = text.split(',').map((word) => word.trim());
  if (words.length === 1 && words[0] === 'never') return { codes: new Set(), least: 'likely' };
  const codes = new Set<CauseCode>();
  let least: FailOn['least'] | null = null;
  for (const word of words) {
    const named = codesNamed(word);
    if (named !== null) for (const code of named) codes.add(code);
    else if ((word === 'proved' || word === 'likely') && least === null) least = word;
    else throw notUnderstood(word);
  }
  return {
    codes: codes.size > 0 ? codes : DEFAULT_FAIL_ON.codes,
    least: least ?? DEFAULT_FAIL_ON.least,
  };
}

/** The findings that fail the run. */
export function failing(findings: readonly Finding[], { codes, least }: FailOn): Finding[] {
  return findings.filter(
    ({ code, confidence }) =>
      codes.has(code) && (confidence === 'proved' || (confidence === 'likely' && least === 'likely')),
  );
}

/** The option, the same on every command that reports findings. */
export function failOnOption(): Option {
  return new Option(
    '--fail-on <list>',
    'findings that end with exit code 1: codes, cause names, groups (staleness, safety, cost, all), the least confidence (proved, likely), or never',
  )
    .argParser(parseFailOn)
    .default(DEFAULT_FAIL_ON, 'staleness,safety,likely');
}

function codesNamed(word: string): readonly CauseCode[] | null {
  if (word === 'all') return ALL;
  if (GROUPS.some((group) => group === word)) return ALL.filter((code) => CODES[code].group === word);
  const found = ALL.filter((code) => code === word.toUpperCase() || CODES[code].name === word);
  return found.length > 0 ? found : null;
}

function notUnderstood(word: string): WhystaleError {
  const because =
    word === 'possible'
      ? 'findings that are only possible never fail a run'
      : word === 'never'
        ? 'it must stand alone'
        : 'it is no code, cause name, group or confidence, or a second confidence';
  return new WhystaleError({
    code: 'WSE003',
    what: `--fail-on does not take "${word}" here: ${because}.`,
    expected:
      'Codes (WS101,WS104), cause names (stale-fill-race), groups (staleness, safety, cost, all), proved or likely; or never.',
    retry: 'after-fix',
    next: 'See docs/findings.md for the codes.',
    exitCode: 2,
  });
}
