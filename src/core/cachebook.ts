/**
 * The cache's side of the history: for each key which values it may hold, from which reads they were made, and what
 * happened to them. State is bounded by keys, not by operations.
 */

import { Generations } from './generations.ts';
import { CACHE_LIMITS, createKey, createRemoval, keep, learnLineage } from './key-state.ts';
import { answeredMiss, isCounted, openMisses, sourcesBehind } from './misses.ts';
import { Namespaces } from './namespaces.ts';
import type {
  CacheDelete,
  CacheExpire,
  CacheFlush,
  CacheKey,
  CacheOperation,
  CacheRead,
  CacheScript,
  CacheWrite,
  Digest,
} from './operation.ts';
import type { Recent } from './recent.ts';
import { disown, disownSurvived, scriptedVersion, toldByHit } from './scripted.ts';
import {
  expiredBy,
  intervalOf,
  isOutrun,
  lastRemoval,
  mayBeUntold,
  mergeFields,
  sameFields,
  unseenVersion,
} from './version-match.ts';
import type { EndKind, KeyState, Removal, Version } from './versions.ts';
import type { Windows } from './windows.ts';
import type { Writes } from './writes.ts';

export interface CacheEvents {
  /** A version was installed with its sources. */
  onFill(version: Version): void;
  /** A value was served. */
  onHit(version: Version, read: CacheRead): void;
  /** It was not served: the session that read it wrote the key anew. `written`: with a change of its own. */
  onDiscard(version: Version, read: CacheRead, refill: CacheWrite, written: boolean): void;
  /** A key's time to live changed. */
  onTtl(key: KeyState, op: CacheWrite | CacheExpire, before: number | null | undefined): void;
}

export class CacheBook {
  readonly keys = new Map<string, KeyState>();
  readonly #recent: Recent;
  readonly #generations = new Generations();
  readonly #namespaces = new Namespaces();
  readonly #windows: Windows;
  readonly #writes: Writes;
  readonly #events: CacheEvents;
  /** Whether anything passed to or from a primary. */
  #primary = false;

  constructor(recent: Recent, windows: Windows, writes: Writes, events: CacheEvents) {
    this.#recent = recent;
    this.#windows = windows;
    this.#writes = writes;
    this.#events = events;
  }

  add(op: CacheOperation): void {
    this.#primary ||= op.kind !== 'key' && !(op.kind === 'read' && op.replica === true);
    switch (op.kind) {
      case 'key':
        this.#name(op);
        return;
      case 'read':
        if (op.status === 'ok') this.#read(this.#key(op.db, op.key), op);
        return;
      case 'write':
        this.#write(this.#key(op.db, op.key), op);
        return;
      case 'delete':
        this.#delete(this.#key(op.db, op.key), op);
        return;
      case 'expire':
        this.#expire(this.#key(op.db, op.key), op);
        return;
      case 'flush':
        if (op.status !== 'fail') this.#flush(op);
        return;
      case 'script':
        this.#runScript(op);
        return;
      default:
        return;
    }
  }

  #key(db: number, name: string): KeyState {
    const id = `${db} ${name}`;
    const known = this.keys.get(id);
    if (known !== undefined) return known;
    const key = createKey(db, name, []);
    this.keys.set(id, key);
    return key;
  }

  #name(op: CacheKey): void {
    const id = `${op.db} ${op.key}`;
    if (this.keys.has(id)) return;
    const key = createKey(op.db, op.key, op.parts);
    this.keys.set(id, key);
    this.#namespaces.note(key);
  }

  #read(key: KeyState, op: CacheRead): void {
    if (op.value === null) this.#miss(key, op);
    else this.#hit(key, op, op.value);
  }

  #miss(key: KeyState, op: CacheRead): void {
    key.stats.misses++;
    this.#generations.miss(key, op);
    this.#generations.follow(key, op);
    keep(key.misses, op, CACHE_LIMITS.misses);
    for (const version of [...key.live]) {
      if (version.since.return >= op.invoke || mayBeUntold(version, op)) continue;
      const removal = lastRemoval(key, version, op.return ?? op.invoke);
      if (removal !== null) this.#end(version, 'invalidation', removal.interval.return, removal);
      else this.#end(version, expiredBy(version, op) ? 'expiry' : 'eviction', op.invoke, null);
    }
  }

  #hit(key: KeyState, op: CacheRead, digest: Digest): void {
    key.stats.hits++;
    key.stats.lastReader = op;
    let version = this.#versionOf(key, op, digest);
    // What a primary has replaced or removed, a replica serves until it is told: that is no write's doing.
    if (version === null && op.replica === true && (!this.#primary || isOutrun(key))) return;
    if (version === null) version = this.#scripted(key, op, digest) ?? this.#unseen(key, op, digest);
    if (version.fill !== null) key.stats.hitsKnown++;
    if (!version.seen && version.fill?.kind === 'script') this.#confirm(version);
    version.seen = true;
    if (key.stats.scripted && op.replica !== true) disownSurvived(version, op);
    // This value stands now: what was over before this hit began and is not it, is gone.
    if (key.live.length > 1 && op.replica !== true) this.#endOthers(key, version, op);
    this.#generations.note(version, op);
    this.#windows.hit(version, op, this.#generations.follow(key, op));
    key.lastHit = op;
    this.#events.onHit(version, op);
  }

  #endOthers(key: KeyState, version: Version, op: CacheRead): void {
    for (const other of [...key.live]) {
      if (other !== version && other.since.return < op.invoke) this.#end(other, 'refill', op.invoke, null);
    }
  }

  /** The latest write whose payload equals the value returned. */
  #versionOf(key: KeyState, op: CacheRead, digest: Digest): Version | null {
    for (let i = key.live.length - 1; i >= 0; i--) {
      const version = key.live[i]!;
      if (version.digest === digest || (op.fields !== undefined && sameFields(version, op.fields)))
        return version;
      if (version.digest === null && i === key.live.length - 1 && op.replica !== true) {
        this.#tell(version, op, digest);
        return version;
      }
    }
    return null;
  }

  /** A write whose result was not on the wire is told by the first read after it. */
  #tell(version: Version, op: CacheRead, digest: Digest): void {
    version.digest = digest;
    version.payload = op.payload ?? null;
    if (op.payload === undefined) return;
    this.#windows.leave(version, 'refill', op.invoke, null);
    version.ended = false;
    if (!isCounted(version))
      version.sources = sourcesBehind(
        this.#recent,
        version.key,
        op.payload,
        { ...version.fill, invoke: version.since.invoke },
        version.miss,
      );
    learnLineage(version);
    this.#windows.follow(version);
  }

  /** A value that a script made itself, told by the first hit after it. */
  #scripted(key: KeyState, op: CacheRead, digest: Digest): Version | null {
    const version = toldByHit(key, op, digest, this.#recent);
    if (version !== null) this.#push(key, version);
    return version;
  }

  #unseen(key: KeyState, op: CacheRead, digest: Digest): Version {
    const version = unseenVersion(key, op, digest);
    this.#push(key, version);
    this.#windows.followUnseen(version);
    return version;
  }

  #write(key: KeyState, op: CacheWrite): void {
    if (op.status === 'fail') {
      this.#removal(key, op, 'rewrite', true, false);
      return;
    }
    if (!op.applied) return;
    this.#countedUp(key, op);
    key.scripts = [];
    key.stats.writes++;
    const before = key.live.at(-1)?.ttl;
    if (op.ttl === null) key.stats.unbounded++;
    else if (op.ttl !== 'keep') key.stats.bounded++;
    this.#events.onTtl(key, op, before);
    this.#endUnseen(key, op);
    const merged = op.fields === undefined ? null : mergeFields(key, op, op.fields);
    const misses = openMisses(key, op);
    const payload = merged?.payload ?? op.payload ?? null;
    const own = payload === null ? [] : sourcesBehind(this.#recent, key, payload, op, misses[0] ?? null);
    const miss = answeredMiss(key, misses, own);
    this.#discardHit(key, op, own, miss);
    const version: Version = {
      key,
      digest: merged === null ? (op.value ?? null) : null,
      fields: merged?.fields ?? null,
      fill: op,
      since: intervalOf(op),
      miss,
      payload,
      sources: own,
      ttl: op.ttl !== 'keep' ? op.ttl : before === undefined && miss !== null ? null : before,
      seen: false,
      windows: [],
      ended: false,
    };
    this.#generations.note(version, op);
    const rewrite =
      miss === null
        ? this.#removal(
            key,
            op,
            'rewrite',
            false,
            key.live.some((live) => !expiredBy(live, op)),
            own,
          )
        : null;
    this.#replace(key, version, rewrite);
  }

  /** A hit may return before the write that produced it: the first-seen value then was this write's. */
  #endUnseen(key: KeyState, op: CacheWrite): void {
    const last = key.live.at(-1);
    if (last === undefined || last.fill !== null || last.digest !== op.value || op.invoke > last.since.return)
      return;
    this.#end(last, 'refill', op.invoke, null);
  }

  #runScript(op: CacheScript): void {
    const keys = op.keys.map((name) => this.#key(op.db, name));
    const filled = keys.filter((key) => this.#script(key, op));
    // A reader's fill removes nothing: its other keys are what it was guarded by.
    if (filled.length > 0) for (const key of keys) disown(key, op);
  }

  /** Whether the script answered a miss of the key. */
  #script(key: KeyState, op: CacheScript): boolean {
    key.stats.scripted = true;
    if (op.status === 'fail') {
      // One that was given nothing to store was to remove.
      if (op.candidates.length === 0) this.#removal(key, op, 'removal', true, false);
      return false;
    }
    this.#countedUp(key, op);
    const [first] = op.candidates;
    if (first?.payload !== undefined && key.name === op.keys[0]) this.#generations.stored(key, first.payload);
    const misses = openMisses(key, op);
    keep(key.scripts, { op, misses }, CACHE_LIMITS.scripts);
    const made = op.candidates.map(({ payload }) =>
      payload === undefined ? [] : sourcesBehind(this.#recent, key, payload, op, misses[0] ?? null),
    );
    const miss = answeredMiss(key, misses, made.find((sources) => sources.length > 0) ?? []);
    for (const [i, candidate] of op.candidates.entries()) {
      this.#push(key, scriptedVersion(key, op, candidate, made[i]!, miss));
    }
    const fills = op.candidates.length > 0 && miss !== null;
    // A script may as well have removed the key; the next read tells.
    if (!fills) this.#removal(key, op, 'removal', false, true);
    return fills;
  }

  #replace(key: KeyState, version: Version, rewrite: Removal | null): void {
    if (key.gone !== null && version.sources.length > 0) {
      this.#windows.filledAgain(key.gone, version);
      key.gone = null;
    }
    for (const other of [...key.live]) {
      if (version.sources.length > 0) this.#windows.refilled(other, version);
      if (other.since.return < version.since.invoke)
        this.#end(other, 'refill', version.since.invoke, rewrite);
    }
    this.#push(key, version);
  }

  #push(key: KeyState, version: Version): void {
    key.live.push(version);
    if (key.live.length > CACHE_LIMITS.live) this.#end(key.live[0]!, 'refill', version.since.invoke, null);
    if (version.sources.length > 0) this.#windows.follow(version);
    // What a script wrote is known once it is read back.
    if (version.fill?.kind !== 'script') this.#confirm(version);
  }

  #confirm(version: Version): void {
    if (version.sources.length > 0) learnLineage(version);
    this.#events.onFill(version);
  }

  /** A hit that its reader discards and refills was not served. */
  #discardHit(key: KeyState, op: CacheWrite, made: Version['sources'], miss: CacheRead | null): void {
    const hit = key.lastHit;
    if (made.length === 0 || miss !== null || hit === null || hit.session !== op.session) return;
    const version = key.live.find((candidate) => candidate.digest === hit.value);
    const written = made.some((source) => source.read.own);
    if (version !== undefined) this.#events.onDiscard(version, hit, op, written);
    key.lastHit = null;
  }

  #delete(key: KeyState, op: CacheDelete): void {
    if (op.status === 'fail') {
      this.#removal(key, op, 'removal', true, false);
      return;
    }
    key.stats.invalidations++;
    this.#countedUp(key, op);
    const removal = this.#removal(key, op, 'removal', op.status === 'info', op.removed !== 0);
    if (op.status === 'info') return;
    this.#endAll(key, op, removal);
  }

  /** A generation changed: the keys that carry the old one are out of reach. */
  #countedUp(key: KeyState, op: CacheWrite | CacheDelete | CacheScript): void {
    const dependents =
      op.kind === 'script'
        ? this.#generations.giveDependents(key, op)
        : this.#generations.takeDependents(key);
    for (const [dependent, certain] of dependents) {
      if (dependent.live.length > 0) this.#removal(dependent, op, 'removal', false, false, [], certain);
    }
  }

  #flush(op: CacheFlush): void {
    for (const key of this.keys.values()) {
      if (!op.all && key.db !== op.db) continue;
      if (key.live.length === 0) continue;
      const removal = this.#removal(key, op, 'removal', false, true);
      this.#endAll(key, op, removal);
    }
  }

  #expire(key: KeyState, op: CacheExpire): void {
    if (op.status !== 'ok' || !op.applied) return;
    const before = key.live.at(-1)?.ttl;
    this.#events.onTtl(key, op, before);
    for (const version of key.live) {
      version.ttl =
        op.ttl === null ? null : (op.return ?? op.invoke) / 1e6 - version.since.return / 1e6 + op.ttl;
    }
  }

  #endAll(key: KeyState, op: CacheDelete | CacheFlush, removal: Removal | null): void {
    key.scripts = [];
    for (const version of [...key.live]) {
      if (version.since.return < op.invoke)
        this.#end(version, 'invalidation', op.return ?? op.invoke, removal);
    }
  }

  #removal(
    key: KeyState,
    op: Removal['op'],
    kind: Removal['kind'],
    failed: boolean,
    hitSomething: boolean,
    sources: Version['sources'] = [],
    generation?: Removal['generation'],
  ): Removal {
    const removal = createRemoval({ op, key, kind, failed, hitSomething, sources, generation });
    keep(key.removals, removal, CACHE_LIMITS.removals);
    this.#writes.removal(removal);
    return removal;
  }

  #end(version: Version, kind: EndKind, at: number, removal: Removal | null): void {
    const { key } = version;
    key.live = key.live.filter((other) => other !== version);
    if (kind !== 'refill') key.gone = version;
    this.#windows.leave(version, kind, at, removal);
  }
}
