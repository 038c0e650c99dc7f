/** What was decided: the owner of each mark, and how it is known. */
import type { Flight } from './flight.ts';
import type { Marks } from './marks.ts';

/** How an operation's owner is known. */
export const HOW = {
  unknown: 0,
  span: 1,
  alone: 2,
  together: 3,
  inferred: 4,
  route: 5,
  outside: 6,
  /** Alone in flight with a request, but of a kind that also comes without one. */
  doubted: 7,
} as const;

/** What spans told of the marks. */
export interface Told {
  /** A request's place, -1, or -2 when a span told that it is no request's. */
  readonly owners: Int32Array;
  /** 1 where two spans may tell of it. */
  readonly unclear: Uint8Array;
}

export class Resolution {
  readonly marks: Marks;
  readonly flight: Flight;
  /** Place of the request, or -1. */
  readonly owner: Int32Array;
  /** Place of the route, also where the request is not known; or -1. */
  readonly route: Int32Array;
  readonly how: Uint8Array;
  /** Whether a span told of the mark. */
  readonly told: Told;

  constructor(marks: Marks, flight: Flight, told: Told) {
    this.marks = marks;
    this.flight = flight;
    this.told = told;
    this.owner = new Int32Array(marks.count).fill(-1);
    this.route = new Int32Array(marks.count).fill(-1);
    this.how = new Uint8Array(marks.count);
  }

  own(mark: number, request: number, how: number): void {
    this.owner[mark] = request;
    this.route[mark] = this.flight.route[request]!;
    this.how[mark] = how;
  }

  isExact(mark: number): boolean {
    const how = this.how[mark]!;
    return how === HOW.span || how === HOW.alone || how === HOW.together;
  }
}
