/**
 * Passes what the receiver was sent on to the collector that the service would have sent it to: bodies and headers as
 * they came, one at a time, in the background. The service is answered without waiting for it.
 */
import http from 'node:http';
import https from 'node:https';

export const FORWARD_LIMITS = {
  /** Bodies that wait, and their bytes together. What comes beyond is not passed on. */
  bodies: 256,
  bytes: 32 << 20,
  /** Longest wait for the collector's answer, ms. */
  answerMs: 10_000,
} as const;

export interface Forwarded {
  readonly url: URL;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Headers that belong to one connection (RFC 9110 section 7.6.1), and those that sending sets itself. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export class Forwarder {
  readonly #failed: (why: string) => void;
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: 1 }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: 1 }),
  };
  readonly #queue: Forwarded[] = [];
  #bytes = 0;
  #running: Promise<void> | null = null;
  #stopped = false;

  /** @param failed told why something was not passed on; may be told often */
  constructor(failed: (why: string) => void) {
    this.#failed = failed;
  }

  offer(item: Forwarded): void {
    if (this.#stopped) return;
    const { bodies, bytes } = FORWARD_LIMITS;
    if (this.#queue.length >= bodies || this.#bytes + item.body.length > bytes) {
      this.#failed(`${item.url.host} is too slow`);
      return;
    }
    this.#queue.push(item);
    this.#bytes += item.body.length;
    this.#running ??= this.#run();
  }

  /** Waits for what is under way, at most `limitMs`, and drops the rest. */
  async stop(limitMs: number): Promise<void> {
    if (this.#running !== null && !this.#stopped) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs);
      });
      await Promise.race([this.#running, limit]);
      clearTimeout(timer);
      if (this.#queue.length > 0) this.#failed(`${this.#queue[0]!.url.host} is too slow`);
    }
    this.#stopped = true;
    this.#queue.length = 0;
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #run(): Promise<void> {
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      const failure = await this.#send(item);
      if (this.#stopped) return;
      if (failure !== null) this.#failed(`${item.url.host}: ${failure}`);
      this.#queue.shift();
      this.#bytes -= item.body.length;
    }
    this.#running = null;
  }

  /** Null when the collector took it, else why it did not. Never rejects. */
  #send({ url, headers, body }: Forwarded): Promise<string | null> {
    const kept = Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name));
    const secure = url.protocol === 'https:';
    return new Promise((resolve) => {
      try {
        const request = (secure ? https : http).request(url, {
          method: 'POST',
          headers: { ...Object.fromEntries(kept), 'content-length': body.length },
          agent: secure ? this.#agents['https:'] : this.#agents['http:'],
          timeout: FORWARD_LIMITS.answerMs,
        });
        request.on('response', (response) => {
          response.resume();
          const status = response.statusCode ?? 0;
          response.once('close', () => resolve(status < 300 ? null : `HTTP ${status}`));
        });
        request.once('timeout', () => request.destroy(new Error('no answer')));
        request.once('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
        request.end(body);
      } catch (error) {
        resolve((error as Error).message);
      }
    });
  }
}
