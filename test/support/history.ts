/**
 * A small language for histories, so that a test case reads like what happened.
 *
 *     # comment
 *     table items key id
 *     0.0  r1  GET item:1 -> miss
 *     0.4  p1  read items id=1 -> id=1 name=Lamp price=10
 *     1.0  r1  SET item:1 {"id":1,"name":"Lamp","price":10} EX 60
 *     9.0  p2  begin
 *     9.1  p2  write items id=1 set price=12
 *     9.5  p2  commit
 *     9.8  r2  DEL item:1 -> 1
 *     9.5-9.9 stream update items id=1 xid=7 by=cron/shop -> id=1 name=Lamp price=12   (change stream; also proxied=p2 part=1/2)
 *     0.0-2.0 h1 HTTP GET /items/1?lang=de x-tenant=acme -> 200 {"id":1}   (asked by the query and a header; JSON body)
 *     expect WS104 item:{id} proved hits=1 writer=…        or: expect nothing
 *
 * Times are milliseconds; an operation takes 0.1 ms unless written `0.4-0.9`. `; ` separates rows. `where` of reads may also be
 * `all`, `all limit`, `count`, `a=1 b=2`, `id in 1,2`. A read without a WHERE that is understood: `opaque`. A session whose
 * name begins with `replica` is one of a replica, of either store.
 */
import { keyParts } from '../../src/core/keys.ts';
import type { Digest, Equality, Operation, Predicate, ResultColumn } from '../../src/core/operation.ts';
import { createDigester } from '../../src/observe/payload/index.ts';

export interface Expectation {
  readonly code: string;
  readonly template: string;
  readonly rest: Readonly<Record<string, string>>;
  readonly confidence: string | null;
}

export interface ParsedHistory {
  readonly title: string;
  readonly operations: readonly Operation[];
  readonly expectations: readonly Expectation[];
  readonly reveal: (digest: Digest) => string | undefined;
}

type Draft = Operation extends infer T ? (T extends Operation ? Omit<T, 'id'> : never) : never;

interface Line {
  readonly invoke: number;
  readonly return: number | null;
  readonly session: string;
  readonly words: readonly string[];
  readonly result: string | null;
  readonly text: string;
}

const KEY = new Uint8Array(16).map((_, i) => i);
const encoder = new TextEncoder();

export class HistoryParser {
  readonly #digest = createDigester(KEY);
  readonly #operations: Draft[] = [];
  readonly #tables = new Map<string, { key: string[]; columns: string[] }>();
  readonly #keys = new Set<string>();
  readonly #tx = new Map<string, { number: number; open: boolean }>();
  readonly #expectations: Expectation[] = [];
  #title = '';

  parse(text: string): ParsedHistory {
    for (const raw of text.split('\n')) {
      const line = raw.trim();
      if (line.startsWith('#')) this.#title ||= line.slice(1).trim();
      else if (line.startsWith('expect ')) this.#expect(line);
      else if (line.startsWith('table ')) this.#table(line);
      else if (line !== '') this.#operation(line);
    }
    const byReturn = this.#operations
      .map((op, i) => ({ op, i }))
      .sort(
        (a, b) =>
          (a.op.return ?? Number.POSITIVE_INFINITY) - (b.op.return ?? Number.POSITIVE_INFINITY) || a.i - b.i,
      );
    return {
      title: this.#title,
      operations: byReturn.map(({ op }, i) => ({ id: i + 1, ...op }) as Operation),
      expectations: this.#expectations,
      reveal: (digest) => this.#digest.reveal(digest),
    };
  }

  #expect(line: string): void {
    const [, code, quoted, ...rest] = line.match(/"[^"]*"|\S+/g)!;
    if (code === 'nothing') return;
    const template = quoted?.replaceAll('"', '');
    const pairs = rest
      .filter((word) => word.includes('='))
      .map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]);
    this.#expectations.push({
      code: code!,
      template: template!,
      confidence: rest.find((word) => !word.includes('=')) ?? null,
      rest: Object.fromEntries(pairs),
    });
  }

  #table(line: string): void {
    const [, table, , ...key] = line.split(/[\s,]+/);
    this.#tables.set(table!, { key, columns: [] });
    this.#operations.push({
      tier: 'source',
      kind: 'table',
      table: table!,
      primaryKey: key,
      columns: [],
      session: 'pg:0',
      invoke: 0,
      return: 0,
      status: 'ok',
    });
  }

  #operation(line: string): void {
    const match = /^([\d.]+)(?:-([\d.]+|\?))?\s+(\S+)\s+(.*?)(?:\s+->\s+(.*))?$/.exec(line);
    if (match === null) throw new Error(`history: cannot read "${line}"`);
    const [, from, until, session, text, result] = match;
    const invoke = Math.round(Number(from) * 1e6);
    const end = until === '?' ? null : Math.round(Number(until ?? Number(from) + 0.1) * 1e6);
    const parsed: Line = {
      invoke,
      return: end,
      session: session!,
      text: text!,
      words: text!.split(/\s+/),
      result: result ?? null,
    };
    const verb = parsed.words[0]!;
    if (parsed.session === 'stream') this.#change(parsed);
    else if (verb === verb.toLowerCase()) this.#source(parsed);
    else if (verb === 'HTTP') this.#http(parsed);
    else if (verb === 'LOG') {
      this.#push(parsed, { tier: 'client', kind: 'log', stream: 'stdout', text: text!.slice(4) });
    } else this.#cache(parsed);
  }

  #push(line: Line, rest: object): void {
    this.#operations.push({
      session: line.session,
      invoke: line.invoke,
      return: line.return,
      status: line.return === null ? 'info' : 'ok',
      ...rest,
    } as Draft);
  }

  #http(line: Line): void {
    const [, method, url, ...headers] = line.words;
    const [path, query] = url!.split('?');
    const asked = [
      ...[...new URLSearchParams(query ?? '')].map(([name, value]) => [`?${name}`, value] as const),
      ...headers
        .map((pair) => pair.split(/=(.*)/s))
        .map(([name, value]) => [`header:${name}`, value!] as const),
    ].map(([place, value]) => [place, this.#digest.scalar(value)] as const);
    const [code = '200', body] = (line.result ?? '200').split(/ (.*)/s);
    const parts = path!
      .split('/')
      .filter(Boolean)
      .map((part) => this.#digest.scalar(part));
    this.#push(line, {
      tier: 'http',
      kind: 'request',
      method,
      path,
      parts,
      ...(asked.length > 0 ? { asked } : {}),
      code: Number(code),
      size: body?.length ?? 0,
      ...(body === undefined ? {} : { payload: this.#digest.inspect(encoder.encode(body)) }),
    });
  }

  // Cache -----------------------------------------------------------------------------------------------------------------

  #name(db: number, key: string): void {
    if (this.#keys.has(`${db} ${key}`)) return;
    this.#keys.add(`${db} ${key}`);
    const secrets = this.#digest.secretsOf?.(key) ?? [];
    this.#operations.push({
      tier: 'cache',
      kind: 'key',
      command: '',
      db,
      key,
      session: 'redis:0',
      invoke: 0,
      return: 0,
      status: 'ok',
      parts: keyParts(key).map((part) => [part, this.#digest.scalar(part)] as const),
      ...(secrets.length > 0 ? { secrets } : {}),
    });
  }

  #cache(line: Line): void {
    const words = [...line.words];
    const at = words.findIndex((word) => word.startsWith('@'));
    const db = at < 0 ? 0 : Number(words.splice(at, 1)[0]!.slice(1));
    const command = words[0]!;
    const raw = words[1] ?? '';
    for (let i = 1; i < (command === 'DEL' ? words.length : 2); i++)
      words[i] = this.#digest.key(words[i] ?? '');
    const failed = line.result?.startsWith('ERR') ? { status: 'fail', error: line.result.slice(4) } : {};
    const base = { tier: 'cache', command, db, ...failed };
    const keys =
      command === 'DEL' || command === 'MGET'
        ? words.slice(1)
        : command.startsWith('FLUSH')
          ? []
          : [words[1]!];
    for (const key of keys) if (key !== '') this.#name(db, key);
    switch (command) {
      case 'GET':
        this.#push(line, {
          ...base,
          kind: 'read',
          key: words[1],
          ...this.#readValue(line.result!, raw),
          ...onReplica(line),
        });
        return;
      case 'HGETALL':
        this.#push(line, {
          ...base,
          kind: 'read',
          key: words[1],
          ...this.#hashValue(line.result!),
          ...onReplica(line),
        });
        return;
      case 'SET': {
        const body = words.slice(2).join(' ');
        const options = /(?:\s+(EX|PX)\s+(\d+))?(\s+(?:NX|XX|KEEPTTL))*$/.exec(body)!;
        const payload = body.slice(0, options.index);
        const ttl =
          options[1] === undefined
            ? /KEEPTTL/.test(options[0])
              ? 'keep'
              : null
            : Number(options[2]) * (options[1] === 'EX' ? 1000 : 1);
        this.#push(line, {
          ...base,
          kind: 'write',
          key: words[1],
          ttl,
          applied: line.result !== 'nil',
          ...this.#payload(payload, raw),
        });
        return;
      }
      case 'HSET': {
        const fields: Record<string, Digest> = {};
        const bytes = new Map<string, Uint8Array>();
        for (let i = 2; i + 1 < words.length; i += 2) {
          fields[words[i]!] = this.#digest.scalar(words[i + 1]!);
          bytes.set(words[i]!, encoder.encode(words[i + 1]!));
        }
        this.#push(line, {
          ...base,
          kind: 'write',
          key: words[1],
          ttl: 'keep',
          applied: true,
          size: 1,
          fields,
          payload: this.#digest.inspectFields(bytes),
        });
        return;
      }
      case 'DEL':
        for (const key of keys) {
          const removed = line.result === null ? 1 : line.result === '?' ? null : Number(line.result);
          const together = keys.length > 1 ? { group: this.#operations.length - keys.indexOf(key) } : {};
          this.#push(line, { ...base, ...together, kind: 'delete', key, removed, value: null });
        }
        return;
      case 'EXPIRE':
        this.#push(line, {
          ...base,
          kind: 'expire',
          key: words[1],
          ttl: Number(words[2]) * 1000,
          applied: true,
        });
        return;
      case 'PERSIST':
        this.#push(line, { ...base, kind: 'expire', key: words[1], ttl: null, applied: true });
        return;
      case 'EVAL': {
        // `EVAL key,other {…}`: a document; `EVAL key a=1 b=2`: the fields of a hash.
        const isHash = words.length > 2 && words.slice(2).every((word) => /^\w+=/.test(word));
        const candidate = isHash
          ? this.#hashValue(words.slice(2).join(' '))
          : this.#payload(words.slice(2).join(' '));
        this.#push(line, {
          ...base,
          kind: 'script',
          keys: words[1]!.split(','),
          candidates: words.length > 2 ? [candidate] : [],
        });
        return;
      }
      case 'SMEMBERS':
        this.#push(line, {
          ...base,
          kind: 'read',
          key: words[1],
          ...this.#readValue(line.result!, words[1]!),
        });
        return;
      case 'SADD':
      case 'SREM':
      case 'INCR':
        this.#push(line, { ...base, kind: 'write', key: words[1], ttl: 'keep', applied: true, size: 0 });
        return;
      case 'FLUSHDB':
        this.#push(line, { ...base, kind: 'flush', all: false });
        return;
      default:
        throw new Error(`history: no such command ${command}`);
    }
  }

  #payload(text: string, key = '') {
    const bytes = encoder.encode(text);
    return {
      value: this.#digest.identity(bytes),
      size: bytes.length,
      payload: this.#digest.inspect(bytes, key),
    };
  }

  #readValue(result: string, key: string) {
    return result === 'miss' ? { value: null, size: 0 } : this.#payload(result, key);
  }

  #hashValue(result: string) {
    if (result === 'miss') return { value: null, size: 0 };
    const pairs = result.split(/\s+/).map((pair) => pair.split('=') as [string, string]);
    const fields = Object.fromEntries(pairs.map(([field, value]) => [field, this.#digest.scalar(value)]));
    const bytes = new Map(pairs.map(([field, value]) => [field, encoder.encode(value)]));
    return {
      value: this.#digest.identity(encoder.encode(result)),
      size: 1,
      fields,
      payload: this.#digest.inspectFields(bytes),
    };
  }

  // Source ----------------------------------------------------------------------------------------------------------------

  #source(line: Line): void {
    const [verb, table] = line.words;
    if (verb === 'begin' || verb === 'commit' || verb === 'rollback') {
      this.#border(line, verb);
      return;
    }
    const open = this.#tx.get(line.session);
    const base = { tier: 'source', tx: open?.open ? open.number : null };
    const rest = line.words.slice(2);
    if (verb === 'call') {
      this.#push(line, {
        ...base,
        kind: 'read',
        shape: `select ${table}()`,
        params: [],
        columns: [],
        rows: [],
        rowCount: 1,
        tables: [],
        where: { equal: [], columns: [], complete: false, limited: false },
        aggregate: false,
        opaque: true,
      });
    } else if (verb === 'read') this.#read(line, base, table!, rest);
    else this.#write(line, base, verb!, table!, rest);
  }

  /** `update items id=1 xid=7 … -> column=value…`: the row's key, then its values after the change; `was.column=value`: before. */
  #change(line: Line): void {
    const [action, table, ...words] = line.words;
    this.#streamBegins();
    const value = (text: string) =>
      text === 'null' ? null : this.#digest.scalar(text.replace(/^"|"$/g, ''));
    const pairs = (text: string) =>
      (text.match(/[\w.]+=(?:"[^"]*"|\S*)/g) ?? []).map((pair) => pair.split(/=(.*)/s) as [string, string]);
    const told = new Map(pairs(words.join(' ')));
    const take = (name: string) => {
      const text = told.get(name);
      told.delete(name);
      return text;
    };
    const xid = Number(take('xid') ?? 1000 + this.#operations.length);
    const [application, user] = take('by')?.split('/') ?? [];
    const proxied = take('proxied');
    const [part, count] = (take('part') ?? '1/1').split('/').map(Number);
    const truncated = take('truncated') !== undefined;
    const cells = pairs(line.result ?? '').map(([column, text]) => [column, value(text)] as const);
    const after = Object.fromEntries(cells.filter(([column]) => !column.startsWith('was.')));
    const was = cells
      .filter(([column]) => column.startsWith('was.'))
      .map(([column, v]) => [column.slice(4), v]);
    this.#push(line, {
      tier: 'source',
      kind: 'change',
      table,
      action,
      xid,
      lsn: `0/${xid.toString(16).toUpperCase()}`,
      committed: '2026-01-01T00:00:00.000000Z',
      index: part! - 1,
      count,
      ...(told.size > 0
        ? { row: Object.fromEntries([...told].map(([column, text]) => [column, this.#digest.scalar(text)])) }
        : {}),
      ...(action === 'delete' ? {} : { after }),
      ...(was.length > 0 ? { before: Object.fromEntries(was) } : {}),
      ...(truncated ? { truncated } : {}),
      ...(proxied === undefined ? {} : { proxied }),
      ...(application === undefined
        ? {}
        : { client: { application: application || null, user: user ?? null } }),
    });
  }

  #streamBegins(): void {
    if (this.#operations.some((op) => op.kind === 'stream')) return;
    this.#operations.push({
      tier: 'source',
      kind: 'stream',
      state: 'begin',
      plugin: 'test_decoding',
      insertOnly: [],
      tables: null,
      session: 'stream:1',
      invoke: 0,
      return: 0,
      status: 'ok',
    });
  }

  #border(line: Line, kind: 'begin' | 'commit' | 'rollback'): void {
    const known = this.#tx.get(line.session);
    const number = kind === 'begin' ? (known?.number ?? 0) + 1 : (known?.number ?? 1);
    this.#tx.set(line.session, { number, open: kind === 'begin' });
    const isolation = line.words.slice(1).join(' ');
    this.#push(line, { tier: 'source', kind, tx: number, ...(isolation === '' ? {} : { isolation }) });
  }

  #where(table: string, words: readonly string[]): Predicate {
    const equal: Equality[] = [];
    for (let i = 0; i < words.length; i++) {
      const [column, value] = words[i]!.split(/=(.*)/s);
      if (words[i + 1] === 'in') {
        equal.push({
          table,
          column: words[i]!,
          values: words[i + 2]!.split(',').map((v) => this.#digest.scalar(v)),
        });
        i += 2;
      } else if (value !== undefined)
        equal.push({ table, column: column!, values: [this.#digest.scalar(value)] });
    }
    const limited = words.includes('limit');
    return {
      equal,
      columns: equal.map((e) => `${table}.${e.column}`),
      complete: !limited && !words.includes('opaque'),
      limited,
    };
  }

  #rows(table: string, result: string | null): { columns: ResultColumn[]; rows: (Digest | null)[][] } {
    if (result === null || result === 'none' || /^\d+$/.test(result)) return { columns: [], rows: [] };
    const rows = result.split(';').map((row) =>
      row
        .trim()
        .match(/[\w.()]+=(?:"[^"]*"|\S*)/g)!
        .map((pair) => pair.split(/=(.*)/s)),
    );
    const columns = rows[0]!.map(([name]) => {
      const computed = name!.endsWith('()');
      const dotted = name!.split('.');
      const column = dotted.at(-1)!.replace('()', '');
      return {
        name: column,
        table: computed ? null : dotted.length > 1 ? dotted[0]! : table,
        column: computed ? null : column,
      };
    });
    const value = (text: string) =>
      text === 'null' ? null : this.#digest.scalar(text.replace(/^"|"$/g, ''));
    return { columns, rows: rows.map((row) => row.map(([, text]) => value(text!))) };
  }

  #read(line: Line, base: object, tables: string, words: readonly string[]): void {
    const table = tables.split(',')[0]!;
    const where = this.#where(table, words);
    const { columns, rows } = this.#rows(table, line.result);
    this.#push(line, {
      ...base,
      kind: 'read',
      shape: `select ${columns.map((c) => c.name).join(', ') || '*'} from ${tables} where ${where.columns.join(' and ')}${where.limited ? ' limit' : ''}`,
      params: where.equal.flatMap((e) => e.values),
      columns,
      rows,
      rowCount: rows.length,
      tables: tables.split(','),
      where,
      ...onReplica(line),
      aggregate: columns.some((column) => column.table === null),
    });
  }

  #write(line: Line, base: object, verb: string, table: string, words: readonly string[]): void {
    const action = verb === 'write' ? 'update' : verb;
    const cut = words.indexOf('set');
    const where = this.#where(table, verb === 'insert' ? [] : cut < 0 ? words : words.slice(0, cut));
    const assigned = verb === 'insert' ? words : cut < 0 ? [] : words.slice(cut + 1);
    const set = Object.fromEntries(
      assigned.map((pair) => {
        const [column, value] = pair.split(/=(.*)/s);
        return [column, value === '?' ? '?' : value === 'null' ? null : this.#digest.scalar(value!)];
      }),
    );
    const { columns, rows } = this.#rows(table, line.result);
    const count =
      line.result !== null && /^\d+$/.test(line.result) ? Number(line.result) : Math.max(1, rows.length);
    const effects = [{ table, action, set, where }];
    const params = [...Object.values(set), ...where.equal.flatMap((e) => e.values)].filter(
      (value) => value !== '?',
    );
    const shape = `${verb} ${table} set ${Object.keys(set).join(', ')} where ${where.columns.join(' and ')}`;
    this.#push(line, { ...base, kind: 'write', shape, params, columns, rows, rowCount: count, effects });
  }
}

/** Parses a history text. */
export function parseHistory(text: string): ParsedHistory {
  return new HistoryParser().parse(text);
}

function onReplica(line: Line): { readonly replica?: true } {
  return line.session.startsWith('replica') ? { replica: true } : {};
}
