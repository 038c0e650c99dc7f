/**
 * WS302: a store that others can reach, and what stands between them and the data. Facts are gathered once per store, past
 * the proxies; a fact that the server does not tell is unknown, and nothing is said of it.
 */
import { CODES } from '../codes.ts';
import type { Draft } from '../document.ts';
import type { Confidence } from '../finding.ts';

/** How a store is protected, as far as it tells. */
export interface StoreProtection {
  readonly kind: 'redis' | 'postgres';
  /** `redis://cache.internal:6379`, without credentials. */
  readonly address: string;
  /** True when only this machine can reach the address. */
  readonly loopback: boolean;
  /** Whether the connection to it is encrypted. */
  readonly tls: boolean;
  /** Whether it runs commands of a client that shows no credentials; null: not known. */
  readonly open: boolean | null;
  /** Redis: whether `protected-mode` is on; null: not known, or not Redis. */
  readonly protectedMode: boolean | null;
  /** Commands or rights of the service's user that reach beyond its data; null: not known. */
  readonly dangerous: readonly string[] | null;
}

interface Lack {
  readonly confidence: Confidence;
  readonly summary: string;
  readonly explanation: string;
  readonly step: string;
}

/** A finding for each store that lacks something; `anywhere`: also for those on loopback. */
export function storeFindings(stores: readonly StoreProtection[], anywhere = false): Draft[] {
  return stores.flatMap((store) => {
    if (store.loopback && !anywhere) return [];
    const lacks = lacksOf(store);
    return lacks.length === 0 ? [] : [findingOf(store, lacks)];
  });
}

/** What a store lacks, worst first. An open store is certain; that others share its network is not. */
function lacksOf(store: StoreProtection): readonly Lack[] {
  const lacks: Lack[] = [];
  if (store.open === true) lacks.push(openLack(store));
  if (!store.tls && !store.loopback) lacks.push(CLEARTEXT);
  if (store.dangerous !== null && store.dangerous.length > 0)
    lacks.push(dangerousLack(store, store.dangerous));
  return lacks;
}

function openLack({ kind, protectedMode }: StoreProtection): Lack {
  const off =
    protectedMode === false
      ? ' Its protected mode is off, so it answers on every address it listens on.'
      : '';
  const step =
    kind === 'redis'
      ? 'Give the default user a password (requirepass) or turn it off, and log in as an ACL user of the service; bind the server to the network that needs it.'
      : 'Ask for a password in pg_hba.conf (scram-sha-256 in place of trust) for every host but the local one.';
  return {
    confidence: 'proved',
    summary: 'takes commands of anyone who reaches it',
    explanation: `It asked for no credentials.${off}`,
    step,
  };
}

const CLEARTEXT: Lack = {
  confidence: 'possible',
  summary: 'is reached without TLS',
  explanation: 'Values, and the password if there is one, cross the network in the clear.',
  step: 'Connect with TLS (rediss://, sslmode=verify-full), unless the network between is private to both.',
};

function dangerousLack({ kind }: StoreProtection, rights: readonly string[]): Lack {
  return {
    confidence: 'possible',
    summary: `lets the service's user do more than it needs (${rights.join(', ')})`,
    explanation: `The service's user has rights over the server itself: ${rights.join(', ')}.`,
    step:
      kind === 'redis'
        ? 'Give the service an ACL user without them: ACL SETUSER service … +@all -@admin -@dangerous.'
        : 'Give the service a role of its own, which is no superuser.',
  };
}

function findingOf(store: StoreProtection, lacks: readonly Lack[]): Draft {
  const worst = lacks[0]!;
  return {
    code: 'WS302',
    cause: CODES.WS302.name,
    template: store.address,
    key: store.address,
    db: 0,
    keys: 1,
    confidence: worst.confidence,
    staleForMs: 0,
    hits: 0,
    endedBy: null,
    writer: null,
    reader: null,
    witness: [],
    summary: `${store.address} ${lacks.map(({ summary }) => summary).join(', and ')}.`,
    explanation: lacks.map(({ explanation }) => explanation).join(' '),
    remedy: { title: 'protect the store', steps: lacks.map(({ step }) => step) },
  };
}
