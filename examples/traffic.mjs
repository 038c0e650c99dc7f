#!/usr/bin/env node
/**
 * Traffic for the example shops: repeatable in what each client does, bounded in time and connections, and itself a
 * check, because it knows what it wrote.
 *
 *   node examples/traffic.mjs --url http://127.0.0.1:8080 --bug stale-fill-race --seconds 10 --clients 8 --seed 1
 *
 * Prints one JSON document. Exits 1 when the service failed a request, and with --fail-on-stale also when an answer was
 * stale. --url repeats when the shop runs as several processes; they take requests in turn. The traffic must be the only writer of the shop while it runs.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { MAX_CONNECTIONS } from './traffic/http.mjs';
import { createRandom } from './traffic/random.mjs';
import { createShopClient, ITEMS, USERS } from './traffic/shop-client.mjs';
import { mixOf, mixOfSteps, SCENARIOS, takeStep } from './traffic/steps.mjs';

export { SCENARIOS };

const MAX_SECONDS = 3_600;
const READY_SECONDS = 30;
const READY_POLL_MS = 50;
const PROGRESS_MS = 500;
/** A service that fails this often is given up on. */
const MAX_ERRORS = 200;
/** Numbers that one client may use for values before they meet the next client's. */
const NUMBERS_PER_CLIENT = 4_000;

/** See traffic.d.mts. */
export async function runTraffic(options) {
  const {
    url,
    scenario = '',
    steps,
    seconds = 10,
    clients = 8,
    seed = 1,
    pauseMs = 0,
    onProgress,
    signal,
  } = options;
  const count = bounded(clients, 'clients', 1, MAX_CONNECTIONS);
  const mix = steps === undefined ? mixOf(scenario) : mixOfSteps(steps);
  const shop = createShopClient([url].flat());
  const start = performance.now();
  const report = () => ({
    elapsedMs: Math.round(performance.now() - start),
    ...structuredClone(shop.figures),
  });
  const progress = onProgress && setInterval(() => onProgress(report()), PROGRESS_MS);
  try {
    await ready(shop, url, signal);
    const end = performance.now() + bounded(seconds, 'seconds', 0, MAX_SECONDS) * 1000;
    const going = () => performance.now() < end && shop.figures.errors < MAX_ERRORS && !signal?.aborted;
    await shop.stats();
    await Promise.all(
      Array.from({ length: count }, (_, index) => act(shop, mix, seed, index, pauseMs, going)),
    );
    return report();
  } finally {
    clearInterval(progress);
    shop.close();
  }
}

async function act(shop, mix, seed, index, pauseMs, going) {
  const random = createRandom(seed * 1_000_003 + index);
  let used = 0;
  const client = {
    shop,
    random,
    token: `demo-token-${1 + (index % USERS)}`,
    own: 1 + (index % ITEMS),
    next: () => index * NUMBERS_PER_CLIENT + (used++ % NUMBERS_PER_CLIENT),
  };
  while (going()) {
    await takeStep(random.weighted(mix), client);
    if (pauseMs > 0) await pause(pauseMs);
  }
}

async function ready(shop, url, signal) {
  for (
    const end = performance.now() + READY_SECONDS * 1000;
    performance.now() < end;
    await pause(READY_POLL_MS)
  ) {
    if ((await shop.health()) || signal?.aborted) return;
  }
  throw new Error(
    `traffic: GET /healthz at ${url} did not answer 200 within ${READY_SECONDS} s; is the shop running?`,
  );
}

function bounded(value, name, low, high) {
  if (!(value >= low && value <= high))
    throw new RangeError(`traffic: ${name} must be from ${low} to ${high}`);
  return value;
}

async function main() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', multiple: true, default: ['http://127.0.0.1:8080'] },
      bug: { type: 'string', default: '' },
      seconds: { type: 'string', default: '10' },
      clients: { type: 'string', default: '8' },
      seed: { type: 'string', default: '1' },
      'pause-ms': { type: 'string', default: '0' },
      'fail-on-stale': { type: 'boolean', default: false },
    },
  });
  const result = await runTraffic({
    url: values.url,
    scenario: values.bug,
    seconds: Number(values.seconds),
    clients: Number(values.clients),
    seed: Number(values.seed),
    pauseMs: Number(values['pause-ms']),
  });
  console.log(JSON.stringify(result, null, 2));
  const failed = result.errors > 0 || (values['fail-on-stale'] && result.staleAnswers > 0);
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 2;
  });
}
