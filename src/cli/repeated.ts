/** Options that may be given several times. */
import { Option } from 'commander';

/** Parser of an option that may be given several times: keeps every value, in order. */
export function repeated(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** An option that may be given several times and defaults to none. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(repeated).default([], 'none');
}
