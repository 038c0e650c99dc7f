import type { StatementExchange } from '../../../src/observe/postgres/exchange.ts';
import { observePostgresSession, type SessionStart } from '../../../src/observe/postgres/session.ts';
import { concat, encodeBackend, encodeFrontend } from '../../../src/wire/postgres/encode.ts';

/** One chunk on the wire. Its stamp is its place in the script, counted from 1. */
export interface Step {
  readonly from: 'client' | 'server';
  readonly bytes: Uint8Array;
}

export const c = (...messages: Uint8Array[]): Step => ({ from: 'client', bytes: concat(messages) });
export const s = (...messages: Uint8Array[]): Step => ({ from: 'server', bytes: concat(messages) });

export const F = encodeFrontend;
export const B = encodeBackend;

/** The opening of an ordinary session, as one client and one server step: the script proper starts with stamp 3. */
export const opened: readonly Step[] = [
  c(F.startup({ user: 'shop', database: 'shop' })),
  s(B.authenticationOk(), B.parameterStatus('client_encoding', 'UTF8'), B.readyForQuery('I')),
];

export interface Seen {
  readonly exchanges: readonly StatementExchange[];
  readonly degraded: readonly string[];
  readonly starts: readonly SessionStart[];
}

/** Cuts a step's bytes into the pieces in which they reach the observer; all carry the step's stamp. */
export type Cut = (bytes: Uint8Array, step: number) => readonly Uint8Array[];

/** Plays a script to an observer and gives what it saw. Chunks are handed over in a buffer that is overwritten after
 * each call, as the relay does. */
export function play(
  steps: readonly Step[],
  options: {
    readonly end?: boolean;
    readonly cut?: Cut;
    readonly take?: (exchange: StatementExchange) => void;
  } = {},
): Seen {
  const exchanges: StatementExchange[] = [];
  const degraded: string[] = [];
  const starts: SessionStart[] = [];
  const observer = observePostgresSession({
    onExchange: options.take ?? ((exchange) => exchanges.push(exchange)),
    degrade: (code) => degraded.push(code),
    onStart: (start) => starts.push(start),
  })('pg:1');
  steps.forEach((step, index) => {
    for (const piece of options.cut?.(step.bytes, index) ?? [step.bytes]) {
      const shared = piece.slice();
      observer[step.from](shared, index + 1);
      shared.fill(0xff);
    }
  });
  if (options.end !== false) observer.end(steps.length + 1);
  return { exchanges, degraded, starts };
}

/** What a table of exchanges compares: only the fields that it names. */
export type Expected = { readonly [Name in keyof StatementExchange]?: StatementExchange[Name] | undefined };

/** Picks from every exchange the fields that its expectation names. */
export function like(exchanges: readonly StatementExchange[], expected: readonly Expected[]): Expected[] {
  return exchanges.map((exchange, index) => {
    const names = Object.keys(expected[index] ?? exchange) as (keyof StatementExchange)[];
    return Object.fromEntries(names.map((name) => [name, exchange[name]]));
  });
}
