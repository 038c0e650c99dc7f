/**
 * The relay in front of a PostgreSQL server: the client's preface, then the server's side as libpq would open it, TLS and
 * its fallbacks included.
 *
 * Credentials pass untouched. One thing must not: a server that speaks TLS with the proxy offers SCRAM with channel
 * binding, which a client without TLS takes for an attack; that one mechanism is left out of the offer.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLMODE
 */
import { WhystaleError } from '../errors.ts';
import type { Channel } from './channel.ts';
import { dialPlain, upgrade } from './dial.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { type Answer, errorResponse, firstAnswer, withoutChannelBinding } from './postgres-answer.ts';
import { type Preface, readPreface, SSL_REQUEST_CODE } from './postgres-preface.ts';
import {
  type Opened,
  type Opening,
  type OpeningContext,
  type Relay,
  type RelayOptions,
  startRelayWith,
} from './relay.ts';
import type { SslMode, TlsPolicy } from './tls.ts';

export interface PostgresRelayOptions extends RelayOptions {
  readonly target: Endpoint;
  /** How to speak TLS with the server; null: not at all. */
  readonly tls: TlsPolicy | null;
}

/** Ways to reach the server, in the order in which libpq tries them. */
const ATTEMPTS: Readonly<Record<SslMode, readonly ('plain' | 'tls')[]>> = {
  disable: ['plain'],
  allow: ['plain', 'tls'],
  prefer: ['tls', 'plain'],
  require: ['tls'],
  'verify-ca': ['tls'],
  'verify-full': ['tls'],
};

const SSL_REQUEST = Buffer.alloc(8);
SSL_REQUEST.writeInt32BE(8, 0);
SSL_REQUEST.writeInt32BE(SSL_REQUEST_CODE, 4);

/** Starts a relay to a PostgreSQL server.
 *
 * @throws WhystaleError as `listen`. */
export function startPostgresRelay(options: PostgresRelayOptions): Promise<Relay> {
  return startRelayWith(options, postgresOpening(options));
}

/** Opens the server's side of a connection as libpq would, once the client has said what it wants. */
export function postgresOpening({
  target,
  tls,
  clock,
}: Pick<PostgresRelayOptions, 'target' | 'tls' | 'clock'>): Opening {
  // libpq ignores TLS settings on Unix-domain sockets.
  const policy = tls === null || 'path' in target ? null : tls;
  return async (client, context) => {
    const preface = await readPreface(client, context);
    if (!preface) return null;
    const attempt = new ServerSide(target, policy, preface, clock, context);
    try {
      return await attempt.open();
    } catch (error) {
      explainTo(client, preface, error);
      throw error;
    }
  };
}

/** A refusal for reasons of TLS is told to the client in its own protocol: closing alone would look like a crash. */
function explainTo(client: Channel, preface: Preface, error: unknown): void {
  if (preface.kind === 'cancel' || !(error instanceof WhystaleError)) return;
  const { code, what, next } = error.facts;
  if (code === 'WSE308' || code === 'WSE309') client.socket.write(errorResponse(`whystale: ${what} ${next}`));
}

/** Opens the server's side for one client. */
class ServerSide {
  private readonly target: Endpoint;
  private readonly policy: TlsPolicy | null;
  private readonly preface: Preface;
  private readonly clock: () => number;
  private readonly context: OpeningContext;

  constructor(
    target: Endpoint,
    policy: TlsPolicy | null,
    preface: Preface,
    clock: () => number,
    context: OpeningContext,
  ) {
    this.target = target;
    this.policy = policy;
    this.preface = preface;
    this.clock = clock;
    this.context = context;
  }

  /** Tries each way in turn; a way has failed when the server answers the startup with an error or not at all. */
  async open(): Promise<Opened> {
    const ways = ATTEMPTS[this.policy?.mode ?? 'disable'];
    let failure: unknown;
    for (const [index, way] of ways.entries()) {
      const last = index === ways.length - 1;
      try {
        const opened = await this.attempt(way, last);
        if (opened) return opened;
      } catch (error) {
        // A second try cannot reach a server that the first could not, unless TLS was what failed.
        if (this.context.signal.aborted || codeOf(error) === 'WSE305') throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Null: the server refused this way, and another is left. */
  private async attempt(way: 'plain' | 'tls', last: boolean): Promise<Opened | null> {
    const { signal } = this.context;
    const plain = await dialPlain(this.target, signal);
    const store = way === 'tls' && this.policy ? await this.secure(plain, this.policy) : plain;
    const secured = store !== plain;
    const fallback = !last && (way === 'plain' || secured);
    if (this.preface.kind === 'cancel' || !(secured || fallback)) {
      return { store, client: { bytes: this.preface.bytes } };
    }
    const sentAt = this.clock();
    store.socket.write(this.preface.bytes);
    const answer = await firstAnswer(store, signal);
    if (fallback && answer.kind !== 'authentication') {
      store.reset();
      return null;
    }
    return {
      store,
      client: { bytes: this.preface.bytes, sentAt },
      server: { bytes: secured ? relieved(answer) : answer.bytes },
    };
  }

  /** Asks the server for TLS. The plain channel comes back when the server has none and the mode allows that.
   *
   * @throws WhystaleError WSE308 when TLS fails, WSE309 when the server has none and it is required. */
  private async secure(plain: Channel, policy: TlsPolicy): Promise<Channel> {
    plain.socket.write(SSL_REQUEST);
    const answer = await oneAnswer(plain, this.context.signal);
    // More than one byte would be text slipped in before encryption (CVE-2021-23222).
    if (answer?.length === 1 && answer[0] === 0x53) {
      return upgrade(plain, this.target, policy, this.context.signal);
    }
    if (answer?.length === 1 && answer[0] === 0x4e && policy.mode === 'prefer') return plain;
    plain.reset();
    throw new WhystaleError({
      code: 'WSE309',
      what: `The server at ${formatEndpoint(this.target)} does not offer TLS.`,
      expected: `TLS, because the URL says sslmode=${policy.mode}.`,
      retry: 'after-fix',
      next: 'Turn TLS on at the server, or say sslmode=prefer in the URL.',
      exitCode: 4,
    });
  }
}

/** The next bytes the server sends, or null when it closed instead. The channel is paused afterwards. */
function oneAnswer(channel: Channel, signal: AbortSignal): Promise<Uint8Array | null> {
  const { socket } = channel;
  return new Promise((resolve) => {
    const finish = (bytes: Uint8Array | null) => {
      socket.off('end', gone).off('close', gone);
      signal.removeEventListener('abort', gone);
      resolve(bytes);
    };
    const gone = () => finish(null);
    socket.once('end', gone).once('close', gone);
    signal.addEventListener('abort', gone, { once: true });
    channel.receiver = (chunk) => {
      finish(Uint8Array.from(chunk));
      return false;
    };
    channel.resume();
  });
}

function relieved(answer: Answer): Uint8Array {
  return answer.kind === 'authentication' ? withoutChannelBinding(answer.bytes, answer.at) : answer.bytes;
}

function codeOf(error: unknown): string | null {
  return error instanceof WhystaleError ? error.facts.code : null;
}
