// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a shell look like this.
/** Lines for a shell: what it makes of them is what was meant. */
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandLine, shellLine, shellWord } from '../../src/case/shell.ts';
import { commandOf } from '../../src/race/scenario/parts.ts';

describe('a word', () => {
  test.each([
    ['GET', 'GET'],
    ['', "''"],
    ["it's", `'it'\\''s'`],
    ['a;b', "'a;b'"],
    ['$HOME', "'$HOME'"],
    ['Bearer ${TOKEN}', `'Bearer '"\${TOKEN}"`],
    ['a\nb', "$'a\\nb'"],
  ])('%j is %s', (word, written) => {
    expect(shellWord(word)).toBe(written);
  });

  test('is what bash reads', () => {
    const word = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((text) => !/[\0]|\$\{\w+\}|[\u0080-\u009f\u2028\u2029\ud800-\udfff]/.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
        const script = `printf '%s\\0' ${shellLine(words)}`;
        const out = execFileSync('bash', ['-c', script], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
        expect(out.toString('utf8')).toBe(`${words.join('\0')}\0`);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a command', () => {
  test.each([
    ['git revert fix', 'git revert fix'],
    ['make "slow test"', "make 'slow test'"],
    ['a && b | c', 'a && b | c'],
    ['echo $HOME', 'echo $HOME'],
    ['A=1 run', "sh -c 'A=1 exec run'"],
  ])('%s', (text, line) => {
    expect(commandLine(commandOf(text) ?? [])).toBe(line);
  });
});
