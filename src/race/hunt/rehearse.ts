/**
 * A pair rehearsed, one request after the other, before its orderings are tried: a writer that is refused, or that changes nothing
 * which the reader is told, would make every exploration a proof of nothing. And it shows which parts of an answer change by
 * themselves, so that they are not compared.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openStage, type StageEvents, type StageRequest } from '../run/open-stage.ts';
import type { Judgement, Reply, World } from '../world/index.ts';
import { changedLeaves, leavesOf } from './leaves.ts';

/** How long the service may take to come to rest after the writer's request, ms. */
const QUIET_MS = 5_000;
const POLL_MS = 5;

/** `goes`: it may be explored; `path`: what of the answer to compare, where the whole of it will not do. */
export type Rehearsal =
  | { readonly state: 'goes'; readonly path: string | null }
  | { readonly state: 'idle'; readonly why: string };

/** Throws what setting up the world throws. */
export async function rehearse(
  request: StageRequest,
  events: StageEvents,
  signal: AbortSignal,
): Promise<Rehearsal> {
  const stage = await openStage(request, events, signal);
  try {
    return await rehearsed(stage.world);
  } finally {
    await stage.close();
  }
}

async function rehearsed(world: World): Promise<Rehearsal> {
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
export function conclude({ before, again, after }: Seen, compared: string, asked: string): Rehearsal {
  const truth = leavesOf(before.truth);
  // Nobody wrote between these: what differs among them, differs by itself.
  const others = [again.truth, ...before.answers, ...again.answers].map((one) =>
    leavesOf(typeof one === 'string' ? one : one.value),
  );
  const restless = new Set(others.flatMap((other) => changedLeaves(truth, other)));
  const changed = changedLeaves(truth, leavesOf(after.truth)).filter((path) => !restless.has(path));
  if (changed.length === 0)
    return idle(
      restless.size === 0
        ? `the write does not change what ${asked} is answered: give it a body that does`
        : `what ${asked} is answered changes without a write (${[...restless].slice(0, 3).join(', ')}), and by the write nothing else does`,
    );
  const stale = before.answers.some((one) => one.stale) || again.answers.some((one) => one.stale);
  if (!stale) return { state: 'goes', path: null };
  if (compared !== 'body')
    return idle(
      `the oracle's answer and its truth differ without any write: ${before.truth} is held to be true`,
    );
  return { state: 'goes', path: telling(changed) };
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
