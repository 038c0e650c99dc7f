/** The code on the recipe pages runs, and every page that a finding points to is there. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { pythonWith, withRedis } from '../support/engines.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Files below a folder, as paths from the root. */
function filesIn(folder: string, ending: string, recursive: boolean): readonly string[] {
  const names = readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

const page = (name: string): string => readFileSync(join(ROOT, 'docs/recipes', `${name}.md`), 'utf8');

/** The only block of code in a language. */
function codeOf(name: string, language: 'js' | 'python'): string {
  const blocks = [...page(name).matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))];
  expect(blocks).toHaveLength(1);
  return blocks[0]![1]!;
}

async function moduleOf<T>(name: string): Promise<T> {
  return (await import(`data:text/javascript,${encodeURIComponent(codeOf(name, 'js'))}`)) as T;
}

/** Runs the Python of a page followed by a script that uses it; `store` is a Redis client. */
function runPython(name: string, url: string, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'recipe-'));
  try {
    const file = join(folder, 'recipe.py');
    const connect = `import redis\nstore = redis.Redis.from_url("${url}", decode_responses=True)\n`;
    writeFileSync(file, `${codeOf(name, 'python')}\n${connect}${script}`);
    return execFileSync(pythonWith('redis'), [file], { encoding: 'utf8' }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('recipe pages', () => {
  const redis = withRedis();

  async function withStore<T>(work: (store: Redis) => Promise<T>): Promise<T> {
    const store = new Redis(redis.url());
    try {
      return await work(store);
    } finally {
      store.disconnect();
    }
  }

  test('every page that a finding names exists, and has the same three parts', () => {
    const sources = filesIn('src', '.ts', true).map((file) => readFileSync(join(ROOT, file), 'utf8'));
    const named = new Set(sources.flatMap((text) => text.match(/docs\/recipes\/[a-z-]+\.md/g) ?? []));
    expect([...named].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const path of filesIn('docs/recipes', '.md', false)) {
      const headings = readFileSync(join(ROOT, path), 'utf8').match(/^## .*$/gm);
      expect(headings, path).toEqual(['## When', '## How', '## What it does not cover']);
    }
  });

  test('every link between the pages leads somewhere', () => {
    for (const path of ['docs/recipes', 'examples', 'examples/recipes'].flatMap((folder) =>
      filesIn(folder, '.md', false),
    )) {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const links = [...text.matchAll(/\]\(([^):]+)\)/g)].map((match) => join(ROOT, path, '..', match[1]!));
      expect(
        links.filter((target) => !existsSync(target)),
        path,
      ).toEqual([]);
    }
  });

  test('generation fence, ioredis: a fill from before the invalidation is refused', async () => {
    const { readThrough, invalidateAfterCommit } = await moduleOf<{
      readThrough: (
        store: Redis,
        key: string,
        seconds: number,
        load: () => Promise<unknown>,
      ) => Promise<unknown>;
      invalidateAfterCommit: (store: Redis, key: string) => Promise<void>;
    }>('generation-fence');
    await withStore(async (store) => {
      const late = readThrough(store, 'item:1', 60, async () => {
        await invalidateAfterCommit(store, 'item:1');
        return 'old';
      });
      expect(await late).toBe('old');
      expect(await store.get('item:1')).toBeNull();
      expect(await readThrough(store, 'item:1', 60, async () => 'new')).toBe('new');
      expect(await readThrough(store, 'item:1', 60, async () => 'not asked')).toBe('new');
    });
  });

  test('generation fence, redis-py: a fill from before the invalidation is refused', () => {
    const output = runPython(
      'generation-fence',
      redis.url(),
      `
def late():
    invalidate_after_commit(store, "item:1")
    return "old"

print(read_through(store, "item:1", 60, late), store.get("item:1"))
print(read_through(store, "item:1", 60, lambda: "new"), read_through(store, "item:1", 60, lambda: "not asked"))
`,
    );
    expect(output.split('\n')).toEqual(['old None', 'new new']);
  });

  test('single flight, ioredis: callers share a computation, and processes take turns', async () => {
    const { shared, oneProcess } = await moduleOf<{
      shared: (key: string, generation: string, compute: () => Promise<number>) => Promise<number>;
      oneProcess: (
        store: Redis,
        key: string,
        lookup: () => Promise<string | null>,
        compute: () => Promise<string>,
      ) => Promise<string>;
    }>('single-flight');
    let computed = 0;
    const compute = async (): Promise<number> => {
      await pause(20);
      computed += 1;
      return computed;
    };
    const callers = ['a', 'a', 'a', 'b'].map((generation) => shared('stats', generation, compute));
    expect(new Set(await Promise.all(callers))).toEqual(new Set([1, 2]));
    await withStore(async (store) => {
      let filled = 0;
      const fill = async (): Promise<string> => {
        await pause(40);
        filled += 1;
        await store.set('stats', 'figures', 'EX', 60);
        return 'figures';
      };
      const processes = Array.from({ length: 5 }, () =>
        oneProcess(store, 'stats', () => store.get('stats'), fill),
      );
      expect(await Promise.all(processes)).toEqual(Array(5).fill('figures'));
      expect([filled, await store.exists('lock:stats')]).toEqual([1, 0]);
    });
  });

  test('single flight, redis-py: callers share a computation, and processes take turns', () => {
    const output = runPython(
      'single-flight',
      redis.url(),
      `
from concurrent.futures import ThreadPoolExecutor
computed = []

def compute():
    time.sleep(0.1)
    computed.append(1)
    return "shared"

def fill():
    time.sleep(0.1)
    computed.append(1)
    store.set("stats", "figures", ex=60)
    return "figures"

with ThreadPoolExecutor(6) as threads:
    print(set(threads.map(lambda _: shared("stats", "a", compute), range(6))), len(computed))
    computed.clear()
    answers = threads.map(lambda _: one_process(store, "stats", lambda: store.get("stats"), fill), range(6))
    print(set(answers), len(computed), store.exists("lock:stats"))
`,
    );
    expect(output.split('\n')).toEqual(["{'shared'} 1", "{'figures'} 1 0"]);
  });
});
