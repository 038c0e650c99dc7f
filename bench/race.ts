/**
 * What an exploration costs: executions, what reduction saves against trying every ordering, time of an execution, and the share
 * of the start-up, for delete-after-commit (examples/race) with one and two readers and writers, from a cold cache.
 *
 * How many orderings there are is not tried but computed: every ordering belongs to exactly one of the classes that are run, and
 * the orderings of a class are the linear extensions of its happens-before. RACE_PLAIN=1 runs those of one reader and one writer
 * besides, and holds the two figures against each other.
 *
 *   npm run bench -- race            RACE_ONLY=node-1+1 npm run bench -- race
 *
 * Needs redis-server, and for FastAPI its Python modules; a service that does not start is left out.
 */
import os from 'node:os';
import { resolve } from 'node:path';
import type { Explorer } from '../src/race/explore/contract.ts';
import { createDpor } from '../src/race/explore/dpor.ts';
import { createNone } from '../src/race/explore/none.ts';
import { createDependence, type Trace, traceOf } from '../src/race/explore/trace.ts';
import { Execution } from '../src/race/run/execution.ts';
import { openStage } from '../src/race/run/open-stage.ts';
import { type ActorSpec, readScenario, type Scenario } from '../src/race/scenario/index.ts';

const EXAMPLE = resolve(import.meta.dirname, '../examples/race/delete-after-commit-2-2.yaml');
const SERVICES = { node: `${process.execPath} service.mjs`, fastapi: '/usr/bin/python3 service.py' };
/** Readers and writers. */
const SIZES = [
  [1, 1],
  [2, 1],
  [1, 2],
  [2, 2],
] as const;

interface Explored {
  readonly executions: number;
  readonly pruned: number;
  readonly orderings: bigint;
  readonly stale: number;
  readonly complete: boolean;
  readonly startMs: number;
  readonly executionsMs: number;
}

await main();

async function main(): Promise<void> {
  const only = process.env.RACE_ONLY;
  console.log(`delete-after-commit, cold start; load ${load()}`);
  for (const [name, service] of Object.entries(SERVICES)) {
    for (const [readers, writers] of SIZES) {
      const title = `${name}-${readers}+${writers}`;
      if (only !== undefined && only !== title) continue;
      try {
        const scenario = await sized(service, readers, writers);
        print(title, await explored(scenario, createDpor()));
        if (process.env.RACE_PLAIN === '1' && readers + writers === 2) {
          print(`${title} plain`, await explored(scenario, createNone()));
        }
      } catch (error) {
        console.error(`${title}: ${(error as Error).message}`);
        process.exitCode = 1;
      }
    }
  }
  console.log(`load at the end ${load()}`);
}

function load(): string {
  const [one = 0, five = 0] = os.loadavg();
  return `${one.toFixed(1)} ${five.toFixed(1)} on ${os.cpus().length} processors`;
}

/** The example with as many of its readers and writers. */
async function sized(service: string, readers: number, writers: number): Promise<Scenario> {
  const scenario = await readScenario(EXAMPLE, { ...process.env, SERVICE: service });
  const some = (role: ActorSpec['role'], count: number) =>
    scenario.actors.filter((actor) => actor.role === role).slice(0, count);
  const actors = [...some('reader', readers), ...some('writer', writers)];
  return { ...scenario, start: ['cold'], actors: actors as unknown as Scenario['actors'] };
}

async function explored(scenario: Scenario, explorer: Explorer): Promise<Explored> {
  const silent = { notice: () => undefined, line: () => undefined };
  const request = { scenario, ownDatabase: false, env: process.env };
  const begin = performance.now();
  const stage = await openStage(request, silent, new AbortController().signal);
  const started = performance.now();
  const dependent = createDependence();
  const kept = { waiters: new Set<string>(), patient: new Set<string>() };
  let orderings = 0n;
  try {
    for (let plan = explorer.next(); plan !== null; plan = explorer.next()) {
      const { world, answers, witness, database, clock } = stage;
      witness.begin();
      const execution = new Execution(world, answers, { start: 'cold', database, clock, ...kept });
      const ran = await execution.run(explorer, plan);
      if (ran.ending === 'finished') orderings += linearExtensions(traceOf(ran.events, dependent));
    }
    const executionsMs = performance.now() - started;
    const { executions, pruned, stale, complete } = explorer.progress();
    return { executions, pruned, stale, complete, orderings, startMs: started - begin, executionsMs };
  } finally {
    await stage.close();
  }
}

/** Orders of the events that respect happens-before: counted over the sets of events that are closed under it. */
function linearExtensions({ events, direct }: Trace): bigint {
  let level = new Map<string, { readonly done: ReadonlySet<number>; ways: bigint }>([
    ['', { done: new Set(), ways: 1n }],
  ]);
  for (let size = 0; size < events.length; size++) {
    const next: typeof level = new Map();
    for (const { done, ways } of level.values()) {
      for (let index = 0; index < events.length; index++) {
        if (done.has(index) || !direct[index]!.every((earlier) => done.has(earlier))) continue;
        const set = new Set(done).add(index);
        const key = [...set].sort((a, b) => a - b).join();
        const known = next.get(key);
        if (known === undefined) next.set(key, { done: set, ways });
        else known.ways += ways;
      }
    }
    level = next;
  }
  return [...level.values()].reduce((sum, { ways }) => sum + ways, 0n);
}

function print(title: string, one: Explored): void {
  const runs = one.executions + one.pruned;
  const totalMs = one.startMs + one.executionsMs;
  const plain = title.endsWith('plain');
  const reduction = Number(one.orderings) / one.executions;
  console.log(
    [
      `  ${title.padEnd(18)}`,
      `${one.executions.toLocaleString('en').padStart(6)} executions`,
      plain ? '' : ` for ${one.orderings.toLocaleString('en')} orderings (${reduction.toFixed(1)} to 1)`,
      `, ${one.pruned} broken off, ${one.stale} stale${one.complete ? '' : ', NOT COMPLETE'}`,
      `; ${(one.executionsMs / runs).toFixed(1)} ms an execution`,
      `; start-up ${(one.startMs / 1000).toFixed(1)} s, ${Math.round((100 * one.startMs) / totalMs)} % of ${(totalMs / 1000).toFixed(1)} s`,
    ].join(''),
  );
}
