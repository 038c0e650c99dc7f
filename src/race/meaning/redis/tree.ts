/** A reply as a small tree: enough to tell people what came back. Bounded in nodes and text. */
import { REPLY, ReplyScanner } from '../../../wire/redis/index.ts';

/** Nodes kept of one reply. */
const MAX_NODES = 64;
/** Bytes kept of one text. */
const TEXT_CAP = 256;

export type Tree =
  | { readonly kind: 'nil' }
  | { readonly kind: 'error' | 'status'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly bytes: Uint8Array; readonly size: number }
  | { readonly kind: 'list'; readonly map: boolean; readonly count: number; readonly items: readonly Tree[] };

interface Open {
  readonly map: boolean;
  count: number;
  readonly items: Tree[];
}

function scalar(scanner: ReplyScanner): Tree {
  const bytes = scanner.bytes.slice(scanner.start, scanner.end);
  const text = (): string => Buffer.from(bytes).toString('utf8');
  switch (scanner.type) {
    case REPLY.null:
      return { kind: 'nil' };
    case REPLY.error:
      return { kind: 'error', text: text() };
    case REPLY.simple:
      return { kind: 'status', text: text() };
    case REPLY.integer:
      return { kind: 'number', text: String(scanner.integer) };
    case REPLY.boolean:
      return { kind: 'number', text: scanner.integer === 1 ? 'true' : 'false' };
    case REPLY.double:
    case REPLY.bigNumber:
      return { kind: 'number', text: text() };
    default:
      return { kind: 'text', bytes, size: scanner.length };
  }
}

const AGGREGATES: ReadonlySet<number> = new Set([REPLY.array, REPLY.map, REPLY.set, REPLY.push]);

class Builder {
  readonly #open: Open[] = [];
  #nodes = 0;
  root: Tree | null = null;

  node(scanner: ReplyScanner): void {
    if (this.root !== null) return;
    if (!AGGREGATES.has(scanner.type)) this.#put(scalar(scanner));
    else this.#open.push({ map: scanner.type === REPLY.map, count: Math.max(0, scanner.count), items: [] });
  }

  close(): void {
    const done = this.#open.pop();
    if (done !== undefined) this.#put({ kind: 'list', ...done });
  }

  /** What there is of a reply that was cut. */
  end(): void {
    while (this.root === null && this.#open.length > 0) this.close();
  }

  #put(tree: Tree): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) this.root ??= tree;
    else if (++this.#nodes <= MAX_NODES) parent.items.push(tree);
  }
}

/** The first reply in the bytes, as far as it is there; null when they are none. */
export function replyTree(bytes: Uint8Array): Tree | null {
  const builder = new Builder();
  const scanner: ReplyScanner = new ReplyScanner(
    { node: (at) => builder.node(at), close: () => builder.close(), unknown: () => undefined },
    { bodyCap: TEXT_CAP },
  );
  scanner.feed(bytes);
  builder.end();
  return builder.root;
}
