/** WS113 ttl-lost and WS203 unbounded-ttl: keys that stay for ever, by accident or always. */
import type { CacheExpire, CacheWrite } from '../operation.ts';
import { shortened } from '../remedies/statement.ts';
import type { StepDraft } from '../timeline.ts';
import type { KeyState } from '../versions.ts';
import { cacheText } from '../wording.ts';
import { type CostFact, NO_TOKENS } from './cost.ts';

/** A write without TTL that is followed by EXPIRE within this time has one; ns. */
const EXPIRE_FOLLOWS = 1e9;

interface Loss {
  readonly op: CacheWrite | CacheExpire;
  readonly had: boolean;
  count: number;
  settled: boolean;
}

/** Follows each key's time to live. */
export class Ttls {
  readonly #losses = new Map<
    string,
    { readonly key: KeyState; loss: Loss | null; lost: Loss | null; bounded: boolean }
  >();

  change(key: KeyState, op: CacheWrite | CacheExpire, before: number | null | undefined): void {
    if (op.kind === 'write' && op.ttl === 'keep') return;
    let entry = this.#losses.get(key.id);
    if (entry === undefined) {
      entry = { key, loss: null, lost: null, bounded: false };
      this.#losses.set(key.id, entry);
    }
    if (entry.loss !== null) {
      const follows = op.kind === 'expire' && op.invoke - entry.loss.op.invoke <= EXPIRE_FOLLOWS;
      if (!follows) entry.lost = { ...entry.loss, count: (entry.lost?.count ?? 0) + 1, settled: true };
      entry.loss = null;
    }
    if (op.ttl === null) {
      const had = typeof before === 'number' || entry.bounded;
      entry.loss = { op, had, count: 1, settled: false };
    } else entry.bounded = true;
  }

  /** Keys without a time to live, as of now: those that had one before, and those that never had. */
  #unbounded(): { readonly key: KeyState; readonly loss: Loss }[] {
    const found: { key: KeyState; loss: Loss }[] = [];
    for (const { key, loss, lost } of this.#losses.values()) {
      const last = loss ?? lost;
      if (last !== null && !key.stats.scripted) found.push({ key, loss: last });
    }
    return found;
  }

  facts(templateOf: (key: KeyState) => string): CostFact[] {
    const bounded = new Set<string>();
    for (const entry of this.#losses.values()) if (entry.bounded) bounded.add(templateOf(entry.key));
    const facts: CostFact[] = [];
    for (const { key, loss } of this.#unbounded()) {
      const template = templateOf(key);
      // Locks and markers come and go without lineage; only cached source values are spoken of.
      if (key.fedTables.size === 0) continue;
      if (loss.had || bounded.has(template)) facts.push(ttlLost(key, loss, template));
      else facts.push(unboundedTtl(key, loss, template));
    }
    return facts;
  }
}

function byOf(key: KeyState, loss: Loss): CostFact['by'] {
  const { op } = loss;
  const claim = key.removals.find((removal) => removal.op === op)?.claim;
  if (claim != null) {
    const { interval, tokens, shape } = claim.write.commit;
    return { interval, tokens, shape };
  }
  return {
    interval: { invoke: op.invoke, return: op.return ?? Number.POSITIVE_INFINITY },
    tokens: NO_TOKENS,
    shape: null,
  };
}

function ttlStep({ op }: Loss): StepDraft {
  const note = 'no time to live from here';
  return { op: op.id, at: op.invoke, lane: 'writer', session: op.session, text: cacheText(op), note };
}

function ttlLost(key: KeyState, loss: Loss, template: string): CostFact {
  const how = loss.op.kind === 'expire' ? 'PERSIST' : `${loss.op.command} without a time to live`;
  return {
    code: 'WS113',
    key,
    keys: 1,
    events: loss.count,
    confidence: 'proved',
    by: byOf(key, loss),
    writes: true,
    summary: loss.had
      ? `${key.name} had a time to live and lost it by ${how}.`
      : `${key.name} has no time to live, while other keys of ${template} do.`,
    explanation: `A SET without EX, PX or KEEPTTL clears the time to live; the value now stays until something removes it.`,
    remedy: {
      title: 'set the time to live with every write of the key',
      steps: [
        `Give ${loss.op.kind === 'expire' ? 'SET' : loss.op.command} ${template} EX or PX, or KEEPTTL when the old one shall go on${fedBy(key)}.`,
        `Write ${template} in one place only.`,
      ],
      recipe: 'docs/recipes/ttl-with-jitter.md',
    },
    steps: () => [ttlStep(loss)],
  };
}

/** What the value is read with. */
function fedBy(key: KeyState): string {
  const [shape] = key.feeders;
  return shape === undefined ? '' : `, where the result of ${shortened(shape)} is cached`;
}

function unboundedTtl(key: KeyState, loss: Loss, template: string): CostFact {
  return {
    code: 'WS203',
    key,
    keys: 1,
    events: loss.count,
    confidence: 'proved',
    by: byOf(key, loss),
    writes: false,
    summary: `Every fill of ${template} is without a time to live.`,
    explanation:
      'Nothing bounds how long a value that is missed by an invalidation stays, nor how much memory the keys take.',
    remedy: {
      title: 'give every fill a time to live',
      steps: [
        `Add EX with some jitter to ${loss.op.kind === 'expire' ? 'SET' : loss.op.command} ${template}${fedBy(key)}: the bound of the damage when an invalidation is missed.`,
      ],
      recipe: 'docs/recipes/ttl-with-jitter.md',
    },
    steps: () => [ttlStep(loss)],
  };
}
