/**
 * A finding's remedy as code: for the libraries that the wire showed, else as SQL and Redis commands. One entry a cause; what
 * is not written out in a few lines is in the recipe that the remedy names.
 *
 * To add a remedy: an entry in {@link WRITERS}; what it needs of a language goes into {@link Dialect}, and each language says
 * it in its own file.
 */
import type { CauseCode } from '../codes.ts';
import type { Stack } from '../drivers/stack.ts';
import type { RemedyCode } from '../finding.ts';
import type { Dialect } from './dialect.ts';
import { javascript } from './javascript.ts';
import type { KeyPattern, KeyPiece } from './key-pattern.ts';
import * as plain from './plain.ts';
import { python } from './python.ts';
import type { Statement } from './statement.ts';

/** What a remedy is written from. */
export interface RemedyFacts {
  readonly stack: Stack;
  readonly key: KeyPattern;
  /** Keys that the same write removes already, or shall remove too. */
  readonly also: readonly KeyPattern[];
  readonly write: Statement | null;
  readonly read: Statement | null;
  /** Time to live of the value; null: it has none, or it is not known. */
  readonly seconds: number | null;
  /** Table of the change. */
  readonly table: string | null;
  /** The writer did not pass the proxies. */
  readonly outside: boolean;
  /** What the key leaves out (WS115). */
  readonly missing?: string;
}

/** Where a value has no time to live: one to begin with. */
const SECONDS = 300;
/** Share of a time to live that is left to chance: one in this many. */
const JITTER = 5;

type Writer = (facts: RemedyFacts, dialect: Dialect | null) => readonly RemedyCode[];

const removeAfterCommit: Writer = (facts, dialect) => {
  const keys = [facts.key, ...facts.also];
  if (facts.outside) {
    const trigger = facts.table === null ? null : plain.outboxTrigger(facts.table, facts.key);
    return trigger === null ? [] : [trigger];
  }
  if (dialect === null) return plain.plainRemoval(facts.write, keys);
  return [
    snippet(
      dialect,
      dialect.writeThenRemove(
        facts.write,
        keys.map((key) => dialect.key(key)),
      ),
    ),
  ];
};

const removeSurely: Writer = ({ key }, dialect) => {
  if (dialect === null) return plain.plainRetry([key]);
  return [snippet(dialect, dialect.removeSurely([dialect.key(key)]))];
};

const fencedFill: Writer = ({ key, read, seconds }, dialect) => {
  const lasts = seconds ?? SECONDS;
  if (dialect === null) return plain.plainFence(key, read, lasts);
  const keys = { key: dialect.key(key), generation: dialect.key(key, 'gen:') };
  return [snippet(dialect, dialect.fencedFill(keys, dialect.fetch(read), lasts))];
};

const primaryRead: Writer = ({ key, read, seconds }, dialect) => {
  if (dialect === null) return [];
  const note = dialect.comment('the connection of the primary, wherever the row is cached');
  const set = dialect.set(dialect.key(key), 'serialize(row)', { seconds: seconds ?? SECONDS });
  return [snippet(dialect, [note, ...dialect.fetch(read), ...set])];
};

const singleFlight: Writer = ({ key, read, seconds }, dialect) => {
  const lasts = seconds ?? SECONDS;
  if (dialect === null) return plain.plainFlight(key, read, lasts);
  const keys = { key: dialect.key(key), lock: dialect.key(key, 'lock:') };
  return [snippet(dialect, dialect.singleFlight(keys, dialect.fetch(read), lasts))];
};

const keepTtl: Writer = ({ key, seconds }, dialect) => {
  const lasts = seconds ?? SECONDS;
  if (dialect === null) return [...plain.plainSet(key, `EX ${lasts}`), ...plain.plainSet(key, 'KEEPTTL')];
  const name = dialect.key(key);
  const lines = [
    ...dialect.set(name, 'value', { seconds: lasts }),
    dialect.comment('or, where the old time to live shall go on:'),
    ...dialect.set(name, 'value', 'keep'),
  ];
  return [snippet(dialect, lines)];
};

const boundedFill: Writer = ({ key, seconds }, dialect) => {
  const lasts = seconds ?? SECONDS;
  const jitter = Math.max(1, Math.round(lasts / JITTER));
  if (dialect === null) return plain.plainSet(key, `EX ${lasts}`);
  const why = dialect.comment(
    `as long as a missed invalidation may last; what was filled together ends apart`,
  );
  return [snippet(dialect, [why, ...dialect.set(dialect.key(key), 'value', { seconds: lasts, jitter })])];
};

/** The release's version of the shape as a part of the key. */
const versionedKey: Writer = ({ key }, dialect) => {
  if (dialect === null) return [];
  const versioned = { ...key, pieces: withVersion(key.pieces) };
  return [snippet(dialect, dialect.keyFunction(keyName(key), namesOf(versioned), dialect.key(versioned)))];
};

const wholeKey: Writer = ({ key, missing }, dialect) => {
  if (dialect === null || missing === undefined) return [];
  // By chance a segment had the same value as the column that is missing.
  const own = key.pieces.map((piece) =>
    'name' in piece && piece.name === missing ? { ...piece, name: 'id' } : piece,
  );
  const pieces = [...own, { text: separatorOf(key) }, { name: missing, column: null }];
  const whole = { ...key, pieces };
  return [snippet(dialect, dialect.keyFunction(keyName(key), namesOf(whole), dialect.key(whole)))];
};

const WRITERS: Partial<Readonly<Record<CauseCode, Writer>>> = {
  WS101: removeAfterCommit,
  WS102: removeAfterCommit,
  WS103: removeAfterCommit,
  WS104: fencedFill,
  WS105: removeSurely,
  WS106: removeAfterCommit,
  WS107: primaryRead,
  WS109: removeAfterCommit,
  WS110: removeAfterCommit,
  WS111: removeAfterCommit,
  WS112: removeAfterCommit,
  WS113: keepTtl,
  WS114: versionedKey,
  WS115: wholeKey,
  WS201: removeAfterCommit,
  WS202: singleFlight,
  WS203: boundedFill,
};

/** The remedy of a cause as code; empty where there is none to write. */
export function remedyCode(code: CauseCode, facts: RemedyFacts): readonly RemedyCode[] {
  const dialect =
    facts.stack.language === null
      ? null
      : facts.stack.language === 'python'
        ? python(facts.stack)
        : javascript(facts.stack);
  return WRITERS[code]?.(facts, dialect) ?? [];
}

function snippet({ language, driver, closing }: Dialect, lines: readonly string[]): RemedyCode {
  return { language, driver, lines: [...lines, ...(lines.length > 2 ? closing : [])] };
}

function namesOf({ pieces }: KeyPattern): string[] {
  return pieces.flatMap((piece) => ('name' in piece ? [piece.name] : []));
}

/** `item_key`, from the key's first word. */
function keyName({ pieces }: KeyPattern): string {
  const word = pieces.flatMap((piece) => ('text' in piece ? (piece.text.match(/[A-Za-z]\w*/) ?? []) : []))[0];
  return `${(word ?? 'cache').toLowerCase()}_key`;
}

/** What stands between the key's pieces. */
function separatorOf({ pieces }: KeyPattern): string {
  const [sign] = /[^\w{}]/.exec(pieces.map((piece) => ('text' in piece ? piece.text : '')).join('')) ?? [];
  return sign ?? ':';
}

/** `item:{id}` → `item:v2:{id}`. */
function withVersion(pieces: readonly KeyPiece[]): readonly KeyPiece[] {
  const [first, ...rest] = pieces;
  if (first === undefined || 'name' in first || !/[^\w{}]$/.test(first.text))
    return [{ text: 'v2:' }, ...pieces];
  return [{ text: `${first.text}v2${first.text.at(-1)}` }, ...rest];
}
