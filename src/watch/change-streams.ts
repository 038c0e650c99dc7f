/** The change streams of all watched databases: opened together, told in one place what cannot be seen. */
import type { ObserveContext } from '../observe/context.ts';
import type { ServerObject } from '../report/watch-summary.ts';
import { ChangeStream } from './change-stream.ts';
import { type Refusal, refusalText } from './change-stream-refusal.ts';
import type { Link } from './links.ts';

export interface ChangeStreams {
  /** What runs, for the user: `change stream: on (test_decoding)`. */
  readonly lines: readonly string[];
  /** Waits, for a bounded time, until all that is committed now has been told. */
  finish(): Promise<void>;
  /** Ends the streams and removes what they made; safe to call at any time. */
  close(): Promise<readonly ServerObject[]>;
}

export interface ChangeStreamsTools {
  readonly context: ObserveContext;
  /** Integer ns since the recording started. */
  readonly clock: () => number;
  readonly notice: (text: string) => void;
}

/** Opens a stream for every PostgreSQL that allows one. Never rejects. */
export async function openChangeStreams(
  links: readonly Link[],
  { context, clock, notice }: ChangeStreamsTools,
): Promise<ChangeStreams> {
  const followed = new Set<string>();
  const streams: ChangeStream[] = [];
  const lines: string[] = [];
  for (const { store, source } of links) {
    if (source === null) continue;
    const session = `stream:${streams.length + 1}`;
    const on = (stream: ChangeStream) =>
      `change stream${store.name === null ? '' : ` of ${store.name}`}: on (${stream.plugin})`;
    const stream = await ChangeStream.open(store, {
      context,
      clock,
      source,
      session,
      followed,
      onLate: (late) => {
        if (late.state === 'on') notice(`${on(late)}, from now`);
        else if (late.refusal !== null) context.degrade('change-stream', refusalText(late.refusal));
      },
    });
    streams.push(stream);
    if (stream.state === 'on') lines.push(on(stream));
    if (stream.state === 'late') context.degrade('change-stream-late', LATE);
  }
  const refused = refusalToTell(streams);
  if (refused !== null) context.degrade('change-stream', refusalText(refused));
  return {
    lines,
    finish: async () => {
      await Promise.all(streams.map((stream) => stream.finish()));
    },
    close: async () => (await Promise.all(streams.map((stream) => stream.close()))).flat(),
  };
}

const LATE =
  'A transaction that was open when watching began keeps the change stream from beginning: until it is over, changes that do not pass the proxy are not seen. (It is found with: SELECT pid, xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY xact_start.)';

/** A standby's refusal says nothing where the stream of another server is read. */
function refusalToTell(streams: readonly ChangeStream[]): Refusal | null {
  const on = streams.some(({ state }) => state !== 'off');
  const refusals = streams.flatMap(({ state, refusal }) =>
    state === 'off' && refusal !== null ? [refusal] : [],
  );
  return refusals.find(({ standby }) => !standby) ?? (on ? null : (refusals[0] ?? null));
}
