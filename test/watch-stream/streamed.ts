/** A database behind a relay with its change stream read, and the history that comes of both. */
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type {
  Operation,
  SourceChange,
  SourceRead,
  SourceStream,
  SourceTable,
} from '../../src/core/operation.ts';
import type { Digester } from '../../src/observe/context.ts';
import { createDigester } from '../../src/observe/payload/index.ts';
import { Sequencer } from '../../src/observe/sequencer.ts';
import { openAnalyser } from '../../src/observe/sql/analyse.ts';
import { formatEndpoint } from '../../src/proxy/endpoint.ts';
import type { ServerObject } from '../../src/report/watch-summary.ts';
import { type ChangeStreams, openChangeStreams } from '../../src/watch/change-streams.ts';
import { type Link, linkPostgres } from '../../src/watch/links.ts';
import { parseStore } from '../../src/watch/stores.ts';

export type Change = SourceChange;

export interface Streamed {
  /** URL of the database through the relay. */
  readonly proxied: string;
  readonly streams: ChangeStreams;
  readonly operations: readonly Operation[];
  /** `code: text` */
  readonly degraded: readonly string[];
  readonly digest: Digester;
  /** All changes told so far, after waiting for those that are committed. */
  readonly changes: () => Promise<readonly SourceChange[]>;
  readonly tables: () => readonly SourceTable[];
  readonly begins: () => readonly SourceStream[];
  readonly reads: () => readonly SourceRead[];
  /** Ends the stream; what it had made on the server. */
  readonly close: () => Promise<readonly ServerObject[]>;
}

/** Starts following the database at `url`, and those at the further store values; everything is stopped when the test ends. */
export async function streamed(url: string, ...more: readonly string[]): Promise<Streamed> {
  const began = performance.now();
  const clock = () => Math.round((performance.now() - began) * 1e6);
  const operations: Operation[] = [];
  const degraded: string[] = [];
  const degrade = (code: string, text: string) => degraded.push(`${code}: ${text}`);
  const digest = createDigester(randomBytes(16));
  const sink = new Sequencer(digest, (op) => operations.push(op), degrade);
  const context = { sink, digest, degrade };
  const notice = (text: string) => degraded.push(text);
  const tools = { context, clock, wall: () => Date.now(), analyser: await openAnalyser(), env: {}, notice };
  const place = { listen: { host: '127.0.0.1', port: 0 }, prefix: 'pg' };
  const links: Link[] = [];
  for (const one of [url, ...more]) links.push(await linkPostgres(parseStore('postgres', one), place, tools));
  const streams = await openChangeStreams(links, { context, clock, notice });
  onTestFinished(async () => {
    await streams.close();
    for (const link of links) await link.close();
  });
  const proxied = new URL(url);
  proxied.host = formatEndpoint(links[0]!.relay.endpoint);
  const source = <K extends Operation['kind']>(kind: K) =>
    operations.filter(
      (op): op is Extract<Operation, { tier: 'source'; kind: K }> => op.tier === 'source' && op.kind === kind,
    );
  return {
    proxied: proxied.href,
    streams,
    operations,
    degraded,
    digest,
    changes: async () => {
      await streams.finish();
      return source('change');
    },
    tables: () => source('table'),
    begins: () => source('stream'),
    reads: () => source('read'),
    close: () => streams.close(),
  };
}
