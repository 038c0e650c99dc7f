/**
 * One GET and what came back, as far as the audit needs it. Bodies are digested and forgotten; redirects are not followed.
 */
import { createHash } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { RawHeaders } from '../proxy/http-session.ts';

/** Time for one answer, ms, and bytes of a body that are looked at. */
export const ANSWER_LIMIT_MS = 10_000;
const BODY_LIMIT = 8_388_608;

/** Header fields to send, in order. */
export type Fields = readonly (readonly [name: string, value: string])[];

export interface Answer {
  readonly status: number;
  /** Names and values in turn, as they came. */
  readonly headers: RawHeaders;
  /** Digest of the body. */
  readonly body: string;
}

/** Why there was no answer. */
export interface NoAnswer {
  readonly status: null;
  readonly reason: string;
}

/** Asks once, on a connection of its own. Never throws. */
export function ask(base: URL, path: string, fields: Fields): Promise<Answer | NoAnswer> {
  return new Promise((resolve) => {
    const failed = (error: Error): void =>
      resolve({ status: null, reason: (error as NodeJS.ErrnoException).code ?? error.message });
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    try {
      const request = senderFor(base)(target(base, path), {
        headers: headersOf(fields),
        agent: false,
        signal,
      });
      request.on('error', failed);
      request.on('response', (response) => {
        const hash = createHash('sha256');
        let size = 0;
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.rawHeaders,
            body: hash.digest('hex'),
          });
        response.on('error', failed);
        response.on('data', (chunk: Buffer) => {
          hash.update(chunk);
          size += chunk.length;
          if (size > BODY_LIMIT) {
            // What follows is not compared; the answer counts as it is.
            response.removeAllListeners('end');
            done();
            request.destroy();
          }
        });
        response.on('end', done);
      });
      request.end();
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Fields as Node takes them: those of one name together, and Host added by itself. */
export function headersOf(fields: Fields): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    const known = headers[name];
    headers[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return headers;
}

/** The sender for a scheme. */
export function senderFor(base: URL): typeof plainRequest {
  return base.protocol === 'https:' ? tlsRequest : plainRequest;
}

/** The URL of a path below the base, whose own path is a prefix. */
export function target(base: URL, path: string): URL {
  const prefix = base.pathname.replace(/\/$/, '');
  return new URL(`${base.origin}${prefix}${path}`);
}
