/**
 * Oracles that ask what one session saw, while others go on: read-your-writes and monotonic reads (Terry et al., "Session
 * Guarantees for Weakly Consistent Replicated Data", PDIS 1994). The session's own reads are requests of its actor, explored with
 * everything else. The source is asked after every step that may have changed it, so it is known which values were current when.
 *
 * A response is a step of its own: what a session may see depends on what had been committed when its response came, so the two
 * must be ordered, and the reduction must know.
 */
import type { Step } from '../explore/contract.ts';
import { type Footprint, reads, writes } from '../explore/footprint.ts';
import type { ActorSpec, Scenario } from '../scenario/contract.ts';
import type { Flight, Judgement, OracleAnswer, World } from '../world/contract.ts';
import { comparedValue } from '../world/oracle.ts';
import { agrees, printJson, readJson } from '../world/values.ts';

/** What a response touches: it tells what was committed before it. */
export const RESPONSE: Footprint = [writes('http:events'), reads('pg:*')];

/** The scenario with the session's own reads added to its actors' requests. */
export function withSessionReads(scenario: Scenario): Scenario {
  const { oracle, actors } = scenario;
  const added = (actor: ActorSpec): number => {
    if (oracle.model === 'read-your-writes') return actor.role === 'writer' ? 1 : 0;
    return oracle.model === 'monotonic-reads' && actor.role === 'reader' ? 2 : 0;
  };
  const changed = (actor: ActorSpec): ActorSpec => {
    const reading = Array.from({ length: added(actor) }, () => oracle.request);
    return { ...actor, requests: [...actor.requests, ...reading] };
  };
  const [first, ...rest] = actors;
  return { ...scenario, actors: [changed(first), ...rest.map(changed)] };
}

export function isSessionModel({ oracle }: Scenario): boolean {
  return oracle.model === 'read-your-writes' || oracle.model === 'monotonic-reads';
}

/** A response that was taken note of. */
interface Noted {
  readonly flight: Flight;
  /** How many values the source had had by then. */
  readonly at: number;
}

export class SessionOracle {
  readonly #world: World;
  /** The values that the source had, in order, as JSON texts. */
  readonly #truths: string[] = [];
  readonly #noted: Noted[] = [];
  /** Actors of released steps that may have changed the source since it was asked last. */
  readonly #changing: string[] = [];
  /** Of each actor the place of the value that its own last change brought about. */
  readonly #own = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** To be called with every step that is released. */
  released(step: Step): void {
    const changes = step.footprint.some(
      ({ mode, resource }) => mode === 'write' && /^(?:pg|\*)/.test(resource),
    );
    if (changes) this.#changing.push(step.actor);
  }

  /** To be called whenever all is quiet: what was released has taken effect by then. */
  async look(): Promise<void> {
    if (this.#truths.length > 0 && this.#changing.length === 0) return;
    const truth = (await this.#world.truth()) ?? 'null';
    if (this.#truths.at(-1) !== truth) this.#truths.push(truth);
    for (const actor of this.#changing.splice(0)) this.#own.set(actor, this.#truths.length - 1);
  }

  /** Responses that came and were not taken note of. */
  waiting(): readonly Flight[] {
    return this.#world
      .flights()
      .filter((flight) => flight.reply !== null && !this.#noted.some((one) => one.flight === flight));
  }

  note(flight: Flight): void {
    this.#noted.push({ flight, at: this.#truths.length });
  }

  judge(): Judgement {
    const { oracle, actors } = this.#world.scenario;
    const answers = actors.flatMap((actor) => {
      const own = this.#noted.filter(({ flight }) => flight.actor === actor.name);
      if (own.length < actor.requests.length) return [];
      if (oracle.model === 'read-your-writes') return actor.role === 'writer' ? this.#ownWrite(own) : [];
      return actor.role === 'reader' ? this.#monotonic(own) : [];
    });
    const stale = answers.some((answer) => answer.stale);
    return { stale, truth: this.#truths.at(-1) ?? 'null', answers };
  }

  /** The read must give the value that the session's last change brought about, or a later one. */
  #ownWrite(own: readonly Noted[]): OracleAnswer[] {
    const [write, read] = own.slice(-2);
    if (write === undefined || read === undefined || !succeeded(write.flight)) return [];
    const from = this.#own.get(write.flight.actor) ?? 0;
    const allowed = this.#truths.slice(from, read.at);
    return this.#answer(read.flight, (value) => !allowed.some((truth) => this.#same(value, truth)));
  }

  /** The second read must not give a value that was no longer current when the first one's became so. */
  #monotonic(own: readonly Noted[]): OracleAnswer[] {
    const [first, second] = own.slice(-2);
    if (first === undefined || second === undefined) return [];
    const before = this.#places(first.flight);
    return this.#answer(second.flight, () => {
      const after = this.#places(second.flight);
      return before.length > 0 && after.length > 0 && Math.max(...after) < Math.min(...before);
    });
  }

  #places(flight: Flight): number[] {
    const value = this.#valueOf(flight);
    return this.#truths.flatMap((truth, i) => (this.#same(value, truth) ? [i] : []));
  }

  #answer(flight: Flight, isStale: (value: unknown) => boolean): OracleAnswer[] {
    const { actor, reply } = flight;
    if (reply?.kind !== 'response') return [];
    const value = this.#valueOf(flight);
    return [{ actor, value: printJson(value), status: reply.response.status, stale: isStale(value) }];
  }

  #valueOf({ reply }: Flight): unknown {
    return reply?.kind === 'response'
      ? comparedValue(this.#world.scenario.oracle, reply.response)
      : undefined;
  }

  #same(value: unknown, truth: string): boolean {
    return agrees(value, readJson(truth), 'other');
  }
}

/** A write that was refused is none. */
function succeeded({ reply }: Flight): boolean {
  return reply?.kind === 'response' && reply.response.status < 400;
}
