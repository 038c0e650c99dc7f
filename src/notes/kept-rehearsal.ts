/** What a page needs of a rehearsal that was kept. */
import { z } from 'zod';
import { CommandRunSchema } from '../case/evidence.ts';
import { REHEARSAL_FORMAT, REHEARSAL_STEPS } from '../rehearse/contract.ts';
import { confirmsRollback } from '../rehearse/verdict.ts';

const check = z.object({
  name: z.string(),
  outcome: z.string(),
  why: z.string().nullable(),
  freshAfterMs: z.number().nullable(),
});

const step = z.object({
  step: z.enum(REHEARSAL_STEPS),
  outcome: z.enum(['running', 'held', 'failed', 'undecided', 'environment']),
  ranMs: z.number(),
  why: z.string().nullable(),
  commands: z.array(CommandRunSchema),
  checks: z.array(check),
});

const Kept = z.object({
  format: z.literal(REHEARSAL_FORMAT),
  rehearsed: z.string(),
  startedAt: z.string(),
  ranMs: z.number(),
  complete: z.boolean(),
  ended: z.string().nullable(),
  on: z.object({ commit: z.string(), dirty: z.boolean() }).nullable(),
  url: z.string(),
  verdict: z.string(),
  because: z.string(),
  steps: z.array(step),
});

export type KeptRehearsal = z.infer<typeof Kept> & {
  /** Told from the steps, whatever the document says of itself. */
  readonly rollbackConfirmed: boolean;
};

/** Null: it has another form. */
export function rehearsalOf(document: unknown): KeptRehearsal | null {
  const parsed = Kept.safeParse(document);
  if (!parsed.success) return null;
  return { ...parsed.data, rollbackConfirmed: confirmsRollback(parsed.data.steps) };
}
