/** WS302 as an item. Pure. */
import type { Draft } from '../core/document.ts';
import type { StoreProtection } from '../core/safety/unprotected-store.ts';
import type { Judgement } from './catalogue.ts';
import { stateOf } from './finding-state.ts';

/** Judges a store by its WS302 findings. */
export function unprotectedStore({ loopback }: StoreProtection, drafts: readonly Draft[]): Judgement {
  if (loopback) return { state: 'not-applicable', evidence: 'only this machine reaches the address' };
  const [worst] = drafts;
  if (worst === undefined) return { state: 'ok', evidence: 'nothing found' };
  return { state: stateOf(worst), evidence: worst.summary, mend: worst.remedy.steps.join(' ') };
}
