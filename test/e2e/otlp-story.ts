/** What must hold of the recording of an instrumented service, whoever instrumented it. */
import { expect } from 'vitest';
import type { Operation, TraceSpan } from '../../src/core/operation.ts';
import { openRecording } from '../../src/recording/reader.ts';

/** A span's start may be rounded down to whole milliseconds, and stamps of two processes differ a little, ns. */
const GRAIN_NS = 2.5e6;

type Wire = Extract<Operation, { readonly tier: 'cache' | 'source' }>;

const isSpan = (op: Operation): op is TraceSpan => op.kind === 'span';
const isWire = (op: Operation): op is Wire =>
  (op.tier === 'cache' && (op.kind === 'read' || op.kind === 'write')) ||
  (op.tier === 'source' && op.kind === 'read' && op.shape.includes('WHERE id ='));

function says(span: TraceSpan, op: Wire): boolean {
  if (op.tier === 'cache') return span.system === 'redis' && span.statement === op.command;
  return span.system === 'postgresql' && 'shape' in op && span.statement === op.shape;
}

function encloses(span: TraceSpan, op: Wire): boolean {
  return span.invoke - GRAIN_NS <= op.invoke && op.return! <= (span.return ?? 0) + GRAIN_NS;
}

/** Every operation on the wire has a span that says the same, encloses it, and belongs to a request's span. */
export function expectAttributable(folder: string, requests: number): readonly TraceSpan[] {
  const operations = [...openRecording(folder).operations];
  const spans = operations.filter(isSpan);
  const servers = spans.filter(({ role }) => role === 'server');
  expect(servers).toHaveLength(requests);
  for (const { method, path, code } of servers) {
    expect({ method, code }).toEqual({ method: 'GET', code: 200 });
    expect(path).toMatch(/^\/lamps\/\d+$/);
  }
  const byId = new Map(spans.map((span) => [span.span, span]));
  const wire = operations.filter(isWire);
  expect(wire.length).toBeGreaterThanOrEqual(requests);
  for (const op of wire) {
    const fitting = spans.filter((span) => says(span, op) && encloses(span, op));
    expect(fitting.length, JSON.stringify(op)).toBeGreaterThan(0);
    for (const { parent } of fitting) expect(byId.get(parent ?? '')?.role).toBe('server');
  }
  expect(spans.filter((span) => wire.some((op) => says(span, op)))).toHaveLength(wire.length);
  expect(JSON.stringify(spans)).not.toMatch(/secret|token|hidden/);
  return spans;
}
