/** Runs a variant: draws its surroundings from the seed, lets clients act, and gives the history with its truth. */
import type { Operation } from '../../../src/core/operation.ts';
import { Client } from './client.ts';
import { MS, type Process } from './engine.ts';
import { Random } from './random.ts';
import type { Action, Variant } from './service.ts';
import { SHAPES, Shop, STYLES, TABLES, type Variety } from './shop.ts';
import { type TrueStaleHit, Truth } from './truth.ts';
import { type Instrumentation, World, type WorldOptions } from './world.ts';

export interface Run {
  readonly variant: Variant;
  readonly seed: number;
  readonly variety: Variety;
  readonly http: boolean;
  readonly clients: number;
  readonly operations: readonly Operation[];
  /** Template that the variant's keys should get. */
  readonly template: string;
  readonly stale: readonly TrueStaleHit[];
  readonly reveal: (digest: string) => string | undefined;
  readonly world: World;
}

/** How often spans are sent. */
const BATCH_MS = 200;

export interface RunOptions {
  readonly seed: number;
  readonly http?: boolean;
  readonly clients?: number;
  readonly requests?: number;
  /** Whether the change stream is read. */
  readonly stream?: boolean;
  /** Whether the service sends spans. */
  readonly spans?: Instrumentation;
  /** Surroundings that are not left to the seed. */
  readonly world?: Partial<WorldOptions>;
}

function varietyOf(variant: Variant, random: Random): Variety {
  const { notShapes = [], crowd: _, ...needs } = variant.needs ?? {};
  return {
    style: random.pick(Object.keys(STYLES)),
    shape: random.pick(Object.keys(SHAPES).filter((shape) => !notShapes.includes(shape))),
    items: 2 + random.int(8),
    bystanders: random.chance(0.6),
    blocks: random.chance(0.5),
    present: 1,
    ...needs,
  };
}

function worldOf(options: RunOptions, random: Random): WorldOptions {
  return {
    seed: options.seed,
    stream: options.stream ?? false,
    http: options.http ?? random.chance(0.5),
    tables: TABLES,
    databasePool: random.pick([3, 10, 50]),
    cachePool: random.chance(0.5) ? 'shared' : random.pick([4, 20, 50]),
    latency: random.pick([0.15, 0.4, 1]),
    stall: random.pick([
      [0, 0],
      [0.02, 20],
      [0.06, 10],
    ] as const),
    spans: options.spans,
    ...options.world,
  };
}

function chooseAction(actions: readonly Action[], random: Random): Action {
  let at = random.next() * actions.reduce((sum, action) => sum + action.weight, 0);
  for (const action of actions) {
    at -= action.weight;
    if (at < 0) return action;
  }
  return actions[0]!;
}

/** One request, from its arrival to its response. */
function* serve(shop: Shop, action: Action, id: number, session: string): Process {
  const { world } = shop;
  const client = new Client(world, world.nextRequest());
  const invoke = world.engine.now;
  yield* world.pause();
  yield* shop.arrive(client);
  yield* action.run(client, id);
  yield* shop.leave(client);
  yield* world.pause();
  client.request.returned = world.engine.now;
  const path = action.path(id);
  const route = path.replace(/\d+$/, ':id');
  world.spans?.server(
    client.request,
    { method: action.method, route, path },
    invoke + 0.005 * MS,
    world.engine.now - 0.005 * MS,
  );
  if (!world.options.http) return;
  world.recorder.emit({
    tier: 'http',
    kind: 'request',
    request: client.request.ordinal,
    session,
    invoke,
    return: world.engine.now,
    status: 'ok',
    method: action.method,
    path,
    parts: path
      .split('/')
      .filter(Boolean)
      .map((part) => world.recorder.digest.scalar(part)),
    code: 200,
    size: 100,
  });
}

export function simulate(variant: Variant, options: RunOptions): Run {
  const random = new Random(options.seed);
  const variety = varietyOf(variant, random);
  const crowd = variant.needs?.crowd === true;
  const world = new World({ ...worldOf(options, random), ...(crowd ? { databasePool: 50 } : {}) });
  const shop = new Shop(world, variety);
  const service = variant.make(shop);
  const clients = options.clients ?? (crowd ? 50 : random.pick([1, 4, 12, 25, 50]));
  let left = options.requests ?? 300;
  let active = clients;
  for (let i = 0; i < clients; i++) {
    world.engine.spawn(
      (function* (): Process {
        while (left-- > 0) {
          yield* world.sleep(random.exponential(clients / 4));
          yield* serve(shop, chooseAction(service.actions, random), shop.anyId(), `http:${i + 1}`);
        }
        active--;
      })(),
    );
  }
  for (const step of service.background ?? []) {
    world.engine.spawn(
      (function* (): Process {
        const worker = new Client(world);
        while (active > 0) yield* step(worker);
      })(),
    );
  }
  if (world.spans !== null) {
    world.engine.spawn(
      (function* (): Process {
        while (active > 0) {
          yield* world.sleep(BATCH_MS);
          world.spans?.flush(world.recorder);
        }
      })(),
    );
  }
  world.engine.run();
  world.spans?.flush(world.recorder);
  const { recorder } = world;
  return {
    variant,
    seed: options.seed,
    variety,
    http: world.options.http,
    clients,
    operations: recorder.operations,
    template: service.template ?? shop.template,
    stale: new Truth(world, shop.entities).stale(),
    reveal: (digest) => recorder.digest.reveal(digest),
    world,
  };
}
