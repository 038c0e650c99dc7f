/** A command's arguments as texts. Names as {@link nameText} gives them, so that no two byte strings read alike. */
import { nameText } from '../../../observe/redis/index.ts';

/** Longest argument read as text, bytes; longer ones are values, or keys that nobody reads. */
const LONGEST_TEXT = 1 << 16;

export function texts(args: readonly Uint8Array[]): string[] {
  return args.map((arg) => nameText(arg, 0, Math.min(arg.length, LONGEST_TEXT)));
}

/** Index of an option word at or after `from`, or -1. */
export function optionAt(args: readonly string[], option: string, from: number): number {
  for (let i = from; i < args.length; i++) if (args[i]!.toUpperCase() === option) return i;
  return -1;
}

/** A pattern that matches at least what the server's would: Redis compares bytes, this compares characters, so whatever
 * stands for a single byte is widened to any run. */
export function widened(pattern: string): string {
  let out = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '\\' && i + 1 < pattern.length) {
      const next = pattern[++i]!;
      // `\xHH` is how names show a byte that is no text.
      out += next === 'x' || next.charCodeAt(0) > 0x7f ? '*' : `\\${next}`;
      if (next === 'x') i += 2;
    } else if (char === '[') return `${out}*`;
    else out += char === '?' ? '*' : char;
  }
  return out;
}

/** A pattern that matches just this text. */
export function literalPattern(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
