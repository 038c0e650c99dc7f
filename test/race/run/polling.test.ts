/** An actor that asks the same in vain is held; one that makes progress, or whose question may have another answer by now, is not. */
import { describe, expect, it } from 'vitest';
import { reads, redisKey, writes } from '../../../src/race/explore/footprint.ts';
import { idleRounds, polls } from '../../../src/race/run/polling.ts';

/** `reader GET lock -> 1`; a star marks a write. */
function step(text: string) {
  const { actor, write, label, key, result } =
    /^(?<actor>\w+) (?<label>(?<write>\*?)\w+ (?<key>\S+))(?: -> (?<result>.*))?$/.exec(text)!.groups!;
  const resource = redisKey(0, key!);
  const footprint = [write === '*' ? writes(resource) : reads(resource)];
  return { step: { actor: actor!, ordinal: 1, label: label!, footprint }, result: result ?? null };
}

const history = (...lines: readonly string[]) => lines.map(step);
const next = (text: string) => step(text).step;

describe('a polling loop', () => {
  const cases: readonly [name: string, next: string, done: readonly string[], held: boolean][] = [
    [
      'asked twice with the same answer',
      'reader GET lock',
      ['reader GET lock -> 1', 'reader GET lock -> 1'],
      true,
    ],
    ['asked once', 'reader GET lock', ['reader GET lock -> 1'], false],
    [
      'asked twice with different answers',
      'reader GET lock',
      ['reader GET lock -> 1', 'reader GET lock -> 2'],
      false,
    ],
    [
      'the lock was written in between',
      'reader GET lock',
      ['reader GET lock -> 1', 'writer *DEL lock -> 1', 'reader GET lock -> 1'],
      false,
    ],
    [
      'another key was written in between',
      'reader GET lock',
      ['reader GET lock -> 1', 'writer *DEL item -> 1', 'reader GET lock -> 1'],
      true,
    ],
    [
      'a unit of two messages',
      'reader GET item',
      [
        'reader GET item -> miss',
        'reader *SETNX lock -> 0',
        'reader GET item -> miss',
        'reader *SETNX lock -> 0',
      ],
      true,
    ],
    [
      'a unit of two messages, begun',
      'reader *SETNX lock',
      [
        'reader GET item -> miss',
        'reader *SETNX lock -> 0',
        'reader GET item -> miss',
        'reader *SETNX lock -> 0',
        'reader GET item -> miss',
      ],
      true,
    ],
    ['something else comes next', 'reader GET item', ['reader GET lock -> 1', 'reader GET lock -> 1'], false],
  ];
  it.each(cases)('%s', (_name, upcoming, done, held) => {
    expect(polls(next(upcoming), history(...done))).toBe(held);
  });
});

it('rounds in vain are counted back to the last step of another actor', () => {
  const done = history('reader GET lock', 'writer *SET lock', 'reader GET lock', 'reader GET lock');
  expect(idleRounds('reader', 'GET lock', done)).toBe(2);
});
