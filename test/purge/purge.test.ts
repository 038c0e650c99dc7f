import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRedis } from '../../src/engines/redis.ts';
import { WhystaleError } from '../../src/errors.ts';
import { applyPlan } from '../../src/purge/apply.ts';
import { PURGE_LIMITS, type PurgeEvents } from '../../src/purge/contract.ts';
import { stateOfPlan } from '../../src/purge/folder.ts';
import { applyShown, planPurge, purgeAtOnce, resumePurge, undo } from '../../src/purge/index.ts';
import { readEntries } from '../../src/purge/journal.ts';
import { freePort, withRedis } from '../support/engines.ts';
import { differences, everyKey, FAST, NO_SOURCES, seedThings, selecting, THINGS, withPurge } from './keys.ts';

const server = withRedis();
const { connect, place, folder } = withPurge(server);

const THING = selecting({ templates: ['thing:{id}'] });
const AT_ONCE = { sources: NO_SOURCES, applying: FAST };
const UNDO = { rate: 100_000, dryRun: false, otherStore: false };
const NO_EVENTS: PurgeEvents = {};

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof WhystaleError) return error.facts.code;
  throw new Error(`no coded error: ${String(error)}`);
}

describe('a plan', () => {
  it('names the keys of a template, of every type, and touches nothing', async () => {
    const redis = connect();
    await seedThings(redis);
    await redis.mset('thing:1:price', 1, 'things:1', 2);
    const before = await everyKey(redis);
    const { state, plan, result, folder: made } = await planPurge(place(), THING, NO_SOURCES, NO_EVENTS);
    expect({ state, result, keys: plan.keys }).toEqual({ state: 'planned', result: null, keys: THINGS });
    expect(plan.bytes.total).toBeGreaterThan(500);
    expect(plan.ttl).toMatchObject({ none: THINGS - 3, sampled: THINGS });
    expect(plan.sample).toContain('thing:\\xff\\xfe\\x00\\'.replace('\\x00', '\u0000'));
    expect(differences(before, await everyKey(redis))).toEqual([]);
    expect(readdirSync(made).sort()).toEqual(['keys.jsonl', 'plan.json']);
    expect(statSync(join(made, 'keys.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('says which named keys are not there, and masks secrets in names', async () => {
    const redis = connect();
    const secret = 'session:sk_live_4eC39HqLyjWDarjtT1zdp7dc';
    await redis.set(secret, 1);
    const where = place();
    const document = await planPurge(where, selecting({ keys: [secret, 'nope'] }), NO_SOURCES, NO_EVENTS);
    expect(document.plan).toMatchObject({ keys: 1, absent: 1 });
    expect(JSON.stringify(document)).not.toContain('4eC39HqLyjWDarjtT1zdp7dc');
    expect((await applyShown(where, null, FAST, NO_EVENTS)).result?.removed).toBe(1);
  });

  it.each([
    [selecting({})],
    [selecting({ templates: ['item:*'] })],
    [selecting({ templates: ['{id}'] })],
  ])('is refused for %j', async (selection) => {
    expect(await codeOf(planPurge(place(), selection, NO_SOURCES, NO_EVENTS))).toBe('WSE780');
  });
});

describe('a purge', () => {
  it('removes what was planned and nothing else; undo brings every byte and every expiry back', async () => {
    const redis = connect();
    await seedThings(redis);
    await redis.set('other:1', 'stays');
    const before = await everyKey(redis);
    const where = place();
    const purged = await purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS);
    expect(purged).toMatchObject({ state: 'done', result: { removed: THINGS, gone: 0, changing: 0 } });
    expect([...(await everyKey(redis)).keys()]).toEqual(['other:1']);
    expect(statSync(join(purged.folder, 'snapshot.bin')).mode & 0o777).toBe(0o600);
    const undone = await undo(where, purged.folder, UNDO, NO_EVENTS);
    expect(undone).toMatchObject({ state: 'done', removed: THINGS, restored: THINGS });
    expect(differences(before, await everyKey(redis))).toEqual([]);
    const again = await undo(where, purged.folder, UNDO, NO_EVENTS);
    expect(again).toMatchObject({ restored: 0, left: { 'restored-before': THINGS } });
  });

  it('is refused when more keys match than were shown, and a new plan is made', async () => {
    const redis = connect();
    await seedThings(redis);
    const where = place();
    await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    await redis.set('thing:99', 'new');
    const before = await everyKey(redis);
    const refusal = applyShown(where, null, FAST, NO_EVENTS);
    await expect(refusal).rejects.toThrow(`${THINGS} keys then, ${THINGS + 1} now`);
    expect(differences(before, await everyKey(redis))).toEqual([]);
    expect((await applyShown(where, null, FAST, NO_EVENTS)).result?.removed).toBe(THINGS + 1);
  });

  it('in one go holds itself against the plan that was shown before', async () => {
    const redis = connect();
    await seedThings(redis);
    const where = place();
    await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    await redis.set('thing:99', 'new');
    expect(await codeOf(purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS))).toBe('WSE784');
    expect((await purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS)).result?.removed).toBe(THINGS + 1);
  });

  it('is refused when the list of keys is not the one that was shown', async () => {
    await seedThings(connect());
    const where = place();
    const { folder: made } = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    writeFileSync(join(made, 'keys.jsonl'), '"other:1"\n');
    expect(await codeOf(applyShown(where, made, FAST, NO_EVENTS))).toBe('WSE786');
    expect(existsSync(join(made, 'snapshot.bin'))).toBe(false);
  });

  it('never removes a value that is not in the snapshot: a key written in between is taken anew', async () => {
    const redis = connect();
    await redis.mset('thing:1', 'old', 'thing:2', 'two');
    const where = place();
    let writes = 0;
    const events: PurgeEvents = {
      step: async (step) => {
        if (step === 'synced' && writes++ === 0) await redis.set('thing:1', 'newer');
      },
    };
    const { folder: made, result } = await purgeAtOnce(where, THING, AT_ONCE, events);
    expect(result).toMatchObject({ removed: 2, changing: 0 });
    await undo(where, made, UNDO, NO_EVENTS);
    expect(await redis.mget('thing:1', 'thing:2')).toEqual(['newer', 'two']);
  });

  it('leaves a key alone that is written each time it is to be removed', async () => {
    const redis = connect();
    await redis.mset('thing:1', 0, 'thing:2', 'two');
    const events: PurgeEvents = {
      step: async (step) => {
        if (step === 'synced') await redis.incr('thing:1');
      },
    };
    const { state, result } = await purgeAtOnce(place(), THING, AT_ONCE, events);
    expect({ state, ...result }).toMatchObject({ state: 'done', removed: 1, changing: 1 });
    expect(Number(await redis.get('thing:1'))).toBeGreaterThanOrEqual(PURGE_LIMITS.attempts);
  });

  it('ends between two batches when interrupted, and goes on', async () => {
    const redis = connect();
    for (let i = 0; i < 120; i++) await redis.set(`thing:${i}`, i);
    const stop = new AbortController();
    const events: PurgeEvents = { step: (step) => (step === 'noted' ? stop.abort() : undefined) };
    const first = await purgeAtOnce(place({ signal: stop.signal }), THING, AT_ONCE, events);
    expect(first).toMatchObject({ state: 'interrupted', result: { removed: PURGE_LIMITS.batch } });
    expect(await redis.dbsize()).toBe(120 - PURGE_LIMITS.batch);
    const second = await resumePurge(place(), first.folder, FAST, NO_EVENTS);
    expect(second).toMatchObject({ state: 'done', result: { removed: 120 } });
    expect([...readEntries(join(first.folder, 'snapshot.bin'))]).toHaveLength(120);
  });

  it('that loses its connection says so, and can be resumed and taken back', async () => {
    const redis = connect();
    await seedThings(redis);
    const before = await everyKey(redis);
    const where = place();
    const { folder: made } = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    const events: PurgeEvents = {
      step: async (step) => {
        if (step === 'synced') await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      },
    };
    expect(await codeOf(applyShown(where, made, FAST, events))).toBe('WSE792');
    expect(differences(before, await everyKey(redis))).toEqual([]);
    const resumed = await resumePurge(where, made, FAST, NO_EVENTS);
    expect(resumed).toMatchObject({ state: 'done', result: { removed: THINGS } });
    await undo(where, made, UNDO, NO_EVENTS);
    expect(differences(before, await everyKey(redis))).toEqual([]);
  });

  it('that goes on leaves what was written since it was killed', async () => {
    const redis = connect();
    await redis.mset('thing:1', 'old', 'thing:2', 'two');
    const where = place();
    const earlier = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    const { folder: made } = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    const events: PurgeEvents = {
      step: (step) => {
        if (step === 'removed') throw new Error('killed');
      },
    };
    expect(await codeOf(applyShown(where, made, FAST, events))).toBe('WSE792');
    // Not the plan before it: that was shown, and is not what was meant last.
    expect(stateOfPlan(earlier.folder)).toBe('waiting');
    expect(await codeOf(applyShown(where, null, FAST, NO_EVENTS))).toBe('WSE788');
    await redis.set('thing:1', 'refilled');
    const resumed = await resumePurge(where, made, FAST, NO_EVENTS);
    expect(resumed.result).toMatchObject({ removed: 1, refilled: 1 });
    await undo(where, made, UNDO, NO_EVENTS);
    expect(await redis.mget('thing:1', 'thing:2')).toEqual(['refilled', 'two']);
  });

  it('leaves alone what could not be restored for its size', async () => {
    const redis = connect();
    await redis.mset('thing:1', randomBytes(500), 'thing:2', 'two');
    const where = place();
    const { folder: made, plan } = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    const request = { folder: made, plan, rate: 1_000, largest: 200, signal: where.signal };
    const { finished, tally } = await applyPlan(redis, request);
    expect({ finished, ...tally }).toMatchObject({ finished: true, removed: 1, large: 1 });
    expect(await redis.strlen('thing:1')).toBe(500);
  });

  it('that may not even look says which command was refused', async () => {
    const redis = connect();
    await redis.call('ACL', 'SETUSER', 'blind', 'on', '>secret', '~*', 'nocommands', '+ping', '+select');
    const url = server.url().replace('redis://', 'redis://blind:secret@');
    const refusal = planPurge(place({ url }), THING, NO_SOURCES, NO_EVENTS);
    await expect(refusal).rejects.toThrow(/NOPERM.*scan.*Nothing was touched/is);
    await redis.call('ACL', 'DELUSER', 'blind');
  });

  it('keeps to its rate', async () => {
    const redis = connect();
    for (let i = 0; i < 20; i++) await redis.set(`thing:${i}`, i);
    const began = performance.now();
    await purgeAtOnce(place(), THING, { sources: NO_SOURCES, applying: { ...FAST, rate: 40 } }, NO_EVENTS);
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  it('needs neither scripts nor INFO', async () => {
    const redis = connect();
    await seedThings(redis);
    const commands = 'ping select scan exists pttl time dump watch unwatch multi exec unlink restore'.split(
      ' ',
    );
    const rules = [
      'on',
      '>secret',
      'resetkeys',
      '~thing:*',
      'nocommands',
      ...commands.map((name) => `+${name}`),
    ];
    await redis.call('ACL', 'SETUSER', 'purger', ...rules);
    const url = server.url().replace('redis://', 'redis://purger:secret@');
    const where = place({ url });
    const before = await everyKey(redis);
    const purged = await purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS);
    expect(purged).toMatchObject({
      state: 'done',
      result: { removed: THINGS },
      plan: { bytes: { total: null } },
    });
    expect(readFileSync(join(purged.folder, 'plan.json'), 'utf8')).not.toContain('secret');
    await undo(where, purged.folder, UNDO, NO_EVENTS);
    expect(differences(before, await everyKey(redis))).toEqual([]);
    await redis.call('ACL', 'DELUSER', 'purger');
  });
});

describe('an undo', () => {
  async function purgedThings() {
    const redis = connect();
    await seedThings(redis);
    const where = place();
    const { folder: made } = await purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS);
    return { redis, where, made };
  }

  it('leaves what was refilled and what would have expired', async () => {
    const redis = connect();
    await redis.set('thing:1', 'short', 'PX', 300);
    await redis.mset('thing:2', 'old', 'thing:3', 'back');
    const where = place();
    const { folder: made } = await purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS);
    await redis.set('thing:2', 'refilled');
    await new Promise((resolve) => setTimeout(resolve, 350));
    const dry = await undo(where, made, { ...UNDO, dryRun: true }, NO_EVENTS);
    expect(await redis.dbsize()).toBe(1);
    const real = await undo(where, made, UNDO, NO_EVENTS);
    for (const document of [dry, real])
      expect(document).toMatchObject({ restored: 1, left: { refilled: 1, expired: 1 } });
    expect(real.examples).toEqual({ refilled: ['thing:2'], expired: ['thing:1'] });
    expect(await redis.mget('thing:1', 'thing:2', 'thing:3')).toEqual([null, 'refilled', 'back']);
  });

  it('does not bring back what the service removed after an earlier undo', async () => {
    const { redis, where, made } = await purgedThings();
    await undo(where, made, UNDO, NO_EVENTS);
    await redis.del('thing:4');
    await undo(where, made, UNDO, NO_EVENTS);
    expect(await redis.exists('thing:4')).toBe(0);
  });

  it('restores nothing whose checksum is wrong, and all the rest', async () => {
    const { redis, where, made } = await purgedThings();
    const path = join(made, 'snapshot.bin');
    const bytes = readFileSync(path);
    const at = bytes.indexOf('WSPURGE1') + 8 + 5 + 64 + 32 + 40;
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    const document = await undo(where, made, UNDO, NO_EVENTS);
    expect(document).toMatchObject({ restored: THINGS - 1, left: { damaged: 1 } });
    expect(await redis.dbsize()).toBe(THINGS - 1);
  });

  it('ends a plan: it can neither be resumed nor applied again', async () => {
    const { where, made } = await purgedThings();
    expect(await codeOf(applyShown(where, made, FAST, NO_EVENTS))).toBe('WSE788');
    await undo(where, made, UNDO, NO_EVENTS);
    expect(await codeOf(resumePurge(where, made, FAST, NO_EVENTS))).toBe('WSE788');
  });

  it('keeps out of a folder that somebody works in', async () => {
    const { where, made } = await purgedThings();
    writeFileSync(join(made, 'running'), String(process.ppid));
    expect(await codeOf(undo(where, made, UNDO, NO_EVENTS))).toBe('WSE789');
    // Ids end below this.
    writeFileSync(join(made, 'running'), '99999999');
    expect((await undo(where, made, UNDO, NO_EVENTS)).restored).toBe(THINGS);
  });
});

describe('a store', () => {
  const PRODUCTION = { ...FAST, production: true };

  it.each(['key', 'variable', 'file'])('that a %s marks as production needs --production', async (by) => {
    const redis = connect();
    await seedThings(redis);
    const cwd = folder();
    if (by === 'key') await redis.set('whystale:production', 1);
    if (by === 'file') writeFileSync(join(cwd, 'whystale.yaml'), 'production: true\n');
    const where = place({ cwd, env: by === 'variable' ? { WHYSTALE_PRODUCTION: '1' } : {} });
    const before = await everyKey(redis);
    expect(await codeOf(purgeAtOnce(where, THING, AT_ONCE, NO_EVENTS))).toBe('WSE782');
    expect(differences(before, await everyKey(redis))).toEqual([]);
    const allowed = { sources: NO_SOURCES, applying: PRODUCTION };
    expect((await purgeAtOnce(where, THING, allowed, NO_EVENTS)).state).toBe('done');
  });

  it('that another plan is about is refused', async () => {
    await seedThings(connect());
    const where = place();
    const { folder: made } = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
    const other = place({ url: `redis://127.0.0.1:${await freePort()}` });
    expect(await codeOf(applyShown(other, made, FAST, NO_EVENTS))).toBe('WSE787');
    const db = (server.db() + 1) % 16;
    expect(await codeOf(applyShown({ ...where, db }, made, FAST, NO_EVENTS))).toBe('WSE787');
  });

  it('that is a replica or a node of a cluster is refused', async () => {
    const replica = await startRedis({
      emulate: false,
      settings: { replicaof: `127.0.0.1 ${server.port()}` },
    });
    try {
      expect(await codeOf(planPurge(place({ url: replica.url }), THING, NO_SOURCES, NO_EVENTS))).toBe(
        'WSE783',
      );
    } finally {
      await replica.stop();
    }
    const node = await startRedis({ emulate: false, settings: { 'cluster-enabled': 'yes' } });
    try {
      expect(await codeOf(planPurge(place({ url: node.url }), THING, NO_SOURCES, NO_EVENTS))).toBe('WSE783');
    } finally {
      await node.stop();
    }
  });
});
