/**
 * Python's own scalars by the arguments they are pickled with (CPython's Lib/_pydatetime.py: `_getstate`; Lib/uuid.py:
 * `__getstate__`). Strings that stand for bytes come as a call of `_codecs.encode(text, 'latin1')` under protocols 0 to 2.
 */
import type { PickleObject, PickleValue } from './pickle-objects.ts';
import { plainLeaf, type Tree } from './tree.ts';

/** Text of a `datetime`: ten bytes (year high, year low, month, day, hour, minute, second, microsecond in three). */
export function dateTimeText(args: readonly PickleValue[]): Tree | null {
  const bytes = bytesOf(args[0]);
  if (bytes?.length !== 10) return null;
  const offset = args[1] === undefined ? '' : offsetText(args[1]);
  const [hour, minute, second] = [bytes[4], bytes[5], bytes[6]].map((part) => two(part as number));
  return plainLeaf(`${dayText(bytes)}T${hour}:${minute}:${second}${microseconds(bytes, 7)}${offset}`);
}

/** Text of a `date`: four bytes. */
export function dateText(arg: PickleValue | undefined): Tree | null {
  const bytes = bytesOf(arg);
  return bytes?.length === 4 ? plainLeaf(dayText(bytes)) : null;
}

/** Text of a `time`: six bytes. */
export function timeText(arg: PickleValue | undefined): Tree | null {
  const bytes = bytesOf(arg);
  if (bytes?.length !== 6) return null;
  // The hour's high bit is the fold.
  const hour = (bytes[0] as number) & 0x7f;
  return plainLeaf(
    `${two(hour)}:${two(bytes[1] as number)}:${two(bytes[2] as number)}${microseconds(bytes, 3)}`,
  );
}

/** Text of a UUID: its 128-bit integer in the state, or its 16 bytes or text as argument. */
export function uuidText(object: PickleObject): Tree | null {
  const number = stateValue(object.state, 'int');
  if (number?.kind === 'plain' && /^[0-9]{1,39}$/.test(number.text)) {
    return plainLeaf(BigInt(number.text).toString(16).padStart(32, '0'));
  }
  const arg = object.args[0];
  if (arg?.kind === 'text') return plainLeaf(arg.text);
  const bytes = bytesOf(arg);
  return bytes?.length === 16 ? plainLeaf(Buffer.from(bytes).toString('hex')) : null;
}

/** `_codecs.encode(text, encoding)`: the bytes. */
export function decodeTextArgument(args: readonly PickleValue[]): Tree | null {
  const [body, encoding] = args;
  if (body?.kind !== 'text') return null;
  const latin = encoding === undefined || encoding.kind !== 'text' || /latin/i.test(encoding.text);
  return { kind: 'bytes', bytes: Buffer.from(body.text, latin ? 'latin1' : 'utf8') };
}

function bytesOf(value: PickleValue | undefined): Uint8Array | null {
  if (value === undefined) return null;
  if (value.kind === 'bytes') return value.bytes;
  if (value.kind === 'text') return Buffer.from(value.text, 'latin1');
  if (value.kind !== 'object' || value.name !== '_codecs.encode') return null;
  const decoded = decodeTextArgument(value.args);
  return decoded?.kind === 'bytes' ? decoded.bytes : null;
}

function stateValue(state: PickleValue | null, key: string): PickleValue | undefined {
  if (state?.kind !== 'map') return undefined;
  return state.entries.find(([name]) => name.kind !== 'class' && 'text' in name && name.text === key)?.[1];
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}

function dayText(bytes: Uint8Array): string {
  const year = (bytes[0] as number) * 256 + (bytes[1] as number);
  // The month's high bit is the fold of a datetime.
  const month = (bytes[2] as number) & 0x7f;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(bytes[3] as number)}`;
}

function microseconds(bytes: Uint8Array, at: number): string {
  const value = (bytes[at] as number) * 65_536 + (bytes[at + 1] as number) * 256 + (bytes[at + 2] as number);
  return value === 0 ? '' : `.${String(value).padStart(6, '0')}`;
}

/**
 * Offset of a tzinfo as `+02:00`, for those with a fixed one: `datetime.timezone(timedelta)`, drivers' fixed offsets
 * (minutes or timedelta), and every spelling of UTC. The offset of a named zone is not in the pickle; UTC is assumed,
 * which is what services keep their timestamps in.
 */
function offsetText(zone: PickleValue): string {
  if (zone.kind !== 'object') return '';
  const first = zone.args[0];
  if (first?.kind === 'object' && first.name === 'datetime.timedelta')
    return secondsText(deltaSeconds(first));
  if (first?.kind === 'plain' && /offset/i.test(zone.name)) return secondsText(Number(first.text) * 60);
  return '';
}

function deltaSeconds(delta: PickleObject): number {
  const [days, seconds] = delta.args.map((arg) => (arg.kind === 'plain' ? Number(arg.text) : 0));
  return (days ?? 0) * 86_400 + (seconds ?? 0);
}

function secondsText(seconds: number): string {
  if (!Number.isFinite(seconds) || Math.abs(seconds) >= 86_400) return '';
  const size = Math.abs(seconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, Math.floor(size % 60)].map(two);
  return `${seconds < 0 ? '-' : '+'}${parts.join(':')}`;
}
