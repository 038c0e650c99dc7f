/**
 * What attribution remembers of the store operations: one mark each, in typed arrays, so that marking allocates nothing.
 * The oldest marks are settled (counted for good) when there is no more room.
 */
import type { CacheOperation, Digest, SourceOperation } from '../operation.ts';

/** Marks remembered; ns stamps, statements, keys and a few values each: about 130 bytes. */
export const MAX_MARKS = 1 << 17;

/** Values kept of one operation: first those that its WHERE clause requires, then its parameters. */
export const MAX_TOKENS = 6;

/** Different statements, commands and sessions that are told apart; later ones share a name. */
export const MAX_NAMES = 1 << 16;

export const MARK = { hit: 0, miss: 1, source: 2, cache: 3, border: 4 } as const;

/** Numbers for texts; past {@link MAX_NAMES} all share one. */
export class Names {
  readonly #ids = new Map<string, number>();
  readonly texts: string[] = [''];

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    if (this.texts.length >= MAX_NAMES) return 0;
    const id = this.texts.length;
    this.texts.push(text);
    this.#ids.set(text, id);
    return id;
  }
}

/** A digest's 48 bits as a number; 0 for none. */
export function digestNumber(digest: Digest | null | undefined): number {
  if (digest == null) return 0;
  let value = 0;
  for (let i = 2; i < digest.length && i < 14; i++) {
    const code = digest.charCodeAt(i);
    if (code === 126) break;
    value = value * 16 + (code <= 57 ? code - 48 : (code - 87) & 15);
  }
  return value;
}

/** Mixes a number into a hash of 53 bits: multiplications and shifts over two halves, as in MurmurHash3's finalizer. */
export function mix(hash: number, value: number): number {
  // The hash is turned before the value comes in: mixing is not commutative.
  let low = (Math.imul(hash | 0, 0x85ebca6b) + 0x9e3779b9) | 0;
  let high = (Math.imul((hash / 4294967296) | 0, 0xc2b2ae35) + 0x165667b1) | 0;
  low = Math.imul((low ^ (low >>> 15)) + (value | 0), 0x2c1b3c6d);
  high = Math.imul((high ^ (high >>> 13)) + ((value / 4294967296) | 0) + low, 0x297a2d39);
  low = Math.imul(low ^ (low >>> 12) ^ (high >>> 7), 0x27d4eb2f);
  high ^= (high >>> 15) ^ Math.imul(low, 0x9e3779b1);
  low ^= low >>> 15;
  return ((high >>> 0) & 0x1fffff) * 4294967296 + (low >>> 0);
}

export class Marks {
  count = 0;
  invoke = new Float64Array(1024);
  return = new Float64Array(1024);
  id = new Float64Array(1024);
  /** Hash of the parameters of a statement. */
  params = new Float64Array(1024);
  kind = new Uint8Array(1024);
  session = new Uint32Array(1024);
  /** Name of the statement's shape, or of the command. */
  what = new Uint32Array(1024);
  /** Transaction or MULTI on the session, plus one; 0: none. */
  group = new Float64Array(1024);
  /** Ordinal of the request that was alone in flight, as captured; 0: none. */
  request = new Uint32Array(1024);
  db = new Uint16Array(1024);
  tokens = new Float64Array(1024 * MAX_TOKENS);
  readonly key: (string | null)[] = [];
  readonly value: (string | null)[] = [];
  readonly names = new Names();
  readonly sessions = new Names();
  /** Whether any operation carried the ordinal of its request. */
  tagged = false;

  get isFull(): boolean {
    return this.count >= MAX_MARKS;
  }

  cache(op: CacheOperation): void {
    if (op.kind === 'key' || op.return === null) return;
    const read = op.kind === 'read' && op.status === 'ok';
    const kind = !read ? MARK.cache : op.value === null ? MARK.miss : MARK.hit;
    const at = this.#add(op, op.return, kind, this.names.id(op.command));
    this.group[at] = op.group === undefined ? 0 : op.group + 1;
    this.db[at] = op.db;
    this.key[at] = 'key' in op ? op.key : op.kind === 'script' ? (op.keys[0] ?? null) : null;
    this.value[at] = op.kind === 'read' ? op.value : null;
  }

  source(op: SourceOperation): void {
    switch (op.kind) {
      case 'begin':
      case 'commit':
      case 'rollback': {
        const at = this.#add(op, op.return ?? op.invoke, MARK.border, this.names.id(op.kind));
        this.group[at] = op.tx + 1;
        return;
      }
      case 'read':
      case 'write': {
        // A statement that was never answered was sent all the same.
        const at = this.#add(op, op.return ?? op.invoke, MARK.source, this.names.id(op.shape));
        this.group[at] = op.tx === null ? 0 : op.tx + 1;
        this.#values(at, op);
        return;
      }
      default:
        return;
    }
  }

  #values(at: number, op: Extract<SourceOperation, { readonly kind: 'read' | 'write' }>): void {
    let used = 0;
    const first = at * MAX_TOKENS;
    if (op.kind === 'read') {
      for (const { values } of op.where.equal)
        for (let i = 0; i < values.length && used < MAX_TOKENS; i++)
          this.tokens[first + used++] = digestNumber(values[i]);
    } else {
      for (const { where } of op.effects)
        for (const { values } of where.equal)
          for (let i = 0; i < values.length && used < MAX_TOKENS; i++)
            this.tokens[first + used++] = digestNumber(values[i]);
    }
    let hash = op.params.length;
    for (let i = 0; i < op.params.length; i++) {
      const value = digestNumber(op.params[i]);
      hash = mix(hash, value);
      if (used < MAX_TOKENS && value !== 0) this.tokens[first + used++] = value;
    }
    this.params[at] = hash;
  }

  #add(op: CacheOperation | SourceOperation, end: number, kind: number, what: number): number {
    if (this.count === this.invoke.length) this.#grow();
    const at = this.count++;
    this.invoke[at] = op.invoke;
    this.return[at] = end;
    this.id[at] = op.id;
    this.kind[at] = kind;
    this.session[at] = this.sessions.id(op.session);
    this.what[at] = what;
    this.group[at] = 0;
    this.request[at] = op.request ?? 0;
    if (op.request !== undefined) this.tagged = true;
    this.params[at] = 0;
    this.tokens.fill(0, at * MAX_TOKENS, (at + 1) * MAX_TOKENS);
    this.key[at] = null;
    this.value[at] = null;
    return at;
  }

  /** Forgets the oldest. */
  drop(most: number): void {
    const n = Math.min(most, this.count);
    for (const list of this.#columns()) list.copyWithin(0, n, this.count);
    this.tokens.copyWithin(0, n * MAX_TOKENS, this.count * MAX_TOKENS);
    this.key.splice(0, n);
    this.value.splice(0, n);
    this.count -= n;
  }

  #columns(): readonly (Float64Array | Uint32Array | Uint16Array | Uint8Array)[] {
    return [
      this.invoke,
      this.return,
      this.id,
      this.params,
      this.kind,
      this.session,
      this.what,
      this.group,
      this.request,
      this.db,
    ];
  }

  #grow(): void {
    const size = this.invoke.length * 2;
    const doubles = (from: Float64Array, length = size) => {
      const to = new Float64Array(length);
      to.set(from);
      return to;
    };
    const integers = (from: Uint32Array) => {
      const to = new Uint32Array(size);
      to.set(from);
      return to;
    };
    this.invoke = doubles(this.invoke);
    this.return = doubles(this.return);
    this.id = doubles(this.id);
    this.params = doubles(this.params);
    this.group = doubles(this.group);
    this.tokens = doubles(this.tokens, size * MAX_TOKENS);
    this.session = integers(this.session);
    this.what = integers(this.what);
    this.request = integers(this.request);
    const kind = new Uint8Array(size);
    kind.set(this.kind);
    this.kind = kind;
    const db = new Uint16Array(size);
    db.set(this.db);
    this.db = db;
  }
}
