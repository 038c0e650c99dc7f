/**
 * WS108: a response was older than Redis and the database. The commit had returned and its write was over before the request
 * began, which was alone; its response carries the old value where the route's responses have that column; and nothing that a
 * store answered meanwhile can have given it. So the service keeps a copy of its own.
 */

import { CODES } from '../codes.ts';
import type { Draft } from '../document.ts';
import { append } from '../multimap.ts';
import { counted, duration } from '../numbers.ts';
import { saysLittle } from '../operation.ts';
import { isReplicaRead, keyOf } from '../source.ts';
import { removalStep, type StepDraft, stepsOf } from '../timeline.ts';
import type { KeyState } from '../versions.ts';
import { cacheText, changeText, outsideText, statementText, valueText } from '../wording.ts';
import { CLAIM, type WriteRecord } from '../writes.ts';
import { requestStep, routeName, type ServedContext, writerName } from './context.ts';
import { isAlone } from './exchange.ts';
import type { Changed, LearnedPlace, LocalCopies, OldResponse } from './local-copies.ts';

interface Judged {
  readonly response: OldResponse;
  readonly place: LearnedPlace;
  readonly confidence: 'proved' | 'likely';
  readonly over: number;
  readonly key: KeyState | null;
}

/** One finding for each template, or route, and writer. */
export function localCaches(copies: LocalCopies, context: ServedContext): readonly Draft[] {
  const groups = new Map<string, Judged[]>();
  for (const response of copies.responses) {
    const judged = judge(response, copies, context);
    if (judged === null) continue;
    const writer = writerName(response.changed.write, context) ?? '';
    const group = `${templateOf(judged, context)}\u0000${writer}`;
    append(groups, group, judged);
  }
  return [...groups.values()].map((group) => draftOf(group, copies, context));
}

function judge(response: OldResponse, copies: LocalCopies, context: ServedContext): Judged | null {
  const { request, changed, route } = response;
  const place = copies.learned(response);
  if (changed.write.retracted === true || place === undefined || !isAlone(request, context.requests))
    return null;
  const { over, sure } = whenOver(changed.write);
  if (request.invoke <= over) return null;
  const distinct = !saysLittle(changed.old);
  // A value that says little must at least stand where two different ones were seen to come from the stores.
  if (!distinct && place.values.size < 2) return null;
  const proved = distinct && sure && !response.unclear && !copies.hasOtherSource(route) && !isLagging(place);
  return { response, place, over, confidence: proved ? 'proved' : 'likely', key: keyFor(changed, context) };
}

/** A route that reads from a replica may have been answered by one that is not watched. */
function isLagging({ from }: LearnedPlace): boolean {
  return 'op' in from && isReplicaRead(from);
}

/** When the write was over: at its response; else when its removals had returned, or well after its commit. */
function whenOver(write: WriteRecord): { readonly over: number; readonly sure: boolean } {
  const committed = write.commit.interval.return;
  let over = Math.max(committed, write.responded ?? 0, write.request?.return ?? 0);
  let removed = false;
  for (const { claim, interval } of write.removals) {
    if (claim?.position !== 'after' || !Number.isFinite(interval.return)) continue;
    removed = true;
    over = Math.max(over, interval.return);
  }
  if (write.request?.return != null) return { over, sure: true };
  return { over: Math.max(over, committed + CLAIM.unkeyed), sure: removed };
}

/** The key that caches the row: one that names it, before lists that it stands in. */
function keyFor({ id }: Changed, context: ServedContext): KeyState | null {
  const values = keyOf(id);
  const names = (key: KeyState) => (values.every((value) => key.parts.has(value)) ? 0 : 1);
  const keys = context.keys().filter((key) => key.fedRows.has(id));
  return [...keys].sort((a, b) => names(a) - names(b) || a.fedRows.size - b.fedRows.size)[0] ?? null;
}

function templateOf({ key, response }: Judged, context: ServedContext): string {
  return key === null ? context.requests.routeOf(response.request) : context.templateOf(key);
}

function draftOf(group: readonly Judged[], copies: LocalCopies, context: ServedContext): Draft {
  const lasted = ({ response }: Judged) =>
    (response.request.invoke - response.changed.write.commit.interval.return) / 1e6;
  const rank = ({ confidence }: Judged) => (confidence === 'proved' ? 1 : 0);
  const [worst] = [...group].sort((a, b) => rank(b) - rank(a) || lasted(b) - lasted(a)) as [Judged];
  const { request, changed } = worst.response;
  const requests = new Set(group.map(({ response }) => response.request)).size;
  const reader = routeName(request, context);
  const writer = writerName(changed.write, context);
  const last = Math.max(
    ...group
      .filter(({ response }) => response.request.path === request.path)
      .map(({ response }) => response.request.invoke),
  );
  return {
    code: 'WS108',
    cause: CODES.WS108.name,
    template: templateOf(worst, context),
    key: worst.key?.name ?? request.path,
    db: worst.key?.db ?? 0,
    keys: new Set(group.map(({ key, response }) => key?.id ?? response.request.path)).size,
    confidence: worst.confidence,
    staleForMs: Math.round(lasted(worst) * 100) / 100,
    hits: requests,
    endedBy: copies.freshAt(request) > last ? 'refill' : 'open',
    writer,
    reader,
    witness: stepsOf(stepsFor(worst, context)),
    summary: `${request.path} was answered with a value older than the database for ${duration(lasted(worst))}, ${counted(requests, 'response')}, and no store had given it.`,
    explanation: `${reader} shows ${changedText(changed, context)} from before the commit of ${writer ?? 'a write'}, though neither Redis nor the database gave that value during the request: the service keeps a copy in its own memory, which no removal reaches.`,
    remedy: {
      title: 'bound or broadcast what is kept in memory',
      steps: [
        'Give copies in the memory of the service a time to live of seconds at most.',
        `Or drop them on a message that every instance receives (Redis Pub/Sub, LISTEN and NOTIFY, client-side caching with CLIENT TRACKING), sent by ${writer ?? 'the write'} after its COMMIT.`,
        'Until then, restart the instances to be rid of old copies: removing keys in Redis does not reach them.',
      ],
    },
  };
}

function changedText({ change, column, old, now }: Changed, { reveal }: ServedContext): string {
  const name = `${change.table}.${column} ${valueText(old, reveal)}`;
  return now === null ? `${name} of a deleted row` : `${name} (since then ${valueText(now, reveal)})`;
}

function stepsFor({ response, place }: Judged, context: ServedContext): StepDraft[] {
  const { changed, request } = response;
  const { commit } = changed.write;
  const shown = `${changed.column} ${valueText(changed.old, context.reveal)}`;
  const steps: StepDraft[] = [
    ...learnedSteps(place, context),
    {
      op: changed.change.op.id,
      at: changed.change.op.invoke,
      lane: 'writer',
      session: changed.change.op.session,
      text: changeText(changed.change, context.reveal),
      result: changed.now === null ? '' : `${changed.column} ${valueText(changed.now, context.reveal)}`,
      ...(changed.change.op.id === commit.op || commit.outside !== undefined
        ? { note: changesHere(commit.outside) }
        : {}),
    },
    ...changed.write.removals.slice(0, 3).map(removalStep),
    requestStep(request, 'reader', {
      result: `${request.code}, ${shown}`,
      note: 'stale: no store gave it',
      decisive: true,
    }),
  ];
  if (changed.change.op.id !== commit.op && commit.outside === undefined)
    steps.push({
      op: commit.op,
      at: commit.interval.invoke,
      lane: 'writer',
      session: commit.session,
      text: 'COMMIT',
      note: changesHere(undefined),
    });
  return steps;
}

function changesHere(outside: WriteRecord['commit']['outside']): string {
  return `the source changes here${outside === undefined ? '' : `, ${outsideText(outside)}`}`;
}

/** The response that showed where the column stands, with the statement or hit that gave it. */
function learnedSteps({ request, from }: LearnedPlace, { reveal }: ServedContext): StepDraft[] {
  const op = 'op' in from ? from.op : from.read;
  const text = 'op' in from ? statementText(from.op, reveal) : cacheText(from.read);
  return [
    requestStep(request, 'reader', {}),
    {
      op: op.id,
      at: op.invoke,
      lane: 'reader',
      session: op.session,
      text,
      result: 'op' in from ? '' : 'hit',
      note: 'shows where it stands in the response',
    },
  ];
}
