/**
 * The use case behind `whystale doctor`: looks at everything a run needs, changes nothing but leftovers of ours, which it
 * removes, and never throws on what it finds.
 */
import { WhystaleError } from '../errors.ts';
import { chooseStores, type StoreChoice, type StoreKind } from '../watch/stores.ts';
import type { Check, DoctorReport } from './check.ts';
import { engineChecks } from './engines.ts';
import { postgresChecks } from './postgres.ts';
import { redisChecks } from './redis.ts';
import { type Machine, systemChecks, thisMachine } from './system.ts';

export interface DoctorRequest {
  readonly env: NodeJS.ProcessEnv;
  /** Values of `--redis` and `--postgres`, as given. */
  readonly redis: readonly string[];
  readonly postgres: readonly string[];
  /** Folder that recordings would go to. */
  readonly recordingFolder: string;
  readonly machine?: Machine;
}

/**
 * Examines machine, engines and stores.
 *
 * @throws WhystaleError WSE421…WSE424 when an option (not a variable) cannot be read
 */
export async function examine(request: DoctorRequest): Promise<DoctorReport> {
  const redis = choices('redis', request);
  const postgres = choices('postgres', request);
  const needed = {
    redis: redis.stores.some(({ embedded }) => embedded),
    postgres: postgres.stores.some(({ embedded }) => embedded),
  };
  const groups = await Promise.all([
    systemChecks(request.machine ?? thisMachine(), request.recordingFolder),
    engineChecks(request.env, needed),
    storeChecks('redis', redis),
    storeChecks('postgres', postgres),
  ]);
  const checks = groups.flat();
  return {
    format: 'whystale-doctor/1',
    healthy: !checks.some(({ state, required }) => state === 'lack' && required),
    checks,
  };
}

interface Choices {
  readonly stores: readonly StoreChoice[];
  /** A variable that cannot be read is a finding of the examination, not a misuse of the command. */
  readonly unreadable: Check | null;
}

function choices(kind: StoreKind, request: DoctorRequest): Choices {
  try {
    return { stores: chooseStores(kind, request[kind], request.env), unreadable: null };
  } catch (error) {
    if (!(error instanceof WhystaleError) || request[kind].length > 0) throw error;
    const { what, next } = error.facts;
    const check = { id: `${kind}.url`, title: 'URL', required: true, state: 'lack' } as const;
    return { stores: [], unreadable: { ...check, evidence: what, mend: next } };
  }
}

async function storeChecks(kind: StoreKind, { stores, unreadable }: Choices): Promise<readonly Check[]> {
  const look = kind === 'redis' ? redisChecks : postgresChecks;
  const groups = stores.map((choice, index): Promise<readonly Check[]> => {
    const name = choice.embedded ? choice.name : choice.store.name;
    const label = name ?? (stores.length > 1 ? String(index + 1) : null);
    const prefix = label === null ? kind : `${kind}[${label}]`;
    if (!choice.embedded) return look(choice.store, prefix);
    const said =
      choice.origin === 'default'
        ? 'no URL is given: an embedded engine is started'
        : `embedded (${choice.origin})`;
    const evidence = choice.hint === undefined ? said : `${said}; ${choice.hint}`;
    return Promise.resolve([
      { id: `${prefix}.connection`, title: 'Connection', state: 'ok', evidence, required: true },
    ]);
  });
  return [...(unreadable === null ? [] : [unreadable]), ...(await Promise.all(groups)).flat()];
}
