/** Operations on their way into the history get their request's number, also those that are told late. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRecording } from '../../src/recording/writer.ts';
import { Capture } from '../../src/watch/capture.ts';
import { cacheRead, statement } from './operations.ts';

async function recorded(play: (capture: Capture) => void): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'whystale-capture-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, 'rec');
  const capture = new Capture(
    () => 0,
    () => {},
  );
  const recording = await createRecording(out, {
    version: '0.0.0',
    command: null,
    engines: { redis: null, postgres: null, emulated: false },
    startedAt: new Date(0),
    values: 'hashed',
    secrets: [],
    onFailure: () => {},
  });
  capture.record(recording, false);
  play(capture);
  capture.flush();
  await recording.close({ degradations: [], child: null });
  const text = readFileSync(join(out, 'history.jsonl'), 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('one request in flight: its number stands on its operations, and on itself with its trace', async () => {
  const lines = await recorded((capture) => {
    const { flights, context } = capture;
    const flight = flights.begin(10, null);
    context.sink.emit(cacheRead({ invoke: 12, return: 14 }));
    const fill = context.sink.reserve();
    expect(capture.waiting).toBe(1);
    flights.end(flight, 50);
    capture.request({
      session: 'http:1',
      method: 'GET',
      path: '/items/1',
      invoke: 10,
      return: 50,
      status: 'ok',
      code: 200,
      size: 1,
      request: flight.request,
      trace: '4bf92f3577b34da6a3ce929d0e0e4736',
    });
    flights.begin(60, null);
    fill([statement({ invoke: 20, return: 30 }), statement({ invoke: 40, return: 55 })]);
    expect(capture.waiting).toBe(0);
  });
  expect(lines.map(({ tier, kind, request }) => [tier, kind, request])).toEqual([
    ['cache', 'key', undefined],
    ['cache', 'read', 1],
    ['source', 'read', 1],
    ['source', 'read', undefined],
    ['http', 'request', 1],
  ]);
  expect(lines.at(-1)).toMatchObject({ trace: '4bf92f3577b34da6a3ce929d0e0e4736' });
});
