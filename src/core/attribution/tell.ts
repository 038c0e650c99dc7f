/** What spans tell of the remembered operations: pairs calls with commands, and leads each call to its request. */
import { append } from '../multimap.ts';
import { type CallContext, commandsLike, learnClock, type Pairs, pairCalls } from './calls.ts';
import { CLOCK, type ClockError } from './clock.ts';
import { Commands } from './commands.ts';
import type { Flight } from './flight.ts';
import { type KeyNames, valuesOf } from './kinds.ts';
import { MARK, type Marks } from './marks.ts';
import { namesValue } from './mixture.ts';
import { isPipeline, takeAlike, takePipelines } from './pipelines.ts';
import type { RequestRecord, Requests } from './requests.ts';
import { allowedByTraces, attachServers, type ServerRequests } from './servers.ts';
import type { Spans, StoreSpan } from './spans.ts';
import type { Statements } from './statements.ts';
import type { SpanCover } from './usage.ts';

/** Spans with their requests and clocks. */
export interface Told {
  readonly calls: readonly StoreSpan[];
  readonly servers: ServerRequests;
  readonly clocks: ReadonlyMap<string | null, ClockError>;
}

/** Learns the clocks, finds the requests of server spans, and tells their routes. */
export function tellRequests(
  spans: Spans,
  requests: Requests,
  commands: Commands,
  statements: Statements,
): Told {
  const calls = spans.calls();
  const byService = new Map<string | null, StoreSpan[]>();
  for (const call of calls) {
    append(byService, call.span.service, call);
  }
  const seen = requests.records.filter(({ span }) => !span);
  const certain = allowedByTraces(spans, seen);
  const clocks = new Map<string | null, ClockError>();
  for (const service of new Set([...byService.keys(), ...spans.servers.map((span) => span.service)]))
    clocks.set(
      service,
      learnClock(commands, statements, byService.get(service) ?? [], certain.get(service) ?? []),
    );
  const clockOf = (service: string | null) => clocks.get(service) ?? UNKNOWN;
  return { calls, clocks, servers: attachServers(spans, requests, clockOf) };
}

const UNKNOWN: ClockError = { offset: 0, tolerance: CLOCK.initial };

export interface ToldOperations {
  /** For each mark the place of its request, -1 when no span tells, -2 when a span tells that it is no request's. */
  readonly owners: Int32Array;
  /** 1 for marks of which two spans may tell: the owner is likely, not certain. */
  readonly unclear: Uint8Array;
  readonly cover: SpanCover;
}

/** When no span was received. */
export function nothingTold(marks: Marks): ToldOperations {
  return {
    owners: new Int32Array(marks.count).fill(-1),
    unclear: new Uint8Array(marks.count),
    cover: { attached: new Set(), incomplete: new Set(), tells: { cache: false, source: false } },
  };
}

/** Share of the operations of a store, or of the requests, from which on spans are held to tell of all of them. */
const NEARLY_ALL = 0.9;

/** What the operations are held against. */
export interface Against {
  readonly statements: Statements;
  readonly flight: Flight;
  readonly names: KeyNames;
  /** For each mark the request that alone was in flight, or -1. */
  readonly lone: Int32Array;
}

export function tellOperations(
  told: Told,
  spans: Spans,
  seen: Commands,
  { statements, flight, names, lone }: Against,
): ToldOperations {
  const { calls, servers, clocks } = told;
  const places = new Map<RequestRecord, number>(flight.records.map((record, i) => [record, i]));
  const owners = calls.map(({ span }) => ownerOf(spans, servers, places, span, flight));
  const doubtful = calls.map(({ span }) => {
    const server = spans.serverOf(span);
    return typeof server === 'object' && server !== null && servers.unclear.has(server);
  });
  const clockOf = (service: string | null) => clocks.get(service) ?? UNKNOWN;
  const single = calls.map((call) => !isPipeline(call, seen, statements));
  const known = new Map<number, readonly number[]>();
  const values = (mark: number): readonly number[] => {
    const found = known.get(mark) ?? valuesOf(seen.marks, mark, names);
    known.set(mark, found);
    return found;
  };
  const contextOf = (commands: Commands): CallContext => ({
    clockOf,
    forbids: (call, command) => {
      if (!single[call]) return true;
      const owner = owners[call]!;
      const only = lone[commands.first[command]!]!;
      return only !== -1 && owner >= 0 && owner !== only && !flight.records[only]!.span;
    },
    names: (call, command) => {
      const owner = owners[call]!;
      if (owner < 0) return -1;
      return namesValue(values(commands.first[command]!), flight.values[owner]!);
    },
  });
  let commands = seen;
  let pairs = pairCalls(commands, statements, calls, contextOf(commands));
  if (pairs.apart.size > 0) {
    commands = new Commands(seen.marks, statements, pairs.apart);
    pairs = pairCalls(commands, statements, calls, contextOf(commands));
  }
  const taken = takenBy(commands, pairs);
  takePipelines({ commands, statements, calls, clockOf }, taken);
  if (isComplete(servers, flight)) takeAlike(commands, pairs.fitting, pairs.paired, taken);
  for (const command of pairs.doubtful) taken[command] = -1;
  const missing = calls.flatMap((call, i) => {
    const command = pairs.paired[i]!;
    const found = command !== -1 && taken[command] === i;
    return single[i] && !found && commandsLike(commands, statements, call) !== null ? [owners[i]!] : [];
  });
  const attached = [...servers.attached.values()].flatMap((record) => places.get(record) ?? []);
  return outcome(commands, owners, taken, (call) => doubtful[call]! || pairs.unclear.has(call), {
    attached: new Set(attached),
    incomplete: new Set(missing),
  });
}

/** Whether nearly all requests have spans. Of sampled traces, what no span tells of may be anybody's. */
function isComplete(servers: ServerRequests, flight: Flight): boolean {
  const seen = flight.records.filter(({ span }) => !span).length;
  const told = new Set([...servers.attached.values()].filter(({ span }) => !span)).size;
  return seen > 0 && told >= seen * NEARLY_ALL;
}

function takenBy(commands: Commands, { paired }: Pairs): Int32Array {
  const taken = new Int32Array(commands.count).fill(-1);
  for (const [call, command] of paired.entries()) if (command !== -1) taken[command] = call;
  return taken;
}

function outcome(
  commands: Commands,
  owners: readonly number[],
  taken: Int32Array,
  doubts: (call: number) => boolean,
  requests: Pick<SpanCover, 'attached' | 'incomplete'>,
): ToldOperations {
  const { marks } = commands;
  const byMark = new Int32Array(marks.count).fill(-1);
  const unclear = new Uint8Array(marks.count);
  const counts = { cache: 0, source: 0, cacheTold: 0, sourceTold: 0 };
  for (let command = 0; command < commands.count; command++) {
    const call = taken[command]!;
    const owner = call === -1 ? -1 : owners[call]!;
    const kind = marks.kind[commands.first[command]!]!;
    const store = kind === MARK.source ? 'source' : kind === MARK.border ? null : 'cache';
    if (store !== null) {
      counts[store]++;
      if (owner !== -1) counts[`${store}Told`]++;
    }
    for (let i = commands.first[command]!; i <= commands.last[command]!; i++) {
      byMark[i] = owner;
      if (call !== -1 && doubts(call)) unclear[i] = 1;
    }
  }
  const tells = {
    cache: counts.cacheTold >= counts.cache * NEARLY_ALL,
    source: counts.sourceTold >= counts.source * NEARLY_ALL,
  };
  return { owners: byMark, unclear, cover: { ...requests, tells } };
}

/** The request that a call was made for: by its server span, else by the trace that the proxy saw. */
function ownerOf(
  spans: Spans,
  servers: ServerRequests,
  places: ReadonlyMap<RequestRecord, number>,
  span: StoreSpan['span'],
  flight: Flight,
): number {
  const server = spans.serverOf(span);
  if (server === 'background') return -2;
  const record = server === null ? undefined : servers.attached.get(server);
  if (record !== undefined) return places.get(record) ?? -1;
  const same = flight.byTrace.get(span.trace);
  return same?.length === 1 ? same[0]! : -1;
}
