/** Why there was no answer, in words that are the same for the same reason, so that they can be counted. */

const NOT_TRUSTED =
  'no authority that is trusted here signed its certificate; NODE_EXTRA_CA_CERTS may name the file of one';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before the answer',
  EPIPE: 'the connection was closed before the answer',
  ETIMEDOUT: 'the network timed out',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  // These are the fault of the machine that sends.
  EMFILE: 'this machine allows the process no further file or socket',
  ENFILE: 'this machine has no further file or socket',
  EADDRNOTAVAIL: 'this machine has no free port left',
  ENOBUFS: 'this machine has no buffer left',
};

/** Longest reason that is kept, characters: a million shots may each have one. */
export const REASON_LIMIT = 300;

export const GIVEN_UP = 'given up when the run was ended';
export const NEVER_SENT = 'not sent before the run was ended';

export function noAnswerWithin(ms: number): string {
  return `no answer within ${ms} ms`;
}

export function cutOff(error: unknown): string {
  const code = codeOf(error);
  return `the answer was cut off${code === null ? '' : ` (${code})`}`;
}

/** A failed exchange in words, with the system's code. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const words = (code === null ? undefined : WORDS[code]) ?? message;
  return bounded(code === null || words.includes(code) ? words : `${words} (${code})`);
}

export function bounded(text: string): string {
  return text.length <= REASON_LIMIT ? text : `${text.slice(0, REASON_LIMIT - 1)}…`;
}

export function codeOf(error: unknown): string | null {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && code !== '' ? code : null;
}
