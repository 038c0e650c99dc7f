/** What findings about what was served are drawn with. */
import type { Owner } from '../attribution/attributed.ts';
import type { Requests } from '../attribution/requests.ts';
import type { Draft } from '../document.ts';
import type { FindingContext } from '../findings.ts';
import type { HttpRequest } from '../operation.ts';
import type { RowId } from '../source.ts';
import type { StepDraft } from '../timeline.ts';
import type { KeyState, Version } from '../versions.ts';
import { outsideText } from '../wording.ts';
import type { WriteRecord } from '../writes.ts';

export interface ServedContext
  extends Pick<FindingContext, 'reveal' | 'templateOf' | 'keysOf' | 'writerOf' | 'readerOf' | 'drivers'> {
  readonly requests: Requests;
  /** Keys that held or were asked for a value. */
  readonly keys: () => readonly KeyState[];
  /** Whose an operation is; undefined when it is forgotten. */
  readonly ownerOf: (op: number) => Owner | null | undefined;
}

/** Who wrote: route, else statement, else outside client, else null. */
export function writerName({ commit }: WriteRecord, context: ServedContext): string | null {
  const { interval, tokens, shape, outside } = commit;
  if (outside !== undefined) return outsideText(outside);
  return context.writerOf({ interval, tokens, shape, writes: true });
}

/** Findings, and which hits they count: key and invocation. */
export interface ServedFindings {
  readonly drafts: readonly Draft[];
  readonly hits: ReadonlyMap<Version, ReadonlySet<number>>;
}

/** Whether nothing that is known of an operation's owner speaks against a request. */
export function isExactly(request: HttpRequest | null, op: number, context: ServedContext): boolean {
  if (request === null) return true;
  const owner = context.ownerOf(op);
  if (owner === undefined) return true;
  return owner?.certain === true && (owner.request === null || owner.request === request);
}

export function routeName(request: HttpRequest | null, context: ServedContext): string | null {
  return request === null ? null : context.requests.routeOf(request);
}

/** A request as a step. */
export function requestStep(
  request: HttpRequest,
  lane: StepDraft['lane'],
  rest: Pick<StepDraft, 'note' | 'decisive'> & { readonly result?: string },
): StepDraft {
  const text = `${request.method} ${request.path}`;
  return {
    op: request.id,
    at: request.invoke,
    lane,
    session: request.session,
    text,
    result: `${request.code ?? 'no answer'}`,
    ...rest,
  };
}

/** Rows that two values have in common. */
export function shares(a: ReadonlySet<RowId>, b: ReadonlySet<RowId>): boolean {
  for (const id of a) if (b.has(id)) return true;
  return false;
}
