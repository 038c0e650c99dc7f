/** One Redis: its protection, and what lies in it. Nothing is changed. */
import type { Redis } from 'ioredis';
import { numberFindings } from '../core/document.ts';
import { storeFindings } from '../core/safety/unprotected-store.ts';
import { unreachable } from '../doctor/connection.ts';
import { maskForms } from '../recording/mask.ts';
import { connectRedis } from '../watch/bypass.ts';
import { displayStore, type Store } from '../watch/stores.ts';
import { itemMaker } from './catalogue.ts';
import type { Part } from './contract.ts';
import { redisFacts } from './redis-facts.ts';
import { judgeRedis } from './redis-judge.ts';
import { sampleItems } from './sample-items.ts';
import { unprotectedStore } from './unprotected.ts';

/** Audits one store. `admin`: a login that may ask what the application's may not. */
export async function auditRedis(store: Store, admin: Store | null, label: string | null): Promise<Part> {
  const about = displayStore(store);
  const item = itemMaker(about, label);
  let redis: Redis;
  try {
    redis = await connectRedis(store);
  } catch (error) {
    const { evidence, mend } = unreachable('', store, error);
    return {
      unreachable: about,
      items: [
        item('redis.connection', {
          state: 'unknown',
          evidence: maskForms(evidence),
          ...(mend === undefined ? {} : { mend }),
        }),
      ],
    };
  }
  const second = admin === null ? null : await connectRedis(admin).catch((error: unknown) => asError(error));
  const asking = second instanceof Error ? null : second;
  try {
    const facts = await redisFacts(store, redis, asking);
    const drafts = storeFindings([facts.protection]);
    const sampled = await sampleItems(redis, Number(store.database ?? '0'), item);
    const note = second instanceof Error ? `; --redis-admin: ${maskForms(second.message)}` : '';
    return {
      items: [
        item('redis.connection', { state: 'ok', evidence: `it answers${note}` }),
        ...judgeRedis(facts).map(([name, judgement]) => item(name, judgement)),
        item('redis.unprotected-store', unprotectedStore(facts.protection, drafts)),
        ...sampled.items,
      ],
      findings: [...numberFindings(drafts), ...(sampled.findings ?? [])],
    };
  } finally {
    redis.disconnect();
    asking?.disconnect();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
