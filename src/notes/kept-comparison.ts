/** What a page needs of a comparison that was kept. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { VARIABLE_KINDS } from '../case/index.ts';
import { COMPARE_FORMAT, COMPARISON_FILE, type Comparison, type Effect } from '../compare/contract.ts';

/** JSON has no NaN: a figure that is none is null. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const effect = z.object({
  phase: z.enum(['cold', 'warm']),
  metric: z.enum(['p50', 'p99', 'error-rate', 'hit-ratio', 'source-calls']),
  among: z.enum(['all', 'hits', 'misses']),
  before: figure,
  after: figure,
  scale: z.enum(['ratio', 'difference']),
  effect: figure,
  interval: z.object({ low: figure, high: figure }).nullable(),
  verdict: z.enum(['better', 'worse', 'none', 'unknown']),
  detectable: z.number().nullable(),
  samples: z.object({ before: z.number(), after: z.number() }),
}) satisfies z.ZodType<Effect>;

const difference = z.object({
  kind: z.enum(VARIABLE_KINDS),
  name: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  allowed: z.string().nullable(),
});

/** Items of a kind that is not known, from a later whystale, are passed by. */
function listOf<S extends z.ZodType>(item: S) {
  return z
    .array(z.unknown())
    .default([])
    .transform((items): z.output<S>[] =>
      items.flatMap((one) => {
        const parsed = item.safeParse(one);
        return parsed.success ? [parsed.data] : [];
      }),
    );
}

const raced = z.object({ verdict: z.string(), complete: z.boolean(), causes: z.array(z.string()) });
const side = z.object({ source: z.string().optional() });

const Kept = z.object({
  format: z.literal(COMPARE_FORMAT),
  startedAt: z.string(),
  complete: z.boolean(),
  verdict: z.string(),
  because: z.string(),
  confidence: z.number().optional(),
  blocks: z.number().optional(),
  effects: listOf(effect),
  sides: z.object({ before: side, after: side }).optional(),
  differences: listOf(difference),
  race: z.object({ before: raced, after: raced }).nullable().default(null),
});

export type KeptComparison = z.infer<typeof Kept> & { readonly race: Comparison['race'] };

const MAX_BYTES = 64 << 20;

/** Null: it cannot be read, which `case show` says. */
export function readComparison(folder: string): KeptComparison | null {
  try {
    const file = folder.endsWith('.json') ? folder : join(folder, COMPARISON_FILE);
    if (statSync(file).size > MAX_BYTES) return null;
    const parsed = Kept.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Schedules in order, for showing at most. */
const MAX_SCHEDULES = 20;

/** Paths of the schedules of one side, relative to the comparison. */
export function schedulesOf(folder: string, of: 'before' | 'after'): readonly string[] {
  try {
    return readdirSync(join(folder, of, 'schedules'))
      .filter((name) => name.endsWith('.json'))
      .sort()
      .slice(0, MAX_SCHEDULES)
      .map((name) => join(of, 'schedules', name));
  } catch {
    return [];
  }
}
