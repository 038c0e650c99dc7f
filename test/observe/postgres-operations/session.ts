/** A database session that tells what it runs as exchanges, as the wire would show them. */
import pg from 'pg';
import type { StatementExchange } from '../../../src/observe/postgres/exchange.ts';

interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
}

export interface TestSession {
  /** Runs one statement; failures are told, not thrown. */
  run(sql: string, params?: readonly (string | number | null)[]): Promise<StatementExchange>;
  end(): Promise<void>;
}

let clock = 0;

/** Connects; every exchange goes to `take`. */
export async function testSession(
  url: string,
  name: string,
  take: (exchange: StatementExchange) => void,
): Promise<TestSession> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  let status: 'I' | 'T' | 'E' = 'I';
  let ready: (status: 'I' | 'T' | 'E') => void = () => undefined;
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  connection.on('readyForQuery', (message: { status: 'I' | 'T' | 'E' }) => {
    ready(message.status);
  });
  let transactions = 0;
  const asText = { getTypeParser: () => (text: string) => text };

  async function answer(
    sql: string,
    params: readonly (string | number | null)[],
  ): Promise<Pick<StatementExchange, 'columns' | 'rows' | 'tag' | 'sqlstate'>> {
    try {
      const values = params.length > 0 ? { values: [...params] } : {};
      const result = await client.query({
        text: sql,
        ...values,
        rowMode: 'array',
        types: asText,
      } as pg.QueryArrayConfig);
      const count =
        result.rowCount === null ? '' : ` ${result.command === 'INSERT' ? '0 ' : ''}${result.rowCount}`;
      return {
        columns: (result.fields as Field[]).map((field) => ({
          name: field.name,
          table: field.tableID,
          attribute: field.columnID,
          type: field.dataTypeID,
        })),
        rows: result.rows as (string | null)[][],
        tag: `${result.command}${count}`,
        sqlstate: null,
      };
    } catch (cause) {
      return { columns: [], rows: [], tag: null, sqlstate: (cause as { code?: string }).code ?? 'XX000' };
    }
  }

  return {
    run: async (sql, params = []) => {
      const before = status;
      const invoke = ++clock;
      const reached = new Promise<'I' | 'T' | 'E'>((resolve) => {
        ready = resolve;
      });
      const outcome = await answer(sql, params);
      status = await reached;
      const tx = before === 'I' ? (status === 'I' ? null : ++transactions) : transactions;
      if (/and chain/i.test(sql)) transactions++;
      const exchange: StatementExchange = {
        session: name,
        sql,
        part: 0,
        params: params.map((value) => (value === null ? null : String(value))),
        ...outcome,
        truncated: false,
        before,
        after: status,
        implicit: false,
        tx,
        invoke,
        return: ++clock,
      };
      take(exchange);
      return exchange;
    },
    end: () => client.end(),
  };
}
