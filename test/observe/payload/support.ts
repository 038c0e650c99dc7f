import type { Payload } from '../../../src/core/operation.ts';
import { createDigester } from '../../../src/observe/payload/index.ts';

/** A digester with a fixed key, and readings of payloads in the texts that a test can name. */
export const digester = createDigester(Uint8Array.from({ length: 16 }, (_, i) => i * 11));

/** Inspects a text or bytes. */
export function inspect(value: string | Uint8Array): Payload {
  return digester.inspect(typeof value === 'string' ? Buffer.from(value) : value);
}

/** Digests expected at each path. */
export function leavesOf(expected: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(expected).map(([path, text]) => [path, digester.scalar(text)]);
}

/** Whether a payload's words hold the text. */
export function hasWord(payload: Payload, text: string): boolean {
  return payload.words?.includes(digester.scalar(text)) ?? false;
}

/** The value at a path, as the text among `candidates` that it is equal to. */
export function leafAt(payload: Payload, path: string): string | undefined {
  return payload.leaves.find(([at]) => at === path)?.[1];
}
