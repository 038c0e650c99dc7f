/**
 * When does nothing move any more? Asked before every choice, so it has to be fast and right.
 *
 * With the kernel's help (`tasks`), an attempt is: stamp every task asleep (tasks.ts), turn the event loop twice so that all
 * that was sent before has been read and all that waits to be sent has gone, then see that nothing moved at a gate or on an
 * HTTP connection, and confirm that every task still sleeps and has not run. What the loop sent in those turns woke its reader:
 * on loopback the kernel delivers within the sender's call. So nothing is under way in either direction.
 *
 * Threads that wake by themselves (a server's ticks, a runtime's housekeeping) let most attempts through: an attempt takes a
 * fraction of a millisecond. For those that wake more often than that there is a second rule, by time: over a window without
 * a byte on any connection, everybody was met asleep in a good part of many looks, the last one included. While work is done
 * somebody is awake at every moment, also on a loaded machine: who waits for a processor is awake. Only where work passes from
 * thread to thread may a look miss it, and then not time and again. A service found to hum like this is given a shorter window.
 *
 * Without the kernel's help (`settle`): a pause without a byte. What neither sees: timers of the service (`settle` in the
 * scenario waits for them), and processes that left its group and lost their parent.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gate } from '../gate/contract.ts';
import { newestId } from './processes.ts';
import type { TaskTree, TaskUse } from './tasks.ts';

export const QUIESCENCE_LIMITS = {
  /** Attempts follow each other at once for this long, then with pauses of a millisecond, ms. */
  spinMs: 2,
  /** Time after which a service is watched for humming, ms. */
  patienceMs: 4,
  /** Window for that, ms; looks in it; the share of them at which all must be asleep. */
  hum: { ms: 40, looks: 15, share: 0.2 },
  /** The same for a service that is known to hum. */
  knownHum: { ms: 6, looks: 5, share: 0.5 },
  /** Pause without movement where the kernel tells nothing and the scenario names no time, ms. */
  settleMs: 25,
} as const;

/** How long is looked for the busiest thread, ms, and the share of the time from which one is worth naming. */
const BUSIEST_MS = 40;
const BUSY_SHARE = 0.01;

/** What is watched. */
export interface Movement {
  readonly gates: () => readonly Gate[];
  /** Trees of the instances that run. */
  readonly trees: () => readonly TaskTree[];
  /** Counts up with everything that happens on HTTP connections. */
  readonly requests: () => number;
  /** Whether a request has not been sent to its end. */
  readonly sending: () => boolean;
}

export interface QuiescenceOptions {
  readonly movement: Movement;
  readonly mode: 'tasks' | 'settle';
  /** Time that timers of the service are given, ms. */
  readonly settleMs: number;
  readonly signal: AbortSignal;
}

/** A time without movement in which the service is looked at again and again. */
interface Window {
  readonly since: number;
  readonly moved: number;
  looks: number;
  asleep: number;
}

export class Quiescence {
  readonly #options: QuiescenceOptions;
  #mode: 'tasks' | 'settle';
  /** Whether the second rule has applied before. */
  #hums = false;

  constructor(options: QuiescenceOptions) {
    this.#options = options;
    this.#mode = options.mode;
  }

  get mode(): 'tasks' | 'settle' {
    return this.#mode;
  }

  /** From now on without the kernel's help. */
  fallBack(): void {
    this.#mode = 'settle';
  }

  /** Waits until nothing moves; false when something still does after `limitMs`, or when told to stop. */
  async wait(limitMs: number): Promise<boolean> {
    const until = performance.now() + limitMs;
    const { settleMs } = this.#options;
    if (this.#mode === 'settle') return this.#still(settleMs || QUIESCENCE_LIMITS.settleMs, until);
    for (;;) {
      if (!(await this.#asleep(until))) return false;
      if (settleMs === 0) return true;
      const moved = this.#moved();
      await delay(settleMs);
      if (this.#moved() === moved && (await this.#attempt())) return true;
    }
  }

  /** The task that wants a processor most just now, for messages. */
  async busiest(): Promise<string | null> {
    if (this.#mode === 'settle') return null;
    const before = new Map(this.#uses().map(({ tid, wantedNs }) => [tid, wantedNs]));
    const begin = performance.now();
    await delay(BUSIEST_MS);
    const passedNs = (performance.now() - begin) * 1e6;
    const shares = this.#uses().map(({ tid, name, wantedNs }) => ({
      name: `${name} (${tid})`,
      share: (wantedNs - (before.get(tid) ?? wantedNs)) / passedNs,
    }));
    const [first] = shares.sort((a, b) => b.share - a.share);
    if (first === undefined || first.share < BUSY_SHARE) return null;
    return `thread ${first.name}, busy ${Math.min(100, Math.round(first.share * 100))} % of the time`;
  }

  async #asleep(until: number): Promise<boolean> {
    const begin = performance.now();
    let window: Window | null = null;
    for (;;) {
      if (await this.#attempt()) return true;
      const now = performance.now();
      if (now >= until || this.#options.signal.aborted) return false;
      if (now - begin < QUIESCENCE_LIMITS.spinMs) {
        await turn();
        continue;
      }
      await delay(1);
      if (now - begin < QUIESCENCE_LIMITS.patienceMs) continue;
      if (window === null || window.moved !== this.#moved() || this.#busyElsewhere()) window = this.#open();
      else if (this.#hum(window) && (await this.#unmoved(window))) return true;
      else if (performance.now() - window.since >= 2 * QUIESCENCE_LIMITS.hum.ms) window = this.#open();
    }
  }

  async #attempt(): Promise<boolean> {
    if (this.#busyElsewhere()) return false;
    const moved = this.#moved();
    const newest = newestId();
    const trees = this.#trees();
    if (!trees.every((tree) => tree.stamp())) return false;
    await turn();
    await turn();
    if (this.#moved() !== moved || this.#busyElsewhere()) return false;
    if (!trees.every((tree) => tree.confirm())) return false;
    // One that was just about to sleep when it was stamped may have answered without being counted.
    await turn();
    if (this.#moved() !== moved || this.#busyElsewhere()) return false;
    const now = newestId();
    // Others' processes change the newest id as well; only new ones of ours have moved.
    return now === newest || !trees.some((tree) => tree.refresh(now));
  }

  /** Whether nothing that was sent until now had not been read yet. */
  async #unmoved(window: Window): Promise<boolean> {
    await turn();
    await turn();
    return this.#moved() === window.moved && !this.#busyElsewhere();
  }

  /** A request half sent, or a silent message whose answer is on its way. */
  #busyElsewhere(): boolean {
    const { gates, sending } = this.#options.movement;
    return sending() || gates().some((gate) => gate.unanswered().some(({ silent }) => silent));
  }

  #moved(): number {
    const { gates, requests } = this.#options.movement;
    return gates().reduce((sum, gate) => sum + gate.activity(), requests());
  }

  #open(): Window {
    return { since: performance.now(), moved: this.#moved(), looks: 0, asleep: 0 };
  }

  #uses(): readonly TaskUse[] {
    return this.#trees().flatMap((tree) => tree.uses());
  }

  /** With all tasks that there are now. */
  #trees(): readonly TaskTree[] {
    const newest = newestId();
    const trees = this.#options.movement.trees();
    for (const tree of trees) tree.refresh(newest);
    return trees;
  }

  /** One more look; whether what went on in the window was mere humming. */
  #hum(window: Window): boolean {
    const asleep = this.#trees().every((tree) => tree.seemsAsleep());
    window.looks++;
    if (!asleep) return false;
    window.asleep++;
    const { hum, knownHum } = QUIESCENCE_LIMITS;
    const passed = performance.now() - window.since;
    const found = ({ ms, looks, share }: typeof hum | typeof knownHum): boolean =>
      passed >= ms && window.looks >= looks && window.asleep >= share * window.looks;
    if (!found(hum) && !(this.#hums && found(knownHum))) return false;
    this.#hums = true;
    return true;
  }

  async #still(pauseMs: number, until: number): Promise<boolean> {
    let moved = this.#moved();
    let since = performance.now();
    for (;;) {
      await delay(1);
      const now = performance.now();
      if (this.#moved() !== moved || this.#busyElsewhere()) {
        moved = this.#moved();
        since = now;
      } else if (now - since >= pauseMs) return true;
      if (now >= until || this.#options.signal.aborted) return false;
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
