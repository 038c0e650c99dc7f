/**
 * What clients ask: the messages that the server answers, with what must be remembered of each until it does.
 */
import {
  decodeBind,
  decodeExecute,
  decodeParse,
  decodeQuery,
  decodeTarget,
  formatOf,
} from '../../wire/postgres/frontend.ts';
import { Frontend } from '../../wire/postgres/messages.ts';
import type { TextReader } from '../../wire/postgres/text.ts';
import { LIMITS } from './limits.ts';
import type { Parameter } from './statements.ts';

interface Asked {
  /** Stamp of the chunk that completed the message. */
  readonly at: number;
  /** Bytes this request holds on to. */
  readonly weight: number;
}

export interface QueryRequest extends Asked {
  readonly kind: 'query';
  readonly sql: string;
}

export interface ParseRequest extends Asked {
  readonly kind: 'parse';
  readonly name: string;
  readonly sql: string;
  readonly types: readonly number[];
}

export interface BindRequest extends Asked {
  readonly kind: 'bind';
  readonly portal: string;
  readonly statement: string;
  readonly parameters: readonly Parameter[];
  readonly formats: readonly number[];
}

export interface TargetRequest extends Asked {
  readonly kind: 'describe' | 'close';
  readonly target: 'statement' | 'portal';
  readonly name: string;
}

export interface ExecuteRequest extends Asked {
  readonly kind: 'execute';
  readonly portal: string;
}

/** Requests without content. `copy-end` (CopyDone or CopyFail) has no answer of its own; it marks where COPY's data
 * ended. `startup` is answered by the first ReadyForQuery. */
export interface PlainRequest extends Asked {
  readonly kind: 'startup' | 'sync' | 'call' | 'copy-end';
}

export type Request =
  | QueryRequest
  | ParseRequest
  | BindRequest
  | TargetRequest
  | ExecuteRequest
  | PlainRequest;

/** Bytes a request costs apart from its texts. */
const BASE_WEIGHT = 64;

/** The request in one client message: undefined when the message asks nothing (data, Flush, Terminate, passwords), null
 * when its body is not what the protocol says. */
export function readRequest(
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  context: { readonly at: number; readonly text: TextReader },
): Request | undefined | null {
  const { at, text } = context;
  const plain = (kind: PlainRequest['kind']): PlainRequest => ({ kind, at, weight: BASE_WEIGHT });
  switch (type) {
    case Frontend.query: {
      const { sql } = decodeQuery(bytes, start, end, text);
      return { kind: 'query', sql, at, weight: BASE_WEIGHT + sql.length };
    }
    case Frontend.parse: {
      const { name, sql, types } = decodeParse(bytes, start, end, text);
      return { kind: 'parse', name, sql: cutSql(sql), types, at, weight: BASE_WEIGHT + sql.length };
    }
    case Frontend.bind:
      return readBind(bytes, start, end, context);
    case Frontend.describe:
    case Frontend.close: {
      const target = decodeTarget(bytes, start, end, text);
      const kind = type === Frontend.describe ? 'describe' : 'close';
      return target === undefined ? null : { kind, ...target, at, weight: BASE_WEIGHT };
    }
    case Frontend.execute: {
      const execute = decodeExecute(bytes, start, end, text);
      if (execute === undefined) return null;
      return { kind: 'execute', portal: execute.portal, at, weight: BASE_WEIGHT };
    }
    case Frontend.sync:
      return plain('sync');
    case Frontend.functionCall:
      return plain('call');
    case Frontend.copyDone:
    case Frontend.copyFail:
      return plain('copy-end');
    default:
      return undefined;
  }
}

/** A statement's text within its limit. */
export function cutSql(sql: string): string {
  return sql.length > LIMITS.sql ? sql.slice(0, LIMITS.sql) : sql;
}

function readBind(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: { readonly at: number; readonly text: TextReader },
): BindRequest {
  const bind = decodeBind(bytes, start, end, context.text);
  let weight = BASE_WEIGHT;
  const parameters = bind.values.slice(0, LIMITS.parameters).map((value, index): Parameter => {
    if (value === null) return null;
    if (value === undefined || value.length > LIMITS.parameter) return undefined;
    weight += value.length;
    // Text is read at once; bytes are copied, because the chunk they lie in is reused.
    return formatOf(bind.formats, index) === 0 ? context.text(value, 0, value.length) : value.slice();
  });
  return {
    kind: 'bind',
    portal: bind.portal,
    statement: bind.statement,
    parameters,
    formats: bind.resultFormats,
    at: context.at,
    weight,
  };
}
