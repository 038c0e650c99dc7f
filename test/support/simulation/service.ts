/** What a simulated service is: actions that clients choose from, and what it is expected to show. */
import type { CauseCode } from '../../../src/core/codes.ts';
import type { Client } from './client.ts';
import type { Process } from './engine.ts';
import type { Shop, Variety } from './shop.ts';

export interface Action {
  readonly method: string;
  readonly path: (id: number) => string;
  readonly weight: number;
  readonly run: (client: Client, id: number) => Process;
}

export interface Service {
  readonly actions: readonly Action[];
  /** Processes beside the requests; each runs until the clients are done. */
  readonly background?: readonly ((client: Client) => Process)[];
  /** Template of the keys that go stale; default the item's. */
  readonly template?: string;
}

export interface Variant {
  readonly name: string;
  /** What it must show; null: nothing at all. */
  readonly code: CauseCode | null;
  /** What it needs of the variety. */
  readonly needs?: Partial<Variety> & { readonly notShapes?: readonly string[]; readonly crowd?: boolean };
  readonly make: (shop: Shop) => Service;
}

export function read(run: Action['run'], weight = 80): Action {
  return { method: 'GET', path: (id) => `/items/${id}`, weight, run };
}

export function write(run: Action['run'], weight = 12): Action {
  return { method: 'PUT', path: (id) => `/items/${id}`, weight, run };
}

export function readList(run: Action['run'], weight = 40): Action {
  return { method: 'GET', path: (id) => `/categories/${(id % 3) + 1}`, weight, run };
}
