/**
 * `manifest.json` of a recording: what was watched, by which version, and how far the recording may be trusted.
 * The format name carries the major version. Fields may be added within a major version; a reader ignores those it
 * does not know and fills those it misses, so that a recording made today opens in every later version.
 */
import { z } from 'zod';

export const RECORDING_FORMAT = 'whystale-recording/1';
export const MANIFEST_FILE = 'manifest.json';
export const HISTORY_FILE = 'history.jsonl';
export const VALUES_FILE = 'values.jsonl';

const FORMAT_NAME = 'whystale-recording/';
const SUPPORTED_MAJOR = 1;

const Engines = z.object({
  /** Version of the Redis server; null when no Redis was watched. */
  redis: z.string().nullable().default(null),
  postgres: z.string().nullable().default(null),
  /** True when the Redis was emulated: nothing about timing may be concluded from it. */
  emulated: z.boolean().default(false),
});

/** How a store is protected; see core/safety/unprotected-store.ts. */
const Protection = z.object({
  kind: z.enum(['redis', 'postgres']),
  address: z.string(),
  loopback: z.boolean(),
  tls: z.boolean(),
  open: z.boolean().nullable().default(null),
  protectedMode: z.boolean().nullable().default(null),
  dangerous: z.array(z.string()).nullable().default(null),
});

const Degradation = z.object({ code: z.string(), text: z.string() });

export const ManifestSchema = z.looseObject({
  format: z.string(),
  /** Version of whystale that wrote the recording. */
  whystale: z.string().default('unknown'),
  /** Argument vector of the watched command, credentials masked; null when whystale attached. */
  command: z.array(z.string()).nullable().default(null),
  engines: Engines.prefault({}),
  /** Wall-clock time of the recording's zero, ISO 8601 in UTC. */
  startedAt: z.string(),
  clock: z.object({ unit: z.literal('ns') }).default({ unit: 'ns' }),
  redaction: z.object({ values: z.enum(['hashed', 'plain']) }).default({ values: 'hashed' }),
  /** Lines of history.jsonl; null until the recording is closed. */
  operations: z.number().int().nonnegative().nullable().default(null),
  /** False while it is being written, and for good when the writer was killed. */
  closed: z.boolean().default(false),
  /** What was not seen, and why; one entry a code. */
  degradations: z.array(Degradation).default([]),
  /** How the watched stores are protected, as far as they tell. */
  stores: z.array(Protection).default([]),
  /** How the watched command ended; null when it did not, or when whystale attached. */
  child: z
    .object({ exitCode: z.number().int().nullable(), signal: z.string().nullable() })
    .nullable()
    .default(null),
  /** Who is writing; only while the recording is open. */
  writer: z.object({ pid: z.number().int(), host: z.string() }).optional(),
});

export type Manifest = z.infer<typeof ManifestSchema>;

/** What a manifest text turned out to be. `foreign`: another program's file. `newer`: a later major format. */
export type ManifestReading =
  | { readonly is: 'manifest'; readonly manifest: Manifest }
  | { readonly is: 'foreign' }
  | { readonly is: 'newer'; readonly format: string; readonly writtenBy: string }
  | { readonly is: 'damaged'; readonly problem: string };

/** Reads a manifest's text; never throws. */
export function readManifest(text: string): ManifestReading {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { is: 'damaged', problem: 'it is no JSON document' };
  }
  if (typeof document !== 'object' || document === null || !('format' in document)) return { is: 'foreign' };
  const format = document.format;
  if (typeof format !== 'string' || !format.startsWith(FORMAT_NAME)) return { is: 'foreign' };
  if (majorOf(format) !== SUPPORTED_MAJOR) return { is: 'newer', format, writtenBy: writerVersion(document) };
  const parsed = ManifestSchema.safeParse(document);
  if (parsed.success) return { is: 'manifest', manifest: parsed.data };
  const issue = parsed.error.issues[0];
  return { is: 'damaged', problem: `${issue?.path.join('.') || 'manifest'}: ${issue?.message ?? 'invalid'}` };
}

function majorOf(format: string): number {
  return Number.parseInt(format.slice(FORMAT_NAME.length), 10);
}

function writerVersion(document: object): string {
  return 'whystale' in document && typeof document.whystale === 'string' ? document.whystale : 'unknown';
}
