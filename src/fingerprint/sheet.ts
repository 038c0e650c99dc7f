/** Entries while they are gathered. Every hash is keyed; nothing that holds a known password is shown. */
import { createHmac } from 'node:crypto';
import { VARIABLE_KINDS, type VariableKind } from '../case/contract.ts';
import { secretForms } from '../observe/payload/secret-forms.ts';
import { redactText } from '../watch/url-text.ts';
import type { Fingerprint, FingerprintEntry } from './contract.ts';

/** Entries of one kind that are kept. */
const MAX_ENTRIES = 5_000;
const LONGEST_NAME = 200;
/** Longest value that is shown; longer ones are hashed. */
const LONGEST_SHOWN = 200;
const LONGEST_REASON = 300;
/** Shorter passwords occur in other words. */
const SHORTEST_PASSWORD = 4;
/** Hexadecimal digits of a hash: 64 bits, so that two values do not meet by chance. */
const HASH_DIGITS = 16;

type Unknown = Fingerprint['unknown'][number];

export class Sheet {
  readonly #salt: Buffer;
  readonly #passwords: readonly string[];
  readonly #entries = new Map<VariableKind, Map<string, FingerprintEntry>>();
  readonly #unknown: Unknown[] = [];

  /** @param passwords texts that must never be shown, wherever they stand */
  constructor(salt: Buffer, passwords: readonly (string | null | undefined)[]) {
    this.#salt = salt;
    this.#passwords = passwords.filter(
      (text): text is string => typeof text === 'string' && text.length >= SHORTEST_PASSWORD,
    );
  }

  /** Notes a value as it is, unless it holds a password or the form of a secret, or is too long: then its hash. */
  shown(kind: VariableKind, name: string, value: string): void {
    const telling = value.length > LONGEST_SHOWN || this.#tells(value);
    this.#add(kind, name, telling ? this.hash(kind, name, value) : value);
  }

  /** Notes the keyed hash of a value. */
  hashed(kind: VariableKind, name: string, value: string | Buffer): void {
    this.#add(kind, name, this.hash(kind, name, value));
  }

  /** The same value under another name has another hash: nobody sees that two passwords are one. */
  hash(kind: VariableKind, name: string, value: string | Buffer): string {
    const hmac = createHmac('sha256', this.#salt).update(`${kind}\0${name}\0`).update(value);
    return `h:${hmac.digest('hex').slice(0, HASH_DIGITS)}`;
  }

  /** Notes what could not be looked at. */
  unknown(kind: VariableKind, what: string, error: unknown): void {
    this.#unknown.push({ kind, what, why: this.#reason(error) });
  }

  result(): Pick<Fingerprint, 'entries' | 'unknown'> {
    const entries = VARIABLE_KINDS.flatMap((kind) =>
      [...(this.#entries.get(kind)?.values() ?? [])].sort((a, b) => byText(a.name, b.name)),
    );
    const unknown = this.#unknown.toSorted(
      (a, b) =>
        VARIABLE_KINDS.indexOf(a.kind) - VARIABLE_KINDS.indexOf(b.kind) ||
        byText(a.what, b.what) ||
        byText(a.why, b.why),
    );
    return { entries, unknown };
  }

  #add(kind: VariableKind, name: string, value: string): void {
    const entries = this.#entries.get(kind) ?? new Map<string, FingerprintEntry>();
    this.#entries.set(kind, entries);
    const safe = this.#name(kind, name);
    if (entries.size < MAX_ENTRIES || entries.has(safe)) entries.set(safe, { kind, name: safe, value });
    else if (!this.#unknown.some((known) => known.kind === kind && known.what === 'the rest')) {
      this.unknown(kind, 'the rest', `only ${MAX_ENTRIES} are kept`);
    }
  }

  #name(kind: VariableKind, name: string): string {
    if (secretForms(name).length > 0) return this.hash(kind, 'name', name);
    if (name.length <= LONGEST_NAME) return name;
    return `${name.slice(0, LONGEST_NAME)}… ${this.hash(kind, 'name', name)}`;
  }

  #tells(text: string): boolean {
    return secretForms(text).length > 0 || this.#passwords.some((password) => text.includes(password));
  }

  #reason(error: unknown): string {
    const text = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : error;
    const hidden = this.#passwords.reduce(
      (rest, password) => rest.replaceAll(password, '***'),
      redactText(String(text)),
    );
    if (secretForms(hidden).length > 0) return 'the message holds what looks like a secret';
    const [line = ''] = hidden.trim().split(/\r?\n/);
    return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line;
  }
}

/** By code units: the same on every machine. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Runs one part; whatever goes wrong in it, and that it took too long, is noted for its kinds and nothing else.
 *
 * @param look is told by the signal when its time is over, to let go of what it holds
 */
export async function guardedPart(
  sheet: Sheet,
  kinds: readonly VariableKind[],
  what: string,
  limitMs: number,
  look: (signal: AbortSignal) => Promise<void> | void,
): Promise<void> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${limitMs / 1000} s`));
      over.abort();
    }, limitMs);
  });
  try {
    await Promise.race([Promise.resolve(over.signal).then(look), limit]);
  } catch (error) {
    for (const kind of kinds) sheet.unknown(kind, what, error);
  } finally {
    clearTimeout(timer);
  }
}
