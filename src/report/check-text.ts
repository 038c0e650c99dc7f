/** The verdict of a consistency check: the document `whystale-check/1`, and the same as text. */
import { count, counted, duration } from '../core/numbers.ts';
import type { Drawing } from './style.ts';
import { tableLines } from './table.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

export const CHECK_FORMAT = 'whystale-check/1';

export interface CheckDocument {
  readonly format: typeof CHECK_FORMAT;
  readonly model: string;
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  readonly operations: number;
  readonly keys: number;
  readonly checkMs: number;
  /** Smallest bound of staleness that the history keeps; null when no bound suffices, or it was not decided. */
  readonly maxStaleMs: number | null;
  readonly violations: readonly {
    readonly key: string;
    readonly witness: readonly (number | string)[];
  }[];
  /** Why the verdict is `unknown`, and what was left out. */
  readonly notices: readonly string[];
}

/** An operation of a witness, as it is shown. */
export interface ShownOperation {
  readonly session: string;
  readonly kind: string;
  readonly value: string | null;
  readonly invoke: number;
  readonly return: number | null;
}

/** Violations drawn in full; the others are counted. */
const MAX_DRAWN = 10;

const NS_PER_MS = 1e6;

/** The text, ending in a newline. `operationOf` finds an operation by the name it has in a witness. */
export function checkText(
  document: CheckDocument,
  operationOf: (name: number | string) => ShownOperation | undefined,
  drawing: Drawing,
): string {
  const { width, style } = drawing;
  const paint = { valid: style.good, invalid: style.bad, unknown: style.warn }[document.verdict];
  const lines = [
    `${paint(document.verdict)}  ${document.model}: ${counted(document.operations, 'operation')} on ${counted(document.keys, 'key')}, checked in ${duration(document.checkMs)}`,
    ...(document.maxStaleMs !== null && document.maxStaleMs > 0
      ? [`A read was behind by up to ${duration(document.maxStaleMs)}.`]
      : []),
    ...document.notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn)),
    ...document.violations
      .slice(0, MAX_DRAWN)
      .flatMap((violation) => violationLines(violation, operationOf, drawing)),
  ];
  const more = document.violations.length - MAX_DRAWN;
  if (more > 0) lines.push('', `${count(more)} more; --json lists them all.`);
  return `${lines.join('\n')}\n`;
}

function violationLines(
  { key, witness }: CheckDocument['violations'][number],
  operationOf: (name: number | string) => ShownOperation | undefined,
  drawing: Drawing,
): string[] {
  const found = witness.map((name) => ({ name, operation: operationOf(name) }));
  const origin = Math.min(
    ...found.flatMap(({ operation }) => (operation === undefined ? [] : [operation.invoke])),
  );
  const ms = (at: number) => ((at - origin) / NS_PER_MS).toFixed(3);
  const rows = found.map(({ name, operation }) =>
    operation === undefined
      ? [String(name), '', '', '', '', '']
      : [
          String(name),
          operation.session,
          operation.kind,
          operation.value ?? '(absent)',
          ms(operation.invoke),
          operation.return === null ? 'unknown' : ms(operation.return),
        ],
  );
  const left = (heading: string) => ({ heading, align: 'left' }) as const;
  const right = (heading: string) => ({ heading, align: 'right' }) as const;
  const columns = [
    left('op'),
    left('session'),
    left('kind'),
    left('value'),
    right('invoke ms'),
    right('return ms'),
  ];
  return [
    '',
    `${drawing.style.name(visible(key))}: these cannot be put in order`,
    ...tableLines(columns, rows, drawing),
  ];
}
