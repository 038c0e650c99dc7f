/** Notes as people would have them: a finished case with the drawings of its comparison, a long Markdown note, and one of endless words. */
import { join } from 'node:path';
import type { Sample } from '../../src/measure/contract.ts';
import { comparePlots } from '../../src/report/compare-plots.ts';
import { measurePlots } from '../../src/report/measure-plots.ts';
import { comparison, measuredRun, place, plot } from './generated.ts';

const CASE = `title: The product page shows the old price for a minute
status: closed
closed: 2026-02-03
outcome: A buyer sees the new price with the next request; the warm median fell from 9 to 4 ms, and no race was found any more.
owner: ada
route: GET /products/{id}
symptom: After a price was changed, the page of the product showed the old one for up to a minute.
input: { request: GET /products/1, headers: { Authorization: "Bearer \${TOKEN}" } }
expected: { note: the price that the database holds, status: 200, path: $.price, value: 100 }
slow: { sql: "select p.id, p.name, p.price, c.name as category from products p join categories c on c.id = p.category_id where p.id = $1" }
change: { what: a fill is refused when the key was removed since the miss (a generation fence), kind: code, before: main, after: fix/generation-fence }
rollback: { command: git revert --no-edit 3f2c1ab, note: the old way keeps working while both are deployed }
assumptions: [one Redis and no replica, prices change a few times a day, an old price for a second is tolerable]
links: [https://example.org/tickets/712]
finding: { id: F1, code: WS104, template: "product:{id}", key: "product:1" }
race: race.yaml
url: http://127.0.0.1:8000
checklist:
  - { step: the tests pass, command: make test }
  - { step: one integration check passes, command: "pytest tests/integration/test_prices.py::test_price_is_fresh -q --maxfail=1" }
  - { step: permissions are looked at, signed: { by: ada, at: 2026-02-02, note: the service may not FLUSHALL } }
  - { step: the failure mode is reviewed, signed: { by: grace, at: 2026-02-03 } }
note:
  topic: stale fills
  tags: [races, fences, ttl]
  difficulty: hard
  outline: { context: the page of a product in a shop that is read 50 times a second, problem: a fill that was read before the commit arrives after the removal and stays until its TTL ends }
`;

const NOTE_OF_CASE = `---
language: Python
tools: [redis-cli, psql, whystale race]
revision: { version: "1.1" }
notes: [the replica was off while this was measured, the fence costs one more command on a miss]
images: [{ src: rows.svg, alt: the row and the key over time, caption: What the row and the key held, source: drawn by hand }]
---
# What we learned

A fill may *arrive late*: between the read of the row and the write of the key lies all of the application. See [the shop](../shop.md).
`;

/** Times of a service that answers most requests soon and a few late; the same for the same seed. */
function samples(phase: 'cold' | 'warm', median: number, count: number, seed: number): readonly Sample[] {
  let state = seed;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: count }, (_, index) => {
    const spread = Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
    const took = median * Math.exp(0.35 * spread) * (next() < 0.03 ? 6 : 1);
    return {
      ...{ phase, index, request: 0, dueMs: index * 20, status: 200, error: null, cache: null },
      ...{ correctedMs: took * 1.05, uncorrectedMs: took, sourceCalls: null, cacheCalls: null },
    } as Sample;
  });
}

/** A finished case, `old-price`, and the note that it links to. */
export function placeWorked(folder: string): void {
  const at = join(folder, 'old-price');
  place(join(at, 'case.yaml'), CASE);
  place(join(at, 'note.md'), NOTE_OF_CASE);
  place(join(at, 'rows.svg'), plot('The row and the key'));
  place(join(at, 'race.yaml'), 'actors: {}\n');
  const before = [...samples('cold', 48, 60, 11), ...samples('warm', 9, 400, 12)];
  const after = [...samples('cold', 33, 60, 13), ...samples('warm', 4, 400, 14)];
  const run = measuredRun('baseline', 9);
  const runAt = join(at, 'runs', '2026-01-31T09-30-15Z-baseline');
  place(join(runAt, 'run.json'), JSON.stringify(run));
  for (const [file, text] of measurePlots(run, before)) place(join(runAt, file), text);
  const kept = join(at, 'comparisons', '2026-02-01T10-00-00Z');
  const sides = {
    before: { ...measuredRun('before', 9), source: 'main' },
    after: { ...measuredRun('after', 4), source: 'fix/generation-fence' },
  };
  place(
    join(kept, 'comparison.json'),
    JSON.stringify(
      comparison({ because: 'warm p50 fell from 9 ms to 4 ms, and the answers stayed right', sides }),
    ),
  );
  const drawn = comparePlots({ case: 'old-price', sides } as Parameters<typeof comparePlots>[0], {
    before,
    after,
  });
  for (const [file, text] of drawn) place(join(kept, file), text);
  place(join(kept, 'before', 'schedules', 'ws104-cold.json'), '{}');
  place(join(folder, 'shop.md'), SHOP);
  place(join(folder, 'fills.svg'), plot('Fills a minute'));
}

const SHOP = `---
title: How the shop fills its cache, and where a fill can be late
topic: stale fills
summary: Every way by which a value gets into the cache of the shop, what may overtake it, and what we do against that.
tags: [races, overview]
author: grace
date: 2026-01-12
stack: [Redis 7, PostgreSQL 16, FastAPI]
tools: [redis-cli, psql]
language: Python
lang: en
difficulty: middling
outline: { context: the shop, problem: four ways to fill, stack: Redis and PostgreSQL, recommended_action: fence every fill }
flags: [holds a figure that is to be measured again]
entities: ["product:{id}", products, "GET /products/{id}"]
images: [{ src: fills.svg, alt: fills a minute, caption: Fills a minute, source: "https://example.org/dashboards/4" }]
---
Every value comes from a row, and *every* row may change while it is read. The four ways are told below; see
[the case](old-price/case.yaml), [what Redis says about expiry](https://redis.io/docs/latest/commands/expire/) and \`SET key value NX\`.

## Ways to fill

1. **On a miss.** The request reads the row and writes the key.
2. **On a commit.** A listener writes it.
   - by a trigger and \`NOTIFY\`
   - by the outbox
3. **By a job**, every hour.

### What may overtake a fill

| way | reads the row | writes the key | may be overtaken by | how long it stays | what is done |
|---|---|---|---|---:|---|
| on a miss | in the request | after the answer of the database | a commit and its removal | 60 s | a generation fence |
| on a commit | in the listener | at once | another commit | 60 s | versions of the row |
| by a job | at its start | up to 20 min later | everything | 3,600 s | it writes only what is absent |

> A cache that is filled late is worse than one that is empty: the empty one is filled again.

## The fence

\`\`\`python
async def read_through(key: str, load: Callable[[], Awaitable[Product]]) -> Product:
    generation = await redis.get(f"{key}:generation")
    product = await load()
    await redis.evalsha(FENCED_SET, 2, key, f"{key}:generation", generation or "0", product.model_dump_json(), 60)
    return product
\`\`\`

\`\`\`sh
$ redis-cli --scan --pattern 'product:*' | head -3
\`\`\`

---

It costs one more command on a miss.

![Fills a minute](fills.svg)
`;

export const LONG_WORD = 'endless'.repeat(72).slice(0, 500);

/** A note in which one word of 500 characters stands wherever a word can stand. */
export function placeLongWords(folder: string): void {
  const w = LONG_WORD;
  place(
    join(folder, 'endless.md'),
    `---
title: ${w}
topic: ${w}
summary: ${w}
tags: [${w}]
author: ${w}
stack: [${w}]
tools: [${w}]
language: ${w}
difficulty: ${w}
revision: { status: ${w}, version: ${w}, reviewed: 2026-02-01, by: ${w} }
outline: { context: ${w}, problem: ${w}, stack: ${w}, action: ${w} }
flags: [${w}]
checklist: [{ step: ${w}, command: ${w} }, { step: ${w}, signed: { by: ${w}, at: 2026-01-01 } }]
entities: [${w}]
notes: [${w}]
---
# ${w}

${w} **${w}** \`${w}\` [${w}](https://example.org/${w})

- ${w}
  - ${w}

| ${w} | b |
|---|---|
| ${w} | ${w} |

> ${w}

\`\`\`
${w}
\`\`\`

![${w}](gone.png)
`,
  );
}
