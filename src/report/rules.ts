/** What each code means, in one sentence: the rules of a SARIF log. docs/findings.md says it at length. */
import { type CauseCode, CODES, type CodeGroup } from '../core/codes.ts';
import type { Severity } from './severity.ts';

const MEANINGS: Readonly<Record<CauseCode, string>> = {
  WS101: 'A write changes rows that feed a cached key and removes no key.',
  WS102: 'A write removes a key that nothing ever fills, in place of the one that is read.',
  WS103:
    'A key is removed while the transaction is still open, and filled again with the old row before the commit.',
  WS104: 'A fill that was read before the commit arrives after the invalidation.',
  WS105: 'The right removal was sent and failed, and was not tried again.',
  WS106: 'A value was cached that was never committed.',
  WS107: 'A key was filled from a replica that had not yet seen the commit.',
  WS108: 'An answer is older than both the cache and the database: a cache inside the process is stale.',
  WS109: 'Two writers wrote the cache in another order than they committed.',
  WS110: 'A write removes some of the keys that its rows feed, and forgets others.',
  WS111: 'The answer "no row" stays cached after the row was made.',
  WS112: 'Nothing but the time to live ends the value after a change.',
  WS113: 'A key that had a time to live lost it.',
  WS114: 'A cached value has a shape that the running release did not write or cannot read.',
  WS115: 'A key holds the value of another row than the one that was asked for.',
  WS201: 'A write removes many keys that its rows do not feed.',
  WS202: 'The same statement runs many times at once for one key that is missing.',
  WS203: 'No fill of a key template has a time to live.',
  WS204: 'Keys are filled and never read.',
  WS301: 'A secret stands in a key or in a cached value.',
  WS302: 'A store that others can reach asks for no credentials or does not encrypt.',
  WS303: 'A private response was cached where others are served from.',
};

const GROUP_MEANINGS: Readonly<Record<CodeGroup, string>> = {
  staleness: 'Reads are served values that the database no longer holds, or never held.',
  cost: 'The answers are right; the work behind them is more than is needed.',
  safety: 'What the cache holds can reach those whom it is not meant for.',
};

export interface Rule {
  readonly code: CauseCode;
  readonly name: string;
  readonly group: CodeGroup;
  /** One sentence. */
  readonly meaning: string;
  /** What the group of the code means for the service, one sentence. */
  readonly consequence: string;
  /** The loudest a finding of this code can be. */
  readonly severity: Severity;
  /** Section of the documentation, relative to the package. */
  readonly documentation: string;
}

/** Every code, in their order. */
export const RULES: readonly Rule[] = (Object.keys(CODES) as CauseCode[]).map((code) => {
  const { name, group } = CODES[code];
  return {
    code,
    name,
    group,
    meaning: MEANINGS[code],
    consequence: GROUP_MEANINGS[group],
    severity: group === 'cost' ? 'note' : 'error',
    documentation: `docs/findings.md#${code.toLowerCase()}-${name}`,
  };
});
