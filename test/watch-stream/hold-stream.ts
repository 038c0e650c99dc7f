/** Follows a database until the process ends; for tests that kill it. */
import { randomBytes } from 'node:crypto';
import { createDigester } from '../../src/observe/payload/index.ts';
import { Sequencer } from '../../src/observe/sequencer.ts';
import { openAnalyser } from '../../src/observe/sql/analyse.ts';
import { openChangeStreams } from '../../src/watch/change-streams.ts';
import { linkPostgres } from '../../src/watch/links.ts';
import { parseStore } from '../../src/watch/stores.ts';

const degrade = (_: string, text: string): void => console.error(text);
const clock = (): number => Math.round(performance.now() * 1e6);
const digest = createDigester(randomBytes(16));
const context = { sink: new Sequencer(digest, () => undefined, degrade), digest, degrade };
const place = { listen: { host: '127.0.0.1', port: 0 }, prefix: 'pg' };
const tools = {
  context,
  clock,
  wall: Date.now,
  analyser: await openAnalyser(),
  env: {},
  notice: console.error,
};
const link = await linkPostgres(parseStore('postgres', process.argv[2] ?? ''), place, tools);
await openChangeStreams([link], { context, clock, notice: console.error });
console.log('following');
