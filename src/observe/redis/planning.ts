/** What every plan is given, and the steps that plans share. */
import type { Payload } from '../../core/operation.ts';
import type { Arguments } from './arguments.ts';
import { Collection } from './collection.ts';
import type { WriteEffect } from './effects.ts';
import type { KeyRange } from './key-positions.ts';
import { movableKeys } from './key-positions.ts';
import type { PayloadStore, Version } from './payload-store.ts';
import type { Semantics } from './semantics.ts';

/** A command the observer knows: its name, its meaning, its keys. */
export interface KnownCommand {
  readonly name: string;
  readonly semantics: Semantics;
  /** Null: the arguments decide. */
  readonly keys: KeyRange | null;
}

export interface Planning {
  readonly command: KnownCommand;
  readonly args: Arguments;
  readonly store: PayloadStore;
  /** Database the connection is expected to have selected; only a hint for where to look for known payloads. */
  readonly db: number;
  /** Milliseconds since 1970, for times to live given as points in time. */
  readonly wall: () => number;
}

/** What is said of a value whose bytes were not kept. */
export const UNSEEN: Payload = { format: 'large', leaves: [], truncated: true };

/** Argument numbers of the keys. */
export function keyArguments(p: Planning): number[] {
  const { args, command } = p;
  if (command.keys === null) return movableArguments(p);
  const { first, last, step } = command.keys;
  const found: number[] = [];
  if (first === 0) return found;
  const stop = last < 0 ? args.count + last : Math.min(last, args.count - 1);
  for (let i = first; i <= stop; i += step) found.push(i);
  return found;
}

function movableArguments(p: Planning): number[] {
  const texts: string[] = [];
  for (let i = 1; i < p.args.count; i++) texts.push(p.args.text(i));
  return movableKeys(p.command.name, texts).map((i) => i + 1);
}

/** Names of the keys. */
export function keyNames(p: Planning): string[] {
  const { args, command } = p;
  const names: string[] = [];
  if (command.keys === null) {
    for (const i of movableArguments(p)) if (args.whole(i)) names.push(args.text(i));
    return names;
  }
  const { first, last, step } = command.keys;
  if (first === 0) return names;
  const stop = last < 0 ? args.count + last : Math.min(last, args.count - 1);
  for (let i = first; i <= stop; i += step) if (args.whole(i)) names.push(args.text(i));
  return names;
}

/** A write of the value in argument `i`. */
export function valueWrite(
  p: Planning,
  key: string,
  i: number,
  ttl: number | null | 'keep',
  condition: 'nx' | 'xx' | undefined = p.command.semantics.condition,
): WriteEffect {
  const when = condition === undefined ? {} : { condition };
  if (!p.args.usable(i)) return { kind: 'write', key, size: sizeOf(p, i), ttl, payload: UNSEEN, ...when };
  const { digest, size, payload } = valueVersion(p, key, i);
  return { kind: 'write', key, value: digest, size, ttl, payload, ...when };
}

/** The version of a key that argument `i` is or would be. */
export function valueVersion(p: Planning, key: string, i: number): Version {
  const { args, store } = p;
  return store.see(store.record(p.db, key), args.bytes, args.start(i), args.end(i), args.size(i));
}

/** A write that does not tell the value. */
export function blindWrite(
  p: Planning,
  key: string,
  ttl: number | null | 'keep' = p.command.semantics.ttl,
): WriteEffect {
  const { condition } = p.command.semantics;
  return { kind: 'write', key, size: 0, ttl, ...(condition === undefined ? {} : { condition }) };
}

/** A hash as arguments from `from` up to `to` give it: name, value, name, value… */
export function hashOf(p: Planning, key: string, from: number, to: number = p.args.count) {
  const { args, store } = p;
  const collection = new Collection(false);
  for (let i = from; i + 1 < to; i += 2) {
    if (!args.whole(i)) continue;
    collection.add(args.text(i), args.bytes, args.start(i + 1), args.end(i + 1), args.size(i + 1));
  }
  const { digest, size, payload, fields } = store.seeCollection(store.record(p.db, key), collection, true);
  // Every entry that was added has a value, so no field is null.
  return { value: digest, size, payload, fields: (fields ?? {}) as Record<string, string> };
}

/** A write of the fields in arguments `from`, `from + 1`, … up to `to`. */
export function fieldsWrite(p: Planning, key: string, from: number, to: number): WriteEffect {
  const { size, payload, fields } = hashOf(p, key, from, to);
  const { condition } = p.command.semantics;
  const when = condition === undefined ? {} : { condition };
  return { kind: 'write', key, size, ttl: 'keep', payload, fields, ...when };
}

/** Milliseconds to live of a time argument; null when it is not a number (the server will refuse it). */
export function timeToLive(p: Planning, i: number, unit: 1 | 1000, absolute: boolean): number | null {
  const time = p.args.integer(i) * unit;
  if (Number.isNaN(time)) return null;
  return absolute ? Math.round(time - p.wall()) : time;
}

function sizeOf(p: Planning, i: number): number {
  return i < p.args.count ? p.args.size(i) : 0;
}
