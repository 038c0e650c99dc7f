// What the services of this folder share: a repeatable random source, pauses, workers that overlap, a lock for each key
// (one process is the whole service here), and a client for those that are watched through an HTTP proxy.

/** The bug that this run has, or '' for the clean twin. */
export const BUG = process.env.BUG ?? '';

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A function that draws whole numbers from 1 to n (mulberry32). */
export function dice(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return 1 + (((t ^ (t >>> 14)) >>> 0) % n);
  };
}

/** Starts `count` workers; each runs `turn` as often as told. */
export const workers = (count, turns, turn) =>
  Array.from({ length: count }, async (_, worker) => {
    for (let i = 0; i < turns; i++) await turn(i, worker);
  });

/** One at a time for each name. */
export function exclusive() {
  const last = new Map();
  return (name, body) => {
    const next = (last.get(name) ?? Promise.resolve()).then(body, body);
    last.set(name, next.catch(() => undefined));
    return next;
  };
}

/** Asks the service through the proxy in front of it: resolves to status and body. */
export async function ask(method, path, { body, headers = {} } = {}) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`${process.env.FRONT}${path}`, {
    method,
    headers: { ...json, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}
