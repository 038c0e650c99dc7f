/** Reads runs that were measured before. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { VARIABLE_KINDS } from '../case/contract.ts';
import { fileFailure } from '../files/failure.ts';
import { FINGERPRINT_FORMAT } from '../fingerprint/contract.ts';
import { MEASURE_FORMAT, type MeasuredRun, RUN_FILE, SAMPLES_FILE, type Sample } from './contract.ts';
import { notARun } from './errors.ts';

const latency = z.object({
  count: z.number(),
  min: z.number(),
  mean: z.number(),
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});

const figures = z.object({
  requests: z.number(),
  errors: z.number(),
  errorRate: z.number(),
  correctedMs: latency.nullable(),
  uncorrectedMs: latency.nullable(),
  hits: z.number(),
  misses: z.number(),
  sourceCallsPerRequest: z.number().nullable(),
  cacheCallsPerRequest: z.number().nullable(),
  attributed: z.number(),
});

const kind = z.enum(VARIABLE_KINDS);

const fingerprint = z.object({
  format: z.literal(FINGERPRINT_FORMAT),
  at: z.string(),
  entries: z.array(z.object({ kind, name: z.string(), value: z.string().nullable() })),
  unknown: z.array(z.object({ kind, what: z.string(), why: z.string() })),
});

const finding = z.object({
  id: z.string(),
  code: z.string(),
  template: z.string().nullable(),
  key: z.string().nullable(),
});

const query = z.object({
  shape: z.string(),
  calls: z.number(),
  callsPerRequest: z.number(),
  totalMs: z.number(),
  p50Ms: z.number(),
  maxMs: z.number(),
  plan: z.string().nullable(),
});

export const MeasuredRunSchema = z.object({
  format: z.literal(MEASURE_FORMAT),
  case: z.string(),
  measured: z.string().optional(),
  label: z.string(),
  startedAt: z.string(),
  ranMs: z.number(),
  complete: z.boolean(),
  ended: z.string().nullable(),
  engine: z.object({
    redis: z.string().nullable(),
    postgres: z.string().nullable(),
    emulated: z.boolean(),
  }),
  load: z.object({
    rate: z.number(),
    seconds: z.number(),
    cold: z.number(),
    arrivals: z.enum(['constant', 'poisson']),
  }),
  cold: figures.nullable(),
  warm: figures.nullable(),
  keys: z.array(z.object({ key: z.string(), db: z.number(), removed: z.boolean(), why: z.string() })),
  queries: z.array(query),
  findings: z.array(finding),
  fingerprint,
  notices: z.array(z.string()),
});

const SampleSchema = z.object({
  phase: z.enum(['cold', 'warm']),
  index: z.number(),
  request: z.number(),
  dueMs: z.number(),
  correctedMs: z.number(),
  uncorrectedMs: z.number(),
  status: z.number().nullable(),
  error: z.string().nullable(),
  cache: z.enum(['hit', 'miss', 'mixed', 'none']).nullable(),
  sourceCalls: z.number().nullable(),
  cacheCalls: z.number().nullable(),
});

/**
 * The run in a folder.
 *
 * @throws WhystaleError WSE734 there is none, or it cannot be read
 */
export function readRun(folder: string): MeasuredRun {
  const parsed = MeasuredRunSchema.safeParse(jsonIn(folder));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw notARun(folder, `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'another form'}`);
  }
  const { measured, ...run } = parsed.data;
  return { ...run, ...(measured === undefined ? {} : { measured }) };
}

function jsonIn(folder: string): unknown {
  let text: string;
  try {
    text = readFileSync(join(folder, RUN_FILE), 'utf8');
  } catch (cause) {
    throw notARun(folder, `${RUN_FILE}: ${fileFailure(cause, 'reading')}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw notARun(folder, `${RUN_FILE} is no JSON`);
  }
}

/** The samples of a run. A last line that was cut off is left out; so is all of a file that is not there. */
export function readSamples(folder: string): readonly Sample[] {
  let text: string;
  try {
    text = readFileSync(join(folder, SAMPLES_FILE), 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const sample = SampleSchema.safeParse(JSON.parse(line));
      return sample.success ? [sample.data] : [];
    } catch {
      return [];
    }
  });
}
