/** What a person reads of a reply: `miss`, `1 removed`, a short value. */
import { shownBytes } from '../cells.ts';
import { MAX_RESULT, shortened } from '../mask.ts';
import { expiry } from './label.ts';
import { replyTree, type Tree } from './tree.ts';

/** A command as it was asked, for reading its reply. */
export interface Asked {
  readonly name: string;
  readonly args: readonly string[];
  /** The first key. */
  readonly key: string;
}

const REMOVALS = new Set('DEL UNLINK HDEL SREM ZREM LREM XDEL DELEX'.split(' '));
const EXPIRIES = new Set('EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST'.split(' '));
/** Commands that find a value or do not. */
const LOOKUPS = /^(?:GET|HGET|LINDEX|LPOP|RPOP|SPOP|DUMP|JSON\.GET|SUBSTR|STRLEN)/;

/** Name under which a value stands in its key: the last word. */
function nameOf(key: string): string {
  return /([A-Za-z][A-Za-z_-]+)[^A-Za-z]*$/.exec(key)?.[1] ?? '';
}

function listText(tree: Extract<Tree, { kind: 'list' }>, asked: Asked): string {
  const pairs = tree.map || asked.name === 'HGETALL';
  const count = pairs ? Math.floor(Math.max(tree.count, tree.items.length) / 2) : tree.count;
  if (asked.name === 'MGET' || asked.name === 'HMGET') {
    const missing = tree.items.filter((item) => item.kind === 'nil').length;
    const found = tree.items.length - missing;
    if (missing === 0) return `${count} found`;
    return found === 0 ? 'miss' : `${found} found, ${missing} missing`;
  }
  if (pairs) return count === 0 ? 'miss' : `${count} ${count === 1 ? 'field' : 'fields'}`;
  return `${count} ${count === 1 ? 'element' : 'elements'}`;
}

function numberText(text: string, asked: Asked): string {
  const { name, args } = asked;
  if (REMOVALS.has(name)) return `${text} removed`;
  if (name === 'SETNX' || name === 'MSETNX') return text === '0' ? 'not set' : 'set';
  if (EXPIRIES.has(name)) return text === '0' ? 'no change' : (expiry(name, args) ?? 'set');
  return text;
}

function nilText({ name, args }: Asked): string | null {
  if (name === 'EXEC') return 'aborted: a watched key changed';
  if (name === 'SET') return args.some((arg, i) => i > 2 && /^GET$/i.test(arg)) ? 'was absent' : 'not set';
  return LOOKUPS.test(name) ? 'miss' : 'nil';
}

function treeText(tree: Tree, asked: Asked): string | null {
  switch (tree.kind) {
    case 'nil':
      return nilText(asked);
    case 'error':
      return `error ${tree.text}`;
    case 'status':
      return tree.text === 'OK' || tree.text === 'QUEUED' ? expiry(asked.name, asked.args) : tree.text;
    case 'number':
      return numberText(tree.text, asked);
    case 'text':
      return shownBytes(tree.bytes, tree.size, nameOf(asked.key));
    case 'list':
      return listText(tree, asked);
  }
}

/** The result of a command, null when there is nothing to say. */
export function resultOf(reply: Tree | null, asked: Asked): string | null {
  const text = reply === null ? null : treeText(reply, asked);
  return text === null ? null : shortened(text, MAX_RESULT);
}

/** The results of the commands that EXEC ran, in order; commands without one are left out. */
export function execResult(reply: Tree | null, queued: readonly Asked[]): string | null {
  if (reply?.kind !== 'list') return resultOf(reply, { name: 'EXEC', args: ['EXEC'], key: '' });
  const parts = reply.items.flatMap((item, i) => {
    const asked = queued[i];
    const text = asked === undefined ? null : treeText(item, asked);
    return text === null ? [] : [text];
  });
  return parts.length === 0 ? null : shortened(parts.join(', '), MAX_RESULT);
}

/** Whether a reply is an error. */
export function isError(reply: Uint8Array): boolean {
  return reply[0] === 0x2d || reply[0] === 0x21;
}

export { replyTree };
