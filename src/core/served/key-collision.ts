/**
 * WS115: a hit served a value that belongs to another row than asked for. Either the key leaves out a value that the statement
 * behind it requires and that the request names, or two tables share one name for their keys.
 *
 * Proved when the place is learned, the hit asked for another value at every place that may be it, and the same key was filled
 * with that other value's rows too. Without the last, or where what was read before the hit names the asker, it is likely.
 */

import { CODES } from '../codes.ts';
import type { Draft } from '../document.ts';
import { purgeOf, withCode } from '../findings.ts';
import { addTo, append } from '../multimap.ts';
import { counted } from '../numbers.ts';
import type { Digest } from '../operation.ts';
import { indexPayload } from '../payload.ts';
import { versionFacts } from '../remedies/facts.ts';
import { identifier } from '../remedies/statement.ts';
import { tableOf } from '../source.ts';
import { type StepDraft, stepsOf } from '../timeline.ts';
import type { Version } from '../versions.ts';
import { cacheText, sourceValues, statementText, valueText } from '../wording.ts';
import { isOfRequest, placeText, routeAround } from './asked.ts';
import {
  type Collisions,
  columnKey,
  type Filling,
  isLeftOut,
  lookUp,
  type Required,
  type Suspect,
} from './collisions.ts';
import { isExactly, routeName, type ServedContext, type ServedFindings, shares } from './context.ts';

interface Judged {
  readonly suspect: Suspect;
  readonly confidence: 'proved' | 'likely';
  /** What the asker's rows are required by; differs from the suspect's where two tables share the key. */
  readonly asksFor: Required;
}

/** One finding for each template and writer. */
export function keyCollisions(collisions: Collisions, context: ServedContext): ServedFindings {
  const judged = [
    ...collisions.suspects.map((suspect) => judgeLeftOut(suspect, collisions)),
    ...collisions.crossing.map((suspect) => judgeCrossing(suspect, collisions, context)),
  ].filter((one) => one !== null && isCertain(one.suspect, context)) as Judged[];
  const groups = new Map<string, Judged[]>();
  const hits = new Map<Version, Set<number>>();
  for (const one of judged) {
    const { hit, filling } = one.suspect;
    const group = `${context.templateOf(hit.version.key)}\u0000${routeName(filling.request, context)}`;
    append(groups, group, one);
    addTo(hits, hit.version, hit.read.invoke);
  }
  return { drafts: [...groups.values()].map((group) => draftOf(group, context)), hits };
}

function isCertain({ hit, request, filling }: Suspect, context: ServedContext): boolean {
  // Sessions tell only where requests are not seen.
  if (request === null && context.requests.count > 0) return false;
  if (!isExactly(request, hit.read.id, context)) return false;
  const { fill } = filling.version;
  return fill === null || isExactly(filling.request, fill.id, context);
}

function judgeLeftOut(suspect: Suspect, collisions: Collisions): Judged | null {
  const { hit, route, filling, required, place, value, request } = suspect;
  const { key } = hit.version;
  if (routeAround(route, place) !== routeAround(filling.route, place)) return null;
  if (!collisions.isLearned(route, place, required) || !collisions.isKnown(required, value)) return null;
  if (!isLeftOut(required)) return null;
  // It asks for what the value was read for, at another place that may be meant.
  for (const [other, asked] of suspect.asked)
    if (asked === required.value && collisions.mayBe(route, other, required)) return null;
  const counterparts = collisions
    .fillsOf(key)
    .filter((fill) =>
      fill.required.some((one) => columnKey(one) === columnKey(required) && one.value === value),
    );
  const others = counterparts.filter((other) => isOther(other, filling, required));
  if (counterparts.length > 0 && others.length === 0) return null;
  const ofRequest = request !== null && isOfRequest(place);
  if (others.length === 0 && !ofRequest) return null;
  const proved = others.length > 0 && ofRequest && required.certain;
  return { suspect, confidence: proved ? 'proved' : 'likely', asksFor: required };
}

/** Whether two fills of a key are of different rows. */
function isOther(other: Filling, filling: Filling, { table }: Required): boolean {
  if (other.version.digest === filling.version.digest) return false;
  const ofTable = (fill: Filling) => new Set([...fill.rows].filter((id) => tableOf(id) === table));
  const [a, b] = [ofTable(other), ofTable(filling)];
  if (a.size > 0 && b.size > 0) return !shares(a, b);
  return !shares(other.rows, filling.rows);
}

function judgeCrossing(suspect: Suspect, collisions: Collisions, context: ServedContext): Judged | null {
  const { hit, route, filling, required, place, value } = suspect;
  const isLearned = [...filling.asked].some(
    ([at, asked]) => asked === required.value && collisions.isLearned(filling.route, at, required),
  );
  if (!isLearned) return null;
  const { key } = hit.version;
  const own = collisions
    .fillsOfRoute(key, route)
    .filter((fill) => context.templateOf(fill.version.key) === context.templateOf(key));
  if (own.some(({ tables }) => [...tables].some((table) => filling.tables.has(table)))) return null;
  const asksFor = own.flatMap((fill) => fill.required).find((one) => collisions.isLearned(route, place, one));
  if (asksFor === undefined || suspect.lookedUp.has(lookUp(asksFor, value))) return null;
  if (!own.every((fill) => lacksPlaces(hit.version, fill.version))) return null;
  const both = own.some((fill) => fill.version.key === key);
  return { suspect, confidence: both && required.certain ? 'proved' : 'likely', asksFor };
}

/** Whether a value lacks what another always has: it is no other form of the same. */
function lacksPlaces(version: Version, other: Version): boolean {
  if (version.payload === null || other.payload === null) return false;
  const places = new Set(indexPayload(version.payload).leaves.map(({ place }) => place));
  return indexPayload(other.payload).leaves.some(({ place }) => !places.has(place));
}

function draftOf(group: readonly Judged[], context: ServedContext): Draft {
  const lasted = ({ suspect }: Judged) =>
    Math.max(0, suspect.hit.read.invoke - suspect.filling.version.since.return) / 1e6;
  const rank = ({ confidence }: Judged) => (confidence === 'proved' ? 1 : 0);
  const [worst] = [...group].sort((a, b) => rank(b) - rank(a) || lasted(b) - lasted(a)) as [Judged];
  const { hit, filling, request } = worst.suspect;
  const { key } = hit.version;
  const hits = new Set(group.map(({ suspect }) => suspect.hit.read.id)).size;
  const words = wordsOf(worst, context);
  return {
    code: 'WS115',
    cause: CODES.WS115.name,
    template: context.templateOf(key),
    key: key.name,
    db: key.db,
    keys: new Set(group.map(({ suspect }) => suspect.hit.version.key)).size,
    confidence: worst.confidence,
    staleForMs: Math.round(lasted(worst) * 100) / 100,
    hits,
    endedBy: hit.version.ended ? (hit.version.endKind ?? 'refill') : 'open',
    writer: routeName(filling.request, context) ?? context.readerOf(filling.version, null),
    reader: routeName(request, context),
    witness: stepsOf(stepsFor(worst, words, context)),
    summary: `${key.name} holds what was read for ${words.served} and was served to whoever asked for ${words.asked}, ${counted(hits, 'hit')}.`,
    explanation: words.why,
    remedy: withCode(
      {
        title: 'put what tells the rows apart into the key',
        steps: [words.fix, 'Build keys with one function that takes every parameter of the statement.'],
        recipe: 'docs/recipes/key-function.md',
        purge: purgeOf(key),
      },
      'WS115',
      versionFacts(filling.version, context, missingOf(worst)),
    ),
  };
}

/** What the key leaves out, as a variable's name. */
function missingOf({ suspect, asksFor }: Judged): string {
  const { required } = suspect;
  return asksFor.table === required.table ? identifier(required.column) : 'kind';
}

interface CollisionWords {
  readonly served: string;
  readonly asked: string;
  readonly why: string;
  readonly fix: string;
}

function wordsOf({ suspect, asksFor }: Judged, context: ServedContext): CollisionWords {
  const { required, place, value, hit } = suspect;
  const template = context.templateOf(hit.version.key);
  const text = (digest: Digest) => valueText(digest, context.reveal);
  if (asksFor.table !== required.table) {
    return {
      served: `${required.table}.${required.column} ${text(required.value)}`,
      asked: `${asksFor.table}.${asksFor.column} ${text(value)}`,
      why: `Rows of ${required.table} and of ${asksFor.table} are cached under ${template} by their ids alone: where the ids are equal, whichever was cached first is served for both.`,
      fix: `Give rows of ${required.table} and of ${asksFor.table} a prefix of their own.`,
    };
  }
  return {
    served: `${required.column} ${text(required.value)}`,
    asked: `${required.column} ${text(value)}`,
    why: `The statement behind ${template} requires ${required.table}.${required.column}, which the request names (${placeText(place)}); the key leaves it out, so whoever fills it decides what all others are told.`,
    fix: `Add ${required.column} to ${template}, for readers and for every removal.`,
  };
}

function stepsFor({ suspect }: Judged, words: CollisionWords, context: ServedContext): StepDraft[] {
  const { hit, filling } = suspect;
  const steps: StepDraft[] = [];
  const [source] = filling.version.sources;
  const shown = source === undefined ? '' : sourceValues(source, new Set(), context.reveal);
  for (const { read } of filling.version.sources) {
    const { op } = read;
    const text = statementText(op, context.reveal);
    steps.push({ op: op.id, at: op.invoke, lane: 'writer', session: op.session, text, result: shown });
  }
  const { fill } = filling.version;
  if (fill !== null) {
    const text = cacheText(fill);
    steps.push({ op: fill.id, at: fill.invoke, lane: 'writer', session: fill.session, text, result: shown });
  }
  const { read } = hit;
  steps.push({
    op: read.id,
    at: read.invoke,
    lane: 'reader',
    session: read.session,
    text: cacheText(read),
    result: `hit, ${shown}`,
    note: `asked for ${words.asked}`,
    decisive: true,
  });
  return steps;
}
