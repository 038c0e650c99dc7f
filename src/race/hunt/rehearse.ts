/**
 * A pair rehearsed, one request after the other, before its orderings are tried: a writer that is refused, or that changes nothing
 * which the reader is told, would make every exploration a proof of nothing. And it shows which parts of an answer change by
 * themselves, so that they are not compared.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Judgement, Reply, World } from '../world/index.ts';
import { changedLeaves, leavesOf } from './leaves.ts';

/** How long the service may take to come to rest after the writer's request, ms. */
const QUIET_MS = 5_000;
const POLL_MS = 5;

/** `goes`: it may be explored; `path`: what of the answer to compare, where the whole of it will not do. */
export type Rehearsal =
  | { readonly state: 'goes'; readonly path: string | null }
  | { readonly state: 'idle'; readonly why: string };

/** Leaves the service as it is after the requests of a scenario: its connections are open, its scripts and statements known. */
export async function rehearse(world: World): Promise<Rehearsal> {
  const { actors, oracle } = world.scenario;
  const asked = `${oracle.request.method} ${oracle.request.path}`;
  await world.reset('cold');
  const before = await world.judge();
  const again = await world.judge();
  const refused = before.answers.find(({ status }) => status === null || status >= 400);
  if (refused !== undefined) return idle(`${asked} is answered ${refused.status ?? 'nothing'}`);
  for (const { name, role, requests } of actors) {
    if (role !== 'writer') continue;
    const [{ method, path }] = requests;
    const status = statusOf(await replyTo(world, name));
    if (status === null || status >= 400) return idle(`${method} ${path} is answered ${status ?? 'nothing'}`);
  }
  await world.quiet(QUIET_MS);
  return conclude({ before, again, after: await world.judge() }, oracle.compare.kind, asked);
}

interface Seen {
  readonly before: Judgement;
  readonly again: Judgement;
  readonly after: Judgement;
}

/** @param compared what of the answer is compared already */
export function conclude(seen: Seen, compared: string, asked: string): Rehearsal {
  const { before, again } = seen;
  const wrong = [...before.answers, ...again.answers].some((one) => one.stale);
  // Nobody wrote yet: what differs among these, differs by itself. Truths alone where answers agree with them, however written.
  const changed = changedBy(
    seen,
    wrong ? [...before.answers, ...again.answers].map(({ value }) => value) : [],
  );
  if (wrong && compared !== 'body')
    return idle(
      `what is compared and what is true differ without any write: ${before.truth} is held to be true`,
    );
  if (changed.length > 0) return { state: 'goes', path: wrong ? telling(changed) : null };
  return idle(
    wrong
      ? `what ${asked} is answered changes without a write, and by the write nothing else does`
      : `the write does not change what ${asked} is answered: give it a body that does`,
  );
}

/** Paths of the values that the write changed, less those that change anyway. */
function changedBy({ before, again, after }: Seen, answers: readonly string[]): readonly string[] {
  const truth = leavesOf(before.truth);
  const restless = new Set(
    [again.truth, ...answers].flatMap((other) => changedLeaves(truth, leavesOf(other))),
  );
  return changedLeaves(truth, leavesOf(after.truth)).filter((path) => !restless.has(path));
}

/** The path that says most: one value of its own rather than one of many. */
function telling(paths: readonly string[]): string {
  return [...paths].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0]!;
}

function idle(why: string): Rehearsal {
  return { state: 'idle', why };
}

async function replyTo(world: World, actor: string): Promise<Reply> {
  const flight = world.send(actor);
  for (;;) {
    if (flight.reply !== null) return flight.reply;
    await delay(POLL_MS);
  }
}

function statusOf(reply: Reply): number | null {
  return reply.kind === 'response' ? reply.response.status : null;
}
