/** The counterexamples found so far: of each start, fault and cause the simplest, whatever order of its class was run. */
import type { CauseCode } from '../../core/codes.ts';
import type { FaultKind } from '../explore/contract.ts';
import { switchesOfClass } from '../explore/minimise.ts';
import type { Start } from '../scenario/contract.ts';
import type { NamedCause } from './cause.ts';
import type { Ran } from './execution.ts';

export interface Found {
  readonly ran: Ran;
  readonly cause: NamedCause;
  readonly fault: FaultKind | null;
  /** Stale executions like this one. */
  executions: number;
}

export class Collection {
  readonly #found = new Map<string, Found>();

  /** Gives true when nothing like it was known. */
  add(ran: Ran, cause: NamedCause): boolean {
    const fault = faultOf(ran);
    const name = nameOf(ran.start, fault, cause.code);
    const known = this.#found.get(name);
    const executions = (known?.executions ?? 0) + 1;
    if (known === undefined || simpler(ran, known.ran))
      this.#found.set(name, { ran, cause, fault, executions });
    else known.executions = executions;
    return known === undefined;
  }

  /** Puts a simpler one in the place of what was found. */
  replace(found: Found, ran: Ran, cause: NamedCause): void {
    const name = nameOf(found.ran.start, found.fault, found.cause.code);
    this.#found.set(name, { ...found, ran, cause });
  }

  /** Those that need no fault first; the simplest first. */
  all(): readonly Found[] {
    return [...this.#found.values()].sort(
      (a, b) =>
        Number(a.fault !== null) - Number(b.fault !== null) ||
        weight(a.ran) - weight(b.ran) ||
        (a.cause.code < b.cause.code ? -1 : 1),
    );
  }
}

export function faultOf({ taken }: Pick<Ran, 'taken'>): FaultKind | null {
  return taken.find(({ step }) => step.fault !== undefined)?.step.fault ?? null;
}

/** Same start, same fault, same cause: the same kind of counterexample. */
export function nameOf(start: Start, fault: FaultKind | null, code: CauseCode): string {
  return `${start} ${fault ?? '-'} ${code}`;
}

function simpler(a: Ran, b: Ran): boolean {
  return weight(a) < weight(b);
}

const weights = new WeakMap<Ran, number>();

/** Switches weigh most: they are what a reader has to follow. */
function weight(ran: Ran): number {
  const known = weights.get(ran);
  if (known !== undefined) return known;
  const weighed = switchesOfClass(ran.events) * 1_000 + ran.taken.length;
  weights.set(ran, weighed);
  return weighed;
}
