/** Messages that Redis sends by itself: published ones, and what tracking clients are told (redis.io, "Client-side caching"). */
import { nameText } from '../../../observe/redis/index.ts';
import { NOTHING } from '../../explore/footprint.ts';
import type { Meaning } from '../../gate/contract.ts';
import { asLabel, masked } from '../mask.ts';
import { LISTENS } from '../pushes.ts';
import { replyTree, type Tree } from './tree.ts';

/** Names shown of one message. */
const MAX_NAMES = 3;

const CONFIRMATIONS = /^(?:p|s)?(?:un)?subscribe$|^pong$/;

function nameIn(tree: Tree | undefined): string[] {
  if (tree?.kind === 'text') return [nameText(tree.bytes, 0, tree.bytes.length)];
  if (tree?.kind === 'status') return [tree.text];
  return tree?.kind === 'list' ? tree.items.flatMap((item) => nameIn(item)) : [];
}

function shownNames(names: readonly string[], secret: (text: string) => string): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => masked(secret(name)));
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`… ${more} more`] : [])].join(' ');
}

/** What a pushed message means. The payload of a published message stands in no label. */
export function pushMeaning(message: Uint8Array, secret: (text: string) => string): Meaning {
  const tree = replyTree(message);
  const items = tree?.kind === 'list' ? tree.items : [];
  const [kind = ''] = nameIn(items[0]);
  if (CONFIRMATIONS.test(kind)) return { silent: true, label: `push ${kind}`, footprint: NOTHING };
  const all = kind === 'invalidate' && items[1]?.kind === 'nil';
  // `pmessage` names the pattern, then the channel.
  const names = all ? ['everything'] : nameIn(kind === 'pmessage' ? items[2] : items[1]);
  const label = asLabel(`push ${masked(kind)} ${shownNames(names, secret)}`);
  return { silent: false, label, footprint: [LISTENS] };
}
