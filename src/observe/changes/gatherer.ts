/** Gathers the messages of the stream into committed transactions, within bounds. */
import type { DecodedTable, LogicalMessage, RowMessage } from '../../wire/postgres/logical/index.ts';
import type { ObserveContext } from '../context.ts';
import { CHANGE_LIMITS } from './limits.ts';
import { isSystemTable, type KeptRow, keptRow, weight } from './rows.ts';

/** A transaction whose commit has arrived. */
export interface GatheredTransaction {
  readonly xid: number;
  readonly lsn: string;
  /** Commit time, microseconds since 1970 by the server's clock; null when not told. */
  readonly committed: number | null;
  readonly rows: readonly KeptRow[];
  /** Values kept of it, see `CHANGE_LIMITS.values`. */
  readonly weight: number;
  /** When its first and its last message arrived, ns. */
  readonly began: number;
  readonly arrived: number;
}

interface Open {
  readonly xid: number;
  readonly committed: number | null;
  readonly began: number;
  readonly rows: KeptRow[];
  readonly cut: Map<string, KeptRow>;
  weight: number;
}

export class TransactionGatherer {
  readonly #digest: ObserveContext['digest'];
  #open: Open | null = null;
  /** Messages that were not understood. */
  strange = 0;

  constructor(digest: ObserveContext['digest']) {
    this.#digest = digest;
  }

  /** Whether rows are still kept one by one; afterwards only their tables matter. */
  get keeps(): boolean {
    return this.#open === null || this.#open.rows.length < CHANGE_LIMITS.rows;
  }

  /** Values kept of the transaction that is arriving. */
  get weight(): number {
    return this.#open?.weight ?? 0;
  }

  /** Takes a message; gives the transaction that it ends. `at`: lsn and ns; `room`: values that may be kept more. */
  take(
    message: LogicalMessage,
    at: { readonly lsn: string; readonly at: number },
    room: number,
  ): GatheredTransaction | null {
    switch (message.kind) {
      case 'begin':
        this.#open = {
          xid: message.xid,
          committed: message.committed === null ? null : Number(message.committed),
          began: at.at,
          rows: [],
          cut: new Map(),
          weight: 0,
        };
        return null;
      case 'row':
        if (!isSystemTable(message)) this.#row(message, room);
        return null;
      case 'truncate':
        for (const table of message.tables) if (!isSystemTable(table)) this.#keep(emptied(table), room);
        return null;
      case 'commit':
        return this.#commit(message, at);
      default:
        return null;
    }
  }

  /** A change of a table that could not be read: any of its rows may have changed. */
  unread(table: DecodedTable, action: RowMessage['action']): void {
    if (this.#open !== null && !isSystemTable(table)) this.#cut(this.#open, table, action);
  }

  #row(message: RowMessage, room: number): void {
    const open = this.#open;
    if (open === null) return;
    if (!this.keeps) this.#cut(open, message, message.action);
    else this.#keep(keptRow(message, this.#digest), room);
  }

  #keep(row: KeptRow, room: number): void {
    const open = this.#open;
    if (open === null) return;
    const more = weight(row);
    if (!this.keeps || more > room) {
      this.#cut(open, row, row.action);
      return;
    }
    open.rows.push(row);
    open.weight += more;
  }

  #cut(open: Open, { schema, table }: DecodedTable, action: KeptRow['action']): void {
    const name = `${schema}.${table}`;
    if (open.cut.has(name) || open.cut.size >= CHANGE_LIMITS.tables) return;
    open.cut.set(name, { ...emptied({ schema, table }), action, truncated: true });
  }

  #commit(
    message: Extract<LogicalMessage, { kind: 'commit' }>,
    { lsn, at }: { readonly lsn: string; readonly at: number },
  ): GatheredTransaction | null {
    const open = this.#open;
    this.#open = null;
    if (open === null) return null;
    const committed = message.committed === null ? open.committed : Number(message.committed);
    return {
      xid: message.xid ?? open.xid,
      lsn: message.lsn ?? lsn,
      committed,
      rows: [...open.rows, ...open.cut.values()],
      weight: open.weight,
      began: open.began,
      arrived: at,
    };
  }
}

function emptied({ schema, table }: DecodedTable): KeptRow {
  return { schema, table, action: 'truncate', old: null, oldIs: null, now: null, unchanged: [] };
}
