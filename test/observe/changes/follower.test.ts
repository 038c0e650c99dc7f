/** When a transaction is told: once it is seen to be visible, in the order of these moments. */
import { expect, test } from 'vitest';
import { ProxiedProcesses } from '../../../src/observe/changes/activity.ts';
import {
  CHANGE_LIMITS,
  ChangeFollower,
  type Look,
  streamDecoder,
} from '../../../src/observe/changes/index.ts';
import { parseSnapshot } from '../../../src/observe/changes/snapshot.ts';
import { MetTables } from '../../../src/observe/postgres/operations-tables.ts';
import { fixedCatalog, table } from '../postgres-operations/exchanges.ts';
import { testHistory } from '../postgres-operations/history.ts';

const COMMITTED = Date.UTC(2024, 0, 1) * 1_000;

/** A server whose answers are given one after another; the last one stays. */
function followed(answers: readonly (Partial<Look> & { readonly text: string })[]) {
  const history = testHistory();
  const catalog = fixedCatalog([table('items', 'id price')]);
  let now = 1_000_000;
  let asked = 0;
  const clock = () => {
    now += 1_000;
    return now;
  };
  const follower = new ChangeFollower({
    session: 'stream:1',
    context: history.context,
    catalog,
    met: new MetTables(catalog),
    processes: new ProxiedProcesses(clock),
    clock,
    look: async () => {
      const from = clock();
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      if (answer.text === '') return undefined;
      const { text, ...more } = answer;
      return {
        snapshot: parseSnapshot(text)!,
        clients: [],
        server: COMMITTED + now / 1_000,
        asked: from,
        answered: clock(),
        ...more,
      };
    },
    pause: async (ms) => {
      now += ms * 1e6;
    },
    decode: streamDecoder('test_decoding', () => undefined),
  });
  const transaction = (xid: number, id: number) => {
    const texts = [
      `BEGIN ${xid}`,
      `table public.items: INSERT: id[integer]:${id} price[numeric]:1`,
      `COMMIT ${xid} (at 2024-01-01 00:00:00+00)`,
    ];
    for (const text of texts) follower.take(new TextEncoder().encode(text), '0/10');
  };
  const changes = () => history.operations().filter((op) => op.kind === 'change');
  return { follower, history, transaction, changes, asked: () => asked };
}

test('a transaction is told when it is visible, not when it arrives', async () => {
  const { follower, transaction, changes, asked } = followed([
    { text: '7:8:7' },
    { text: '7:9:7' },
    { text: '8:9:' },
  ]);
  transaction(7, 1);
  transaction(8, 2);
  expect(changes()).toEqual([]);
  await follower.settled();
  expect(asked()).toBe(3);
  expect(changes().map((op) => ('xid' in op ? op.xid : 0))).toEqual([8, 7]);
  const [first, second] = changes();
  expect(first!.return!).toBeLessThan(second!.return!);
  expect(first!.invoke).toBeLessThanOrEqual(first!.return!);
});

test('one that never becomes visible is told with an unknown outcome', async () => {
  const { follower, transaction, changes } = followed([{ text: '7:8:7' }]);
  transaction(7, 1);
  await follower.settled();
  expect(changes()).toMatchObject([{ xid: 7, status: 'info', return: null }]);
});

test('so it is when the server does not answer, and when the stream is stopped before', async () => {
  const silent = followed([{ text: '' }]);
  silent.transaction(7, 1);
  silent.follower.stop();
  silent.transaction(8, 2);
  await silent.follower.settled();
  expect(silent.changes()).toMatchObject([{ xid: 7, status: 'info', return: null }]);
});

test('more transactions than may wait are told, oldest first, and that is said', async () => {
  const { follower, transaction, changes, history } = followed([{ text: '1:1:' }]);
  for (let i = 0; i < CHANGE_LIMITS.waiting + 3; i++) transaction(100 + i, i);
  expect(changes().map((op) => ('xid' in op ? op.xid : 0))).toEqual([100, 101, 102]);
  expect(history.degradations).toEqual(expect.arrayContaining(['change-stream-behind']));
  follower.stop();
  await follower.settled();
});

test('a client that was still answering is looked at again, and the place is kept', async () => {
  const waiting = {
    pid: 5,
    application: 'cron',
    user: 'u',
    state: 'active',
    backendStart: 0,
    queryStart: COMMITTED - 5,
    stateChange: COMMITTED - 5,
    xactStart: COMMITTED - 5,
    xid: null,
  };
  const { follower, transaction, changes } = followed([
    { text: '8:8:', clients: [waiting] },
    { text: '8:8:', clients: [{ ...waiting, state: 'idle', stateChange: COMMITTED + 5, xactStart: null }] },
  ]);
  transaction(7, 1);
  await follower.settled();
  expect(changes()).toMatchObject([{ xid: 7, client: { application: 'cron', user: 'u' } }]);
});
