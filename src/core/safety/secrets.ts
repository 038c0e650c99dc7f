/**
 * WS301: a credential or a card number stands in a cached value or in a key's name. What it is and where was told at capture
 * (`Payload.secrets`, `CacheKey.secrets`); here it is decided whether it is out of place, and told once a template.
 */
import type { CostFact } from '../costs/cost.ts';
import type {
  CacheKey,
  CacheOperation,
  CacheRead,
  CacheScript,
  CacheWrite,
  SecretFound,
  SecretKind,
} from '../operation.ts';
import type { StepDraft } from '../timeline.ts';
import type { KeyState } from '../versions.ts';
import { cacheText } from '../wording.ts';
import { isSessionStore } from './session-store.ts';

/** Secrets that are followed, and keys with a secret name; later ones are not told of. */
export const SECRET_LIMITS = { found: 10_000, named: 10_000 } as const;

type Carrier = CacheRead | CacheWrite | CacheScript;

interface Entry {
  readonly key: string;
  readonly secret: SecretFound;
  /** True when the name of the key is or holds it. */
  readonly named: boolean;
  readonly first: Carrier;
  events: number;
}

/** Gathers secrets while operations come. */
export class Secrets {
  readonly #named = new Map<string, readonly SecretFound[]>();
  readonly #entries = new Map<string, Entry>();
  /** Secrets among the arguments of scripts, by key and value. */
  readonly #given = new Map<string, readonly SecretFound[]>();

  add(op: CacheOperation): void {
    switch (op.kind) {
      case 'key':
        this.#name(op);
        return;
      case 'read':
        if (op.status === 'ok' && op.value !== null) this.#carried(op, op.key, this.#held(op, op.value));
        return;
      case 'write':
        if (op.applied && op.status !== 'fail') this.#carried(op, op.key, op.payload?.secrets);
        return;
      case 'script':
        if (op.status !== 'fail') this.#script(op);
        return;
      default:
        return;
    }
  }

  #name(op: CacheKey): void {
    if (op.secrets === undefined || this.#named.size >= SECRET_LIMITS.named) return;
    this.#named.set(idOf(op.db, op.key), op.secrets);
  }

  /** What a read gave: its own payload, or what a script was given and the read shows to have stored. */
  #held(op: CacheRead, value: string): readonly SecretFound[] | undefined {
    const name = `${idOf(op.db, op.key)}\u0000${value}`;
    const given = this.#given.get(name);
    this.#given.delete(name);
    return given ?? op.payload?.secrets;
  }

  /** Which key of a script its arguments went to is not on the wire: the first stands for all, until a read tells. */
  #script(op: CacheScript): void {
    for (const { value, payload } of op.candidates) {
      const secrets = payload?.secrets;
      if (secrets === undefined || this.#given.size >= SECRET_LIMITS.found) continue;
      for (const key of op.keys) this.#given.set(`${idOf(op.db, key)}\u0000${value}`, secrets);
    }
    for (const [i, key] of op.keys.entries()) {
      const held = i === 0 ? op.candidates.flatMap(({ payload }) => payload?.secrets ?? []) : [];
      this.#carried(
        op,
        key,
        held.map((secret) => ({ ...secret, certain: false })),
      );
    }
  }

  #carried(op: Carrier, key: string, held: readonly SecretFound[] | undefined): void {
    if (held === undefined && this.#named.size === 0) return;
    const id = idOf(op.db, key);
    for (const secret of held ?? []) this.#note(op, id, secret, false);
    for (const secret of this.#named.get(id) ?? []) this.#note(op, id, secret, true);
  }

  #note(first: Carrier, key: string, secret: SecretFound, named: boolean): void {
    const name = `${key}\u0000${secret.kind}\u0000${secret.place}\u0000${named}`;
    const known = this.#entries.get(name);
    if (known !== undefined) {
      known.events++;
      if (secret.certain && !known.secret.certain) this.#entries.set(name, { ...known, secret, first });
    } else if (this.#entries.size < SECRET_LIMITS.found)
      this.#entries.set(name, { key, secret, named, first, events: 1 });
  }

  /** One fact a template. */
  facts(keys: ReadonlyMap<string, KeyState>, templateOf: (key: KeyState) => string): CostFact[] {
    const byTemplate = new Map<string, Found[]>();
    for (const entry of this.#entries.values()) {
      const key = keys.get(entry.key);
      if (key === undefined || !isMisplaced(key, entry)) continue;
      const template = templateOf(key);
      const found = byTemplate.get(template) ?? [];
      found.push({ ...entry, state: key });
      byTemplate.set(template, found);
    }
    return [...byTemplate].map(([template, found]) => factOf(template, found));
  }
}

interface Found extends Entry {
  readonly state: KeyState;
}

function idOf(db: number, key: string): string {
  return `${db} ${key}`;
}

/** What no session needs to hold. */
const NEVER_IN_SESSIONS: ReadonlySet<SecretKind> = new Set(['password-hash', 'card-number', 'private-key']);

/** A session store holds what a session is made of; that is its job. A secret in a name is out of place everywhere. */
function isMisplaced(key: KeyState, { secret, named }: Entry): boolean {
  return named || NEVER_IN_SESSIONS.has(secret.kind) || !isSessionStore(key.name);
}

/** What each kind is called in a sentence. */
export const SECRET_NAMES: Readonly<Record<SecretKind, string>> = {
  'api-key': 'an API key',
  'bearer-token': 'a token',
  'card-number': 'a card number',
  jwt: 'a JWT',
  password: 'a password',
  'password-hash': 'a password hash',
  'private-key': 'a private key',
  secret: 'a shared secret',
  'session-secret': 'a session secret',
};

function factOf(template: string, found: readonly Found[]): CostFact {
  const sorted = [...found].sort(
    (a, b) => Number(b.secret.certain) - Number(a.secret.certain) || b.events - a.events,
  );
  const worst = sorted[0]!;
  const { first, state, secret } = worst;
  return {
    code: 'WS301',
    key: state,
    keys: new Set(found.map((entry) => entry.key)).size,
    events: found.reduce((sum, entry) => sum + entry.events, 0),
    confidence: secret.certain ? 'proved' : 'likely',
    by: {
      interval: { invoke: first.invoke, return: first.return ?? Number.POSITIVE_INFINITY },
      tokens: state.parts,
      shape: null,
    },
    writes: first.kind !== 'read',
    summary: `${template} holds ${listOf(sorted.map(whatAndWhere))}.`,
    explanation: explain(sorted),
    remedy: { title: titleOf(sorted), steps: stepsFor(sorted, template) },
    steps: () => [stepOf(worst)],
  };
}

function whatAndWhere({ secret, named }: Found): string {
  const what = SECRET_NAMES[secret.kind];
  if (named)
    return secret.place === '' ? `${what} in its name` : `${what} in its name, after ${secret.place}`;
  return secret.place === '' ? what : `${what} at ${secret.place}`;
}

/** Kinds and places named at most. */
const MOST_NAMED = 4;

function listOf(all: readonly string[]): string {
  const distinct = [...new Set(all)];
  const shown = distinct.slice(0, MOST_NAMED);
  if (distinct.length > shown.length) shown.push(`${distinct.length - shown.length} more`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

function explain(found: readonly Found[]): string {
  const certain = found[0]?.secret.certain === true;
  const how = certain
    ? ''
    : ' What it is was told by the name it stands under, and by its looking as if it were drawn at random.';
  return found.some(({ named }) => named)
    ? `Names of keys are seen by whoever may run SCAN or MONITOR, and stand in slow logs and dumps; a secret in one is given away.${how}`
    : `Whoever may read the cache, a dump or a replica of it has the secret too, and no access rule of the database stands before it.${how}`;
}

function titleOf(found: readonly Found[]): string {
  return found.every(({ named }) => named)
    ? 'keep the secret out of the name'
    : 'keep the secret out of the cache';
}

const ROTATED: ReadonlySet<SecretKind> = new Set(['api-key', 'private-key', 'secret', 'bearer-token', 'jwt']);

function stepsFor(found: readonly Found[], template: string): readonly string[] {
  const held = found.filter(({ named }) => !named);
  const places = [...new Set(held.map(({ secret }) => secret.place).filter((place) => place !== ''))];
  const steps: string[] = [];
  if (places.length > 0)
    steps.push(
      `Name the fields that readers need when ${template} is filled, and leave ${listOf(places)} out.`,
    );
  else if (held.length > 0)
    steps.push(
      `Keep in ${template} only a keyed hash (HMAC) to compare with, or encrypt the value with a key of the service.`,
    );
  if (found.some(({ named }) => named))
    steps.push('Put a keyed hash (HMAC) of the secret into the name in its place.');
  if (found.some(({ secret }) => ROTATED.has(secret.kind)))
    steps.push('Take what was cached as known to others: revoke it and issue a new one.');
  steps.push(`Remove the keys of ${template} that are there already.`);
  return steps;
}

function stepOf(found: Found): StepDraft {
  const { first, state, named } = found;
  const text = first.kind === 'script' ? `${first.command} ${state.name}` : cacheText(first);
  return {
    op: first.id,
    at: first.invoke,
    lane: first.kind === 'read' ? 'reader' : 'writer',
    session: first.session,
    text,
    result: whatAndWhere(found),
    note: named ? 'anyone who sees the name has it' : 'anyone who reads the cache has it',
    decisive: true,
  };
}
