/** A connection as its gate shows it. */
import type { HeldMessage } from './contract.ts';
import { Closing, type Message } from './message.ts';
import type { Outbox } from './outbox.ts';
import type { MessageQueue } from './queue.ts';
import type { Unanswered } from './yard.ts';

/** What may be released: the oldest message, and the oldest thing of the server's. */
export function heldOf<M extends Message>(
  about: Pick<HeldMessage, 'actor' | 'store' | 'session'>,
  { head }: MessageQueue<M>,
  { offered }: Outbox,
): readonly HeldMessage[] {
  const held: HeldMessage[] = [];
  if (head?.state === 'held') {
    const kind = head instanceof Closing ? 'close' : 'message';
    held.push({ id: head.id, ...about, kind, meaning: head.meaning });
  }
  if (offered !== null) held.push({ ...offered, ...about });
  return held;
}

export function unansweredOf(
  about: Pick<Unanswered, 'session' | 'backendPid'>,
  { id, meaning }: Message,
): Unanswered {
  return { id, ...about, label: meaning.label, silent: meaning.silent };
}
