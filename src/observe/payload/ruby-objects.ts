/**
 * What marshalled Ruby objects mean as data: Time, Date and BigDecimal are scalars, Active Record's attribute objects are
 * their values, every other object is its instance variables.
 */
import { bytesText } from './canonical.ts';
import { LIMITS } from './limits.ts';
import { type Entries, entriesOf, plainLeaf, type Tree } from './tree.ts';

/** Text of a float as Marshal writes it. */
export function rubyFloat(text: string): string {
  return { inf: 'Infinity', '-inf': '-Infinity', nan: 'NaN' }[text] ?? text;
}

/** Text of a big integer: its sign and magnitude, little endian. */
export function rubyInteger(negative: boolean, magnitude: Buffer): string {
  const hex = Buffer.from(magnitude).reverse().toString('hex');
  if (magnitude.length > LIMITS.integerBytes) return `0x${hex.slice(0, LIMITS.integerBytes)}`;
  return `${negative ? '-' : ''}${BigInt(`0x${hex || '0'}`)}`;
}

/** A value that its class wrote itself (`_dump`). */
export function userTree(name: string, body: Buffer): Tree {
  if (name === 'Time' && body.length >= 8) return plainLeaf(timeText(body));
  if (name === 'BigDecimal') {
    // Digits allocated, a colon, the number.
    const text = body.toString('latin1');
    return plainLeaf(text.slice(text.indexOf(':') + 1));
  }
  return { kind: 'text', text: bytesText(body) };
}

/**
 * Time's eight bytes, in UTC (time.c, `time_mdump`): from the top bit of the first word a marker, a flag, sixteen bits of
 * years since 1900, four of the month from 0, five of the day, five of the hour; of the second six of the minute, six of the
 * second, twenty of microseconds.
 */
function timeText(body: Buffer): string {
  const date = body.readUInt32LE(0);
  const clock = body.readUInt32LE(4);
  const year = ((date >>> 14) & 0xffff) + 1900;
  const parts = [
    ((date >>> 10) & 0xf) + 1,
    (date >>> 5) & 0x1f,
    date & 0x1f,
    clock >>> 26,
    (clock >>> 20) & 0x3f,
  ];
  const [month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, '0'));
  const micro = String(clock & 0xfffff).padStart(6, '0');
  return `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}.${micro}Z`;
}

/** Names of variables that only hold an object's content together; it stands in their place. */
const CONTENT = new Set(['', 'attributes', 'values', 'table']);
/** Names of variables that describe an object's machinery, not its data. */
const MACHINERY = new Set([
  'types',
  'type',
  'default_attributes',
  'association_cache',
  'new_record',
  'destroyed',
]);

/** An object by its instance variables (without `@`). */
export function objectTree(name: string, variables: readonly [string, Tree][]): Tree {
  if (name === 'Date' || name === 'DateTime') {
    const day = dayText(variables[0]?.[1]);
    if (day !== null) return plainLeaf(day);
  }
  const own = variables.map(([variable, tree]): [string, Tree] => [variable.replace(/^@/, ''), tree]);
  if (name === 'ActiveSupport::TimeWithZone') return firstItem(own[0]?.[1]) ?? entriesOf(own);
  const held = own.find(([variable]) => variable === 'value' || variable === 'v');
  if (name === 'ActiveSupport::Cache::Entry' && held !== undefined) return held[1];
  // Active Model's attribute: what the database said, before Ruby made something else of it.
  const cast = own.find(([variable]) => variable === 'value_before_type_cast');
  if (cast !== undefined) return cast[1];
  const entries = own.flatMap(([variable, tree]): [string, Tree][] => {
    if (name.startsWith('Active') && MACHINERY.has(variable)) return [];
    return CONTENT.has(variable) && tree.kind === 'map' ? (tree as Entries).entries : [[variable, tree]];
  });
  const only = entries.length === 1 ? entries[0] : undefined;
  return only !== undefined && only[0] === '' ? only[1] : entriesOf(entries);
}

function firstItem(tree: Tree | undefined): Tree | null {
  return tree?.kind === 'list' ? (tree.items[0] ?? null) : null;
}

/** A Date's day from its chronological Julian day number, the second of its fields; DateTime's time is not kept. */
function dayText(tree: Tree | undefined): string | null {
  const julian = tree?.kind === 'list' ? tree.items[1] : undefined;
  const seconds = tree?.kind === 'list' ? tree.items[2] : undefined;
  if (julian?.kind !== 'plain' || seconds?.kind !== 'plain') return null;
  const date = new Date((Number(julian.text) - JULIAN_EPOCH) * 86_400_000 + Number(seconds.text) * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Julian day number of 1970-01-01. */
const JULIAN_EPOCH = 2_440_588;
