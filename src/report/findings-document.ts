/**
 * The document `whystale-findings/1`: what `--json` of watch, explain and demo prints. The schema stands beside it for
 * those who read the document and for the tests; fields may be added, none is removed or renamed within `/1`.
 */
import { z } from 'zod';
import { type CauseCode, CODES } from '../core/codes.ts';
import type { Analysis } from '../core/finding.ts';

export const FINDINGS_FORMAT = 'whystale-findings/1';

/** Versions of the watched stores; null where there was none. */
export interface Engine {
  readonly redis: string | null;
  readonly postgres: string | null;
  /** True when the Redis was emulated. */
  readonly emulated: boolean;
}

/** How the watched command ended. */
export interface ChildEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What the command line adds to an analysis. */
export interface FindingsContext {
  readonly engine: Engine;
  /** null when there was no command, or it had not ended. */
  readonly child: ChildEnd | null;
  /** Folder of the recording; null when nothing was recorded. */
  readonly recording?: string | null;
  /** What was not seen, and what the reader should know. */
  readonly notices?: readonly string[];
}

export interface FindingsDocument extends Analysis {
  readonly format: typeof FINDINGS_FORMAT;
  readonly engine: Engine;
  readonly child: ChildEnd | null;
  readonly recording: string | null;
  readonly notices: readonly string[];
}

/** Puts the document together; nothing is computed here. */
export function findingsDocument(analysis: Analysis, context: FindingsContext): FindingsDocument {
  return {
    format: FINDINGS_FORMAT,
    engine: context.engine,
    summary: analysis.summary,
    routes: analysis.routes,
    templates: analysis.templates,
    findings: analysis.findings,
    coverage: analysis.coverage,
    child: context.child,
    recording: context.recording ?? null,
    notices: context.notices ?? [],
  };
}

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const ms = z.number().nonnegative();

const StepSchema = z.object({
  op: z.number().int(),
  atMs: z.number(),
  lane: z.enum(['reader', 'writer', 'log']),
  session: z.string(),
  text: z.string(),
  result: z.string().optional(),
  note: z.string().optional(),
  decisive: z.boolean().optional(),
});

const FindingSchema = z.object({
  id: z.string().regex(/^F\d+$/),
  code: z.enum(Object.keys(CODES) as [CauseCode, ...CauseCode[]]),
  cause: z.string(),
  template: z.string(),
  key: z.string(),
  db: count,
  keys: count,
  confidence: z.enum(['proved', 'likely', 'possible']),
  staleForMs: ms,
  hits: count,
  endedBy: z.enum(['expiry', 'invalidation', 'refill', 'eviction', 'restored', 'open']).nullable(),
  writer: z.string().nullable(),
  reader: z.string().nullable(),
  witness: z.array(StepSchema),
  summary: z.string(),
  explanation: z.string(),
  remedy: z.object({
    title: z.string(),
    steps: z.array(z.string()),
    code: z
      .array(z.object({ language: z.string(), driver: z.string(), lines: z.array(z.string()) }))
      .optional(),
    recipe: z.string().optional(),
    purge: z.string().optional(),
  }),
});

export const FindingsSchema = z.object({
  format: z.literal(FINDINGS_FORMAT),
  engine: z.object({ redis: z.string().nullable(), postgres: z.string().nullable(), emulated: z.boolean() }),
  summary: z.object({
    requests: count,
    errorRate: share,
    hits: count,
    misses: count,
    staleHits: count,
    sourceCalls: count,
  }),
  routes: z.array(
    z.object({
      route: z.string(),
      requests: count,
      p50Ms: ms,
      p95Ms: ms,
      p99Ms: ms,
      errorRate: share,
      hitRatio: share,
      sourceCallsPerRequest: ms,
      hits: count,
      misses: count,
      staleHits: count,
      sourceCalls: count,
      duplicateCallsPerRequest: ms,
      exactRequests: count,
    }),
  ),
  templates: z.array(
    z.object({
      template: z.string(),
      hits: count,
      misses: count,
      fills: count,
      invalidations: count,
      staleHits: count,
      maxStaleMs: ms,
      sources: z.array(z.string()),
    }),
  ),
  findings: z.array(FindingSchema),
  coverage: z.object({
    templates: count,
    templatesWithLineage: count,
    hits: count,
    hitsWithKnownFill: count,
    unattributed: share.nullable(),
    stream: z.boolean(),
  }),
  child: z.object({ exitCode: z.number().int().nullable(), signal: z.string().nullable() }).nullable(),
  recording: z.string().nullable(),
  notices: z.array(z.string()),
});
