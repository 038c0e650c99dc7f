/**
 * The document `whystale-map/1`: what `map --json` prints. The schema stands beside it for those who read the document and
 * for the tests; fields may be added, none is removed or renamed within `/1`.
 */
import { z } from 'zod';
import type { Comparison } from '../core/map/compare.ts';
import type { CoverageMap } from '../core/map/coverage-map.ts';
import type { Engine } from './findings-document.ts';

export const MAP_FORMAT = 'whystale-map/1';

/** `failed`: a new uncovered write; `undecided`: too little was seen to compare. */
export type CheckVerdict = 'passed' | 'failed' | 'undecided';

/** A recording held against a committed map. */
export interface MapCheck extends Comparison {
  /** Path of the committed map. */
  readonly file: string;
  readonly verdict: CheckVerdict;
  /** Why it is undecided. */
  readonly reason: string | null;
}

export interface MapContext {
  readonly engine: Engine;
  readonly recording: string;
  readonly notices: readonly string[];
  readonly check: MapCheck | null;
  /** Path of the file that was written. */
  readonly written: string | null;
}

export interface MapDocument extends CoverageMap, MapContext {
  readonly format: typeof MAP_FORMAT;
}

/** Puts the document together; nothing is computed here. */
export function mapDocument(map: CoverageMap, context: MapContext): MapDocument {
  return {
    format: MAP_FORMAT,
    engine: context.engine,
    recording: context.recording,
    summary: map.summary,
    templates: map.templates,
    unexplained: map.unexplained,
    commits: map.commits,
    check: context.check,
    written: context.written,
    notices: context.notices,
  };
}

const count = z.number().int().nonnegative();
const texts = z.array(z.string());

const WhoSchema = z.object({ kind: z.enum(['route', 'statement', 'client']), name: z.string() });

const WriteSchema = z.object({
  by: WhoSchema,
  statements: texts,
  changes: texts,
  status: z.enum(['uncovered', 'partial', 'covered', 'undecided']),
  confidence: z.enum(['certain', 'likely']),
  seen: count,
  cached: count,
  stale: count,
  invalidated: count,
  unclear: count,
  failed: count,
  invalidations: z.array(
    z.object({ how: z.string(), when: z.enum(['before-commit', 'after-commit']), times: count }),
  ),
  removes: texts,
});

const SourceSchema = z.object({
  table: z.string(),
  rows: z.enum(['one', 'list', 'figure', 'joined']),
  where: texts,
  columns: texts,
  unused: texts,
  absent: z.boolean(),
  certain: z.boolean(),
  statements: texts,
});

const ref = { template: z.string(), db: count };

const TemplateSchema = z.object({
  ...ref,
  keys: count,
  hits: count,
  misses: count,
  key: z.string().nullable(),
  segments: z.array(texts),
  formats: texts,
  ttl: z.object({
    minMs: z.number().nonnegative().nullable(),
    maxMs: z.number().nonnegative().nullable(),
    unbounded: count,
  }),
  sources: z.array(SourceSchema),
  filledBy: z.array(z.object({ by: WhoSchema, fills: count })),
  writes: z.array(WriteSchema),
});

const EntrySchema = z.object({
  by: z.string().optional(),
  statements: texts,
  changes: texts,
  accepted: z.string().optional(),
});

const CheckSchema = z.object({
  file: z.string(),
  verdict: z.enum(['passed', 'failed', 'undecided']),
  reason: z.string().nullable(),
  fresh: z.array(z.object({ ...ref, write: WriteSchema })),
  known: z.array(z.object({ ...ref, write: WriteSchema })),
  accepted: z.array(z.object({ ...ref, entry: EntrySchema })),
  mended: z.array(z.object({ ...ref, entry: EntrySchema })),
  newTemplates: z.array(z.object(ref)),
  goneTemplates: z.array(z.object(ref)),
  sourcesChanged: z.array(z.object({ ...ref, added: texts, removed: texts })),
  seen: count,
});

export const MapSchema = z.object({
  format: z.literal(MAP_FORMAT),
  engine: z.object({ redis: z.string().nullable(), postgres: z.string().nullable(), emulated: z.boolean() }),
  recording: z.string(),
  summary: z.object({ templates: count, writes: count, uncovered: count, partial: count }),
  templates: z.array(TemplateSchema),
  unexplained: z.array(z.object(ref)),
  commits: z.object({ seen: count, judged: count }),
  check: CheckSchema.nullable(),
  written: z.string().nullable(),
  notices: texts,
});
