/**
 * Python pickles, protocols 0 to 5, to a tree (CPython's Lib/pickle.py and pickletools.py name the opcodes). The stack
 * machine is walked, nothing is looked up, called or imported: a class is a name, an instance is its arguments and
 * its state. pickle-objects.ts knows what the arguments of Decimal, datetime and the like mean.
 */
import { LIMITS } from './limits.ts';
import { instanceOf, type PickleObject, type PickleValue, toTree } from './pickle-objects.ts';
import { decodeBytesEscape, decodeRawUnicode, floatText, integerText } from './pickle-scalars.ts';
import type { Decoded } from './tree.ts';

const NOT_PICKLE = new Error('not a pickle');

/** Marks the place on the stack from which a following opcode collects. */
const MARK = Symbol('mark');
type Slot = PickleValue | typeof MARK;

interface Machine {
  readonly bytes: Buffer;
  at: number;
  readonly stack: Slot[];
  readonly memo: Map<number, PickleValue>;
  steps: number;
}

/** Decodes a pickle. `partial`: the bytes are the beginning of a longer pickle; what was built so far is given. */
export function decodePickle(input: Uint8Array, partial = false): Decoded | null {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const machine: Machine = { bytes, at: 0, stack: [], memo: new Map(), steps: 0 };
  try {
    while (machine.at < bytes.length && machine.steps++ < LIMITS.bytes) {
      const opcode = bytes[machine.at++] as number;
      if (opcode !== 0x2e) {
        step(machine, opcode);
        continue;
      }
      if (machine.at !== bytes.length || machine.stack.length !== 1) return null;
      return toTree(pop(machine));
    }
  } catch (error) {
    if (error !== NOT_PICKLE) throw error;
  }
  return partial ? unfinished(machine) : null;
}

/** A cut pickle's values: whatever waits on the stack, as one list. */
function unfinished(machine: Machine): Decoded | null {
  const items = machine.stack.filter((slot): slot is PickleValue => slot !== MARK);
  const whole = items.length === 1 ? (items[0] as PickleValue) : { kind: 'list' as const, items };
  return { tree: toTree(whole).tree, cut: true };
}

function step(machine: Machine, opcode: number): void {
  const act = OPCODES[opcode];
  if (act === undefined) throw NOT_PICKLE;
  act(machine);
}

function pop(machine: Machine): PickleValue {
  const slot = machine.stack.pop();
  if (slot === undefined || slot === MARK) throw NOT_PICKLE;
  return slot;
}

function top(machine: Machine): PickleValue {
  const slot = machine.stack.at(-1);
  if (slot === undefined || slot === MARK) throw NOT_PICKLE;
  return slot;
}

/** Everything above the last mark, which is removed too. */
function popMark(machine: Machine): PickleValue[] {
  const mark = machine.stack.lastIndexOf(MARK);
  if (mark < 0) throw NOT_PICKLE;
  const items = machine.stack.splice(mark) as PickleValue[];
  items.shift();
  return items;
}

function take(machine: Machine, count: number): Buffer {
  const end = machine.at + count;
  if (count < 0 || end > machine.bytes.length) throw NOT_PICKLE;
  const bytes = machine.bytes.subarray(machine.at, end);
  machine.at = end;
  return bytes;
}

/** A line's text without its newline. */
function line(machine: Machine): string {
  const end = machine.bytes.indexOf(0x0a, machine.at);
  if (end < 0) throw NOT_PICKLE;
  const text = machine.bytes.toString('latin1', machine.at, end);
  machine.at = end + 1;
  return text;
}

/** An unsigned little-endian length; eight-byte lengths above 2^48 are no lengths. */
function length(machine: Machine, width: number): number {
  const bytes = take(machine, width);
  if (width < 8) return bytes.readUIntLE(0, width);
  if (bytes.readUInt16LE(6) !== 0) throw NOT_PICKLE;
  return bytes.readUIntLE(0, 6);
}

type Act = (machine: Machine) => void;
const push = (make: (machine: Machine) => Slot): Act => {
  return (machine) => {
    machine.stack.push(make(machine));
  };
};
const plain = (text: string): PickleValue => ({ kind: 'plain', text });
const text = (machine: Machine, width: number): PickleValue => ({
  kind: 'text',
  text: take(machine, length(machine, width)).toString('utf8'),
});
const raw = (machine: Machine, width: number): PickleValue => ({
  kind: 'bytes',
  bytes: take(machine, length(machine, width)),
});
const tuple = (items: PickleValue[]): PickleValue => ({ kind: 'list', items });

function object(callee: PickleValue, args: readonly PickleValue[]): PickleObject {
  return instanceOf(callee.kind === 'class' ? callee.name : '', args);
}

function integerLine(machine: Machine): PickleValue {
  const digits = line(machine);
  if (digits === '00') return plain('false');
  if (digits === '01') return plain('true');
  if (!/^-?[0-9]+L?$/.test(digits)) throw NOT_PICKLE;
  return plain(digits.replace('L', ''));
}

function floatLine(machine: Machine): PickleValue {
  const digits = line(machine);
  if (!/^(?:-?[0-9.]+(?:e[+-]?[0-9]+)?|-?inf|nan)$/i.test(digits)) throw NOT_PICKLE;
  return plain(floatText(Number(digits.replace('inf', 'Infinity'))));
}

function stringLine(machine: Machine): PickleValue {
  const quoted = line(machine);
  const quote = quoted[0];
  if ((quote !== "'" && quote !== '"') || quoted.length < 2 || quoted.at(-1) !== quote) throw NOT_PICKLE;
  return { kind: 'bytes', bytes: decodeBytesEscape(quoted.slice(1, -1)) };
}

function classLine(machine: Machine): PickleValue {
  return { kind: 'class', name: `${line(machine)}.${line(machine)}` };
}

function stackClass(machine: Machine): PickleValue {
  const name = pop(machine);
  const module = pop(machine);
  if (name.kind !== 'text' || module.kind !== 'text') throw NOT_PICKLE;
  return { kind: 'class', name: `${module.text}.${name.text}` };
}

function call(machine: Machine): PickleValue {
  const args = pop(machine);
  return object(pop(machine), args.kind === 'list' ? args.items : [args]);
}

function callWithNames(machine: Machine): PickleValue {
  const named = pop(machine);
  const made = call(machine) as PickleObject;
  return { ...made, state: named };
}

function build(machine: Machine): void {
  const state = pop(machine);
  const target = top(machine);
  if (target.kind === 'object') target.state = state;
}

function append(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine);
  if (target.kind !== 'list' && target.kind !== 'object') throw NOT_PICKLE;
  for (const item of items) target.items.push(item);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine);
  if (target.kind !== 'map' && target.kind !== 'object') throw NOT_PICKLE;
  target.entries.push(...pairs(items));
}

function pairs(items: readonly PickleValue[]): [PickleValue, PickleValue][] {
  if (items.length % 2 !== 0) throw NOT_PICKLE;
  const entries: [PickleValue, PickleValue][] = [];
  for (let i = 0; i < items.length; i += 2) {
    entries.push([items[i] as PickleValue, items[i + 1] as PickleValue]);
  }
  return entries;
}

function popLast(machine: Machine, count: number): PickleValue[] {
  const items: PickleValue[] = [];
  for (let i = 0; i < count; i++) items.unshift(pop(machine));
  return items;
}

function put(machine: Machine, index: number): void {
  machine.memo.set(index, top(machine));
}

function get(machine: Machine, index: number): PickleValue {
  const value = machine.memo.get(index);
  if (value === undefined) throw NOT_PICKLE;
  return value;
}

function index(machine: Machine): number {
  const digits = line(machine);
  if (!/^[0-9]{1,9}$/.test(digits)) throw NOT_PICKLE;
  return Number(digits);
}

const ignored: Act = () => undefined;
const protocol: Act = (machine) => {
  if (length(machine, 1) > 5) throw NOT_PICKLE;
};

/** By opcode byte; names in comments are pickletools'. */
const OPCODES: Readonly<Record<number, Act>> = {
  128: protocol, // PROTO
  149: (machine) => void take(machine, 8), // FRAME
  40: push(() => MARK), // MARK
  48: (machine) => void machine.stack.pop(), // POP
  49: (machine) => void popMark(machine), // POP_MARK
  50: push(top), // DUP
  78: push(() => plain('null')), // NONE
  136: push(() => plain('true')), // NEWTRUE
  137: push(() => plain('false')), // NEWFALSE
  73: push(integerLine), // INT
  76: push(integerLine), // LONG
  75: push((machine) => plain(String(length(machine, 1)))), // BININT1
  77: push((machine) => plain(String(length(machine, 2)))), // BININT2
  74: push((machine) => plain(String(take(machine, 4).readInt32LE(0)))), // BININT
  138: push((machine) => plain(integerText(take(machine, length(machine, 1))))), // LONG1
  139: push((machine) => plain(integerText(take(machine, length(machine, 4))))), // LONG4
  70: push(floatLine), // FLOAT
  71: push((machine) => plain(floatText(take(machine, 8).readDoubleBE(0)))), // BINFLOAT
  83: push(stringLine), // STRING
  84: push((machine) => raw(machine, 4)), // BINSTRING
  85: push((machine) => raw(machine, 1)), // SHORT_BINSTRING
  86: push((machine) => ({ kind: 'text', text: decodeRawUnicode(line(machine)) })), // UNICODE
  88: push((machine) => text(machine, 4)), // BINUNICODE
  140: push((machine) => text(machine, 1)), // SHORT_BINUNICODE
  141: push((machine) => text(machine, 8)), // BINUNICODE8
  66: push((machine) => raw(machine, 4)), // BINBYTES
  67: push((machine) => raw(machine, 1)), // SHORT_BINBYTES
  142: push((machine) => raw(machine, 8)), // BINBYTES8
  150: push((machine) => raw(machine, 8)), // BYTEARRAY8
  151: push(() => plain('null')), // NEXT_BUFFER: travels outside the pickle
  152: ignored, // READONLY_BUFFER
  41: push(() => tuple([])), // EMPTY_TUPLE
  93: push(() => tuple([])), // EMPTY_LIST
  143: push(() => tuple([])), // EMPTY_SET
  125: push(() => ({ kind: 'map', entries: [] })), // EMPTY_DICT
  116: push((machine) => tuple(popMark(machine))), // TUPLE
  108: push((machine) => tuple(popMark(machine))), // LIST
  145: push((machine) => tuple(popMark(machine))), // FROZENSET
  133: push((machine) => tuple(popLast(machine, 1))), // TUPLE1
  134: push((machine) => tuple(popLast(machine, 2))), // TUPLE2
  135: push((machine) => tuple(popLast(machine, 3))), // TUPLE3
  100: push((machine) => ({ kind: 'map', entries: pairs(popMark(machine)) })), // DICT
  97: (machine) => append(machine, popLast(machine, 1)), // APPEND
  101: (machine) => append(machine, popMark(machine)), // APPENDS
  144: (machine) => append(machine, popMark(machine)), // ADDITEMS
  115: (machine) => setItems(machine, popLast(machine, 2)), // SETITEM
  117: (machine) => setItems(machine, popMark(machine)), // SETITEMS
  99: push(classLine), // GLOBAL
  147: push(stackClass), // STACK_GLOBAL
  82: push(call), // REDUCE
  129: push(call), // NEWOBJ
  146: push(callWithNames), // NEWOBJ_EX
  98: build, // BUILD
  111: push((machine) => {
    const [callee, ...args] = popMark(machine);
    if (callee === undefined) throw NOT_PICKLE;
    return object(callee, args);
  }), // OBJ
  105: push((machine) => object(classLine(machine), popMark(machine))), // INST
  130: push((machine) => ({ kind: 'class', name: `extension.${length(machine, 1)}` })), // EXT1
  131: push((machine) => ({ kind: 'class', name: `extension.${length(machine, 2)}` })), // EXT2
  132: push((machine) => ({ kind: 'class', name: `extension.${length(machine, 4)}` })), // EXT4
  80: push((machine) => object({ kind: 'class', name: `persistent.${line(machine)}` }, [])), // PERSID
  81: push((machine) => object({ kind: 'class', name: 'persistent' }, [pop(machine)])), // BINPERSID
  112: (machine) => put(machine, index(machine)), // PUT
  113: (machine) => put(machine, length(machine, 1)), // BINPUT
  114: (machine) => put(machine, length(machine, 4)), // LONG_BINPUT
  148: (machine) => put(machine, machine.memo.size), // MEMOIZE
  103: push((machine) => get(machine, index(machine))), // GET
  104: push((machine) => get(machine, length(machine, 1))), // BINGET
  106: push((machine) => get(machine, length(machine, 4))), // LONG_BINGET
};
