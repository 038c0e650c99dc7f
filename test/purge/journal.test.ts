import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WhystaleError } from '../../src/errors.ts';
import { readFrames } from '../../src/purge/frames.ts';
import { Journal, OldJournal, readEntries } from '../../src/purge/journal.ts';
import type { Entry } from '../../src/purge/records.ts';

const PLAN = 'f'.repeat(64);
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whystale-journal-'));
  path = join(folder, 'snapshot.bin');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const expiry = fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 }));
const key = fc.record({ key: bytes, dump: bytes, expiresAt: expiry });
const batches = fc.array(fc.array(key, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

/** Writes batches as a purge does; gives the entries with the file's length after each. */
function written(all: readonly (readonly Omit<Entry, 'ordinal' | 'batch'>[])[]) {
  rmSync(path, { force: true });
  const journal = Journal.open(path, PLAN);
  const entries: { readonly entry: Entry; readonly until: number }[] = [];
  let from = 0;
  for (const [batch, keys] of all.entries()) {
    for (const [i, one] of keys.entries()) {
      const entry = { ...one, ordinal: from + i, batch };
      journal.entries([entry]);
      entries.push({ entry, until: journal.size });
    }
    journal.outcome({ batch, from, to: from + keys.length, states: 'r'.repeat(keys.length) });
    from += keys.length;
  }
  journal.close();
  return entries;
}

describe('the journal', () => {
  it('gives back what was written, byte for byte', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const entries = written(all).map(({ entry }) => entry);
        expect([...readEntries(path)]).toEqual(entries);
        const old = new OldJournal(path);
        expect([...old.state.entries.values()].map((place) => old.entry(place))).toEqual(entries);
        old.close();
      }),
      { numRuns: 25 },
    );
  });

  it('cut off at any byte, reads up to the last whole entry', () => {
    const one = (name: string) => ({
      key: Buffer.from(name),
      dump: Buffer.from(`\0${name}`),
      expiresAt: null,
    });
    const entries = written([[one('a'), one('b')], [one('c')]]);
    // From the longest down: each cut takes one byte more.
    for (let length = statSync(path).size; length >= 0; length--) {
      truncateSync(path, length);
      const expected = entries.filter(({ until }) => until <= length).map(({ entry }) => entry);
      expect([...readEntries(path)], `cut at byte ${length}`).toEqual(expected);
    }
  });

  it('cut off at any byte, goes on after the last whole record and keeps what it takes away', () => {
    fc.assert(
      fc.property(batches, fc.nat(), (all, at) => {
        written(all);
        const size = statSync(path).size;
        truncateSync(path, at % (size + 1));
        const kept = [...readEntries(path)];
        const journal = Journal.open(path, PLAN);
        const entry = {
          ordinal: 99,
          batch: journal.before.nextBatch,
          key: Buffer.from('k'),
          dump: Buffer.from('v'),
          expiresAt: null,
        };
        journal.entries([entry]);
        journal.close();
        expect([...readEntries(path)]).toEqual([...kept, entry]);
      }),
      { numRuns: 25 },
    );
  });

  it('notices any byte that was changed, and passes over that record only', () => {
    const entries = written(fc.sample(batches, { seed: 3, numRuns: 2 }).flat());
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: entries.length - 2 }), fc.nat(), (which, at) => {
        const until = entries[which]!.until;
        const changed = Buffer.from(whole);
        // Within the checksum, so that the record's length is what it was.
        changed[until - 1 - (at % 32)]! ^= 1;
        writeFileSync(path, changed);
        const old = new OldJournal(path);
        expect(old.damaged).toBe(1);
        expect(old.state.lost).toEqual([which]);
        expect(old.state.entries.size).toBe(entries.length - 1);
        old.close();
        expect(() => Journal.open(path, PLAN)).toThrow(WhystaleError);
      }),
      { numRuns: 30 },
    );
  });

  it('belongs to one plan', () => {
    Journal.open(path, PLAN).close();
    expect(() => Journal.open(path, 'a'.repeat(64))).toThrow(/another plan/);
  });

  it('can be read by its owner only', () => {
    Journal.open(path, PLAN).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('tells a file of another kind', () => {
    writeFileSync(path, 'not a snapshot at all');
    const file = openSync(path, 'r');
    const reader = readFrames(file, statSync(path).size);
    expect([...reader.frames]).toEqual([]);
    expect(reader.end()).toEqual({ end: 'damaged', until: 0 });
    closeSync(file);
  });
});
