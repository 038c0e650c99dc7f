/**
 * Digests of values under one key. The key is drawn anew for every recording and never stored, so digests cannot be
 * compared across recordings nor tried against a dictionary later.
 */
import { hash } from 'node:crypto';
import { type Digest, NULL_DIGEST, type Payload, type SecretFound } from '../../core/operation.ts';
import type { Digester } from '../context.ts';
import { type Canonical, canonical, isCommon, readableText } from './canonical.ts';
import { canonicalDocument } from './canonical-document.ts';
import { inspectFields, inspectPayload } from './inspect.ts';
import { maskKey } from './key.ts';
import { LIMITS } from './limits.ts';
import { createRecentMap } from './recent-map.ts';
import { secretForms } from './secret-forms.ts';
import { keyNameOf } from './secrets.ts';
import { createSipHash } from './siphash.ts';

/** A digester that still knows the short texts behind recent digests, for the live display and nothing else. */
export interface RevealingDigester extends Digester {
  /** The text behind a recent scalar's digest; undefined when it was too long or is forgotten. */
  reveal(digest: Digest): string | undefined;
}

/** Makes the digester of one recording. `hashKey`: 16 random bytes. Throws RangeError for a key of another length. */
export function createDigester(hashKey: Uint8Array): RevealingDigester {
  const digestText = createTextDigest(hashKey);
  const known = createRecentMap<string, Digest>(LIMITS.memo);
  const texts = createRecentMap<Digest, string>(LIMITS.reveal);
  const hidden = createRecentMap<Digest, true>(LIMITS.hidden);
  const keySecrets = createRecentMap<string, readonly SecretFound[]>(LIMITS.memo);

  const scalar = (text: string): Digest => {
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    const value = wholeCanonical(text);
    const digest =
      value.kind === 'null' ? NULL_DIGEST : digestText(value.text) + (isCommon(value) ? '~' : '');
    if (text.length <= LIMITS.memoText) known.set(text, digest);
    if (text.length <= LIMITS.revealText) texts.set(digest, text);
    return digest;
  };

  const key = (name: string): string => {
    const found: SecretFound[] = [];
    const shown = maskKey(name, digestText, (secret) => found.push(secret));
    if (found.length > 0) keySecrets.set(shown, found);
    return shown;
  };

  const hide = (text: string): void => {
    if (text.length <= LIMITS.revealText) hidden.set(scalar(text), true);
  };
  const tools = { scalar, hide, mask: (name: string) => maskKey(name, digestText) };

  return {
    scalar,
    identity: createIdentity(hashKey),
    inspect: (bytes, name = ''): Payload => inspectPayload(bytes, tools, keyNameOf(name)),
    inspectFields: (fields): Payload => inspectFields(fields, tools),
    key,
    secretsOf: (shown) => keySecrets.get(shown) ?? NO_SECRETS,
    reveal: (digest) => {
      const text = texts.get(digest);
      const secret = text !== undefined && (hidden.get(digest) === true || secretForms(text).length > 0);
      return secret ? undefined : text;
    },
  };
}

const NO_SECRETS: readonly SecretFound[] = [];

function wholeCanonical(text: string): Canonical {
  const value = canonical(text);
  const document = value.kind === 'text' ? canonicalDocument(value.text) : null;
  return document === null ? value : { text: document, kind: 'text' };
}

function createTextDigest(key: Uint8Array): (text: string) => Digest {
  const sip = createSipHash(key);
  const native = createNativeHash(key);
  const scratch = Buffer.alloc(LIMITS.sipText * 3);
  return (text) => {
    if (text.length > LIMITS.sipText) return native(Buffer.from(text));
    const { low, high } = sip(scratch, scratch.write(text));
    return `h:${hex(low, 8)}${hex(high & 0xffff, 4)}`;
  };
}

function hex(word: number, digits: number): string {
  return word.toString(16).padStart(digits, '0');
}

/** Longest value that is short enough to be a common scalar (`false`, `-9.99`). */
const COMMON_BYTES = 5;

function createIdentity(key: Uint8Array): (bytes: Uint8Array) => Digest {
  const native = createNativeHash(key);
  return (bytes) => {
    const digest = native(bytes);
    if (bytes.length > COMMON_BYTES) return digest;
    const text = readableText(bytes);
    return text !== null && isCommon(canonical(text)) ? `${digest}~` : digest;
  };
}

/** Keyed by prefix; safe with a hash that is cut to 48 bits, as length extension needs the whole state. */
function createNativeHash(key: Uint8Array): (bytes: Uint8Array) => Digest {
  let scratch = Buffer.alloc(4096);
  return (bytes) => {
    const length = key.length + bytes.length;
    // One call on joined bytes is several times faster than a Hash object; values past the bound are not kept around.
    const joined = length <= scratch.length ? scratch : Buffer.allocUnsafe(length);
    joined.set(key, 0);
    joined.set(bytes, key.length);
    if (length <= LIMITS.bytes) scratch = joined;
    return `h:${hash('sha256', joined.subarray(0, length), 'hex').slice(0, 12)}`;
  };
}
