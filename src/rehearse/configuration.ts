/** The configuration of staging against that of production: names, presence, and values as hashes under a key of this one run. */
import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { ConfigSource, ConfigSpec } from '../case/contract.ts';
import { fileFailure } from '../files/failure.ts';
import { variablesOf } from '../fingerprint/env-files.ts';
import { leftOut } from '../fingerprint/left-out.ts';
import { isPlainValue } from '../fingerprint/plain.ts';
import type { ConfigComparison, ConfigDifference, ConfigValue } from './contract.ts';

/** Largest configuration that is read, bytes. */
const MAX_BYTES = 4 << 20;
const HASH_DIGITS = 16;
/** Longest value that is shown. */
const LONGEST_SHOWN = 80;

export type Variables = ReadonlyMap<string, string>;

export interface ComparedWith {
  readonly spec: Pick<ConfigSpec, 'names' | 'allow'>;
  /** Names that the case allows to differ. */
  readonly allow: readonly string[];
  readonly salt: Buffer;
}

/** `NAME=VALUE` lines of a file. Throws with the reason. */
export function variablesInFile(source: Extract<ConfigSource, { readonly kind: 'file' }>): Variables {
  try {
    const found = statSync(source.file);
    if (found.size > MAX_BYTES) throw new Error('it is too large');
    return variablesOf(readFileSync(source.file, 'utf8'));
  } catch (cause) {
    throw new Error(`${source.file} could not be read: ${fileFailure(cause, 'reading')}`);
  }
}

/** `NAME=VALUE` lines that a command printed, without what every shell has of its own. */
export function variablesPrinted(text: string): Variables {
  return new Map([...variablesOf(text)].filter(([name]) => leftOut(name) === null));
}

/** Holds both sides against each other. Pure. */
export function compareConfiguration(
  staging: Variables,
  production: Variables,
  { spec, allow, salt }: ComparedWith,
): ConfigComparison {
  const compared = spec.names.length === 0 ? () => true : matcherOf(spec.names);
  const allowed = matcherOf([...allow, ...spec.allow]);
  const names = [...new Set([...staging.keys(), ...production.keys()])].filter(compared).sort();
  const differences = names.flatMap((name): ConfigDifference[] => {
    const [a, b] = [staging.get(name), production.get(name)];
    if (a === b) return [];
    const shown = isShown(name, a) && isShown(name, b);
    const value = (text: string | undefined): ConfigValue | null =>
      text === undefined ? null : { value: shown ? text : hashOf(salt, name, text) };
    return [{ name, staging: value(a), production: value(b), allowed: allowed(name) }];
  });
  return { same: names.length - differences.length, differences };
}

function isShown(name: string, value: string | undefined): boolean {
  return value === undefined || (value.length <= LONGEST_SHOWN && isPlainValue(name, value));
}

/** The same value under another name has another hash: nobody sees that two passwords are one. */
function hashOf(salt: Buffer, name: string, value: string): string {
  const digest = createHmac('sha256', salt).update(`${name}\0${value}`).digest('hex');
  return `h:${digest.slice(0, HASH_DIGITS)}`;
}

/** Names with `*` for any characters. */
function matcherOf(patterns: readonly string[]): (name: string) => boolean {
  const forms = patterns.map((pattern) => {
    const literal = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${literal.join('.*')}$`, 's');
  });
  return (name) => forms.some((form) => form.test(name));
}
