/** The plan of every command: from its arguments to its effects. One function a kind of command; rows in semantics.ts. */
import type { Effect, Plan } from './effects.ts';
import { NOTHING } from './effects.ts';
import { blindWrite, fieldsWrite, keyNames, type Planning } from './planning.ts';
import {
  planCopy,
  planDelete,
  planExpire,
  planFlush,
  planJsonDelete,
  planJsonMset,
  planJsonReadMany,
  planJsonSet,
  planMoveDb,
  planPersist,
  planRead,
  planRename,
  planRestore,
  planScript,
  planStoreOption,
  planWrite,
  planWriteFirst,
} from './plans-keys.ts';
import {
  planGetdel,
  planGetex,
  planGetset,
  planMsetex,
  planSet,
  planSetex,
  planSetPairs,
} from './plans-strings.ts';
import type { PlanName } from './semantics.ts';

const PLANS: Readonly<Record<PlanName, (p: Planning) => Plan>> = {
  none: () => NOTHING,
  read: planRead,
  readFields: planReadFields,
  getex: planGetex,
  getdel: planGetdel,
  getset: planGetset,
  set: planSet,
  setex: planSetex,
  setPairs: planSetPairs,
  msetex: planMsetex,
  hset: planHset,
  hsetex: planHsetex,
  hgetdel: planHgetdel,
  write: planWrite,
  writeFirst: planWriteFirst,
  storeOption: planStoreOption,
  rename: planRename,
  copy: planCopy,
  restore: planRestore,
  moveDb: planMoveDb,
  delete: planDelete,
  expire: planExpire,
  persist: planPersist,
  flush: planFlush,
  script: planScript,
  jsonReadMany: planJsonReadMany,
  jsonSet: planJsonSet,
  jsonMset: planJsonMset,
  jsonDelete: planJsonDelete,
};

/** What the command is going to do. Wrong arguments, which the server will refuse, give what can be told of them. */
export function planCommand(p: Planning): Plan {
  return PLANS[p.command.semantics.plan](p);
}

/** HGET key field, HMGET key field … */
function planReadFields(p: Planning): Plan {
  const key = keyNames(p)[0];
  return key === undefined
    ? NOTHING
    : { effects: [{ kind: 'read', key }], names: namesFrom(p, 2, p.args.count) };
}

/** HSET key field value …, HSETNX key field value */
function planHset(p: Planning): Plan {
  const key = keyNames(p)[0];
  return key === undefined ? NOTHING : { effects: [fieldsWrite(p, key, 2, p.args.count)] };
}

/** HSETEX key [FNX | FXX] [EX … | KEEPTTL] FIELDS numfields field value … */
function planHsetex(p: Planning): Plan {
  const key = keyNames(p)[0];
  const list = fieldList(p, 2);
  return key === undefined || list === null ? NOTHING : { effects: [fieldsWrite(p, key, list[0], list[1])] };
}

/** HGETDEL key FIELDS numfields field …, and HGETEX key [EX … | PERSIST] FIELDS numfields field …: without an option
 * the latter changes nothing. */
function planHgetdel(p: Planning): Plan {
  const key = keyNames(p)[0];
  const list = fieldList(p, 1);
  if (key === undefined || list === null) return NOTHING;
  const read: Effect = { kind: 'read', key };
  const changes = p.command.name === 'HGETDEL' || p.args.option(2) !== 'FIELDS';
  return { effects: changes ? [read, blindWrite(p, key)] : [read], names: namesFrom(p, list[0], list[1]) };
}

/** Arguments after `FIELDS n`, `width` for each field. */
function fieldList(p: Planning, width: number): readonly [from: number, to: number] | null {
  const word = p.args.find('FIELDS', 2);
  const count = word < 0 ? Number.NaN : p.args.integer(word + 1);
  if (!(count >= 0)) return null;
  return [word + 2, Math.min(p.args.count, word + 2 + width * count)];
}

function namesFrom(p: Planning, from: number, to: number): string[] {
  const names: string[] = [];
  for (let i = from; i < to; i++) names.push(p.args.text(i));
  return names;
}
