/** All commands an observer knows, numbered: what the scanner finds by name is an index into this list. */
import { NameTable } from '../../wire/redis/index.ts';
import {
  type CommandInfo,
  isWrite,
  type KeyRange,
  KNOWN_COMMANDS,
  keyRange,
  NO_KEYS,
} from './key-positions.ts';
import type { KnownCommand } from './planning.ts';
import { NO_OPERATION, SEMANTICS, type Semantics, UNKNOWN_WRITE } from './semantics.ts';

export interface Catalog {
  readonly names: NameTable;
  /** By the name's number; number 0 is the unknown command. */
  readonly commands: readonly KnownCommand[];
}

/** The catalog of the command table, of the rows of semantics.ts, and of what the server's COMMAND added. */
export function makeCatalog(extra: readonly CommandInfo[] = []): Catalog {
  const known = new Set(KNOWN_COMMANDS);
  const modules = new Map(extra.map((info) => [info.name.toUpperCase(), info]));
  const names = [...new Set([...known, ...SEMANTICS.keys(), ...modules.keys()])];
  const commands = names.map((name): KnownCommand => {
    const info = modules.get(name);
    const semantics = SEMANTICS.get(name) ?? fallback(writes(name, known, info));
    return { name, semantics, keys: known.has(name) ? keyRange(name) : rangeOf(semantics, info) };
  });
  return { names: new NameTable(names), commands: [UNKNOWN, ...commands] };
}

const UNKNOWN: KnownCommand = { name: '', semantics: NO_OPERATION, keys: NO_KEYS };

function writes(name: string, known: ReadonlySet<string>, info: CommandInfo | undefined): boolean {
  return known.has(name) ? isWrite(name) : (info?.flags.includes('write') ?? false);
}

function fallback(write: boolean): Semantics {
  return write ? UNKNOWN_WRITE : NO_OPERATION;
}

function rangeOf(semantics: Semantics, info: CommandInfo | undefined): KeyRange {
  if (info !== undefined && info.step > 0) return { first: info.first, last: info.last, step: info.step };
  const first = semantics.first ?? 1;
  return { first, last: first, step: 1 };
}
