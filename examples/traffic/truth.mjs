/**
 * What an answer may show. Every value that the traffic writes is kept in commit order, one writer at a time per thing.
 * An answer is stale when it shows a value older than a write that had returned before the request was sent. An answer
 * that overlaps a write may show either value.
 */
export function createTruth() {
  /** @type {Map<string, { values: string[], done: number, turn: Promise<unknown> }>} */
  const facts = new Map();

  function factOf(name) {
    let fact = facts.get(name);
    if (fact === undefined) {
      fact = { values: [], done: -1, turn: Promise.resolve() };
      facts.set(name, fact);
    }
    return fact;
  }

  return {
    /** Runs `work` while nobody else writes this thing. */
    alone(name, work) {
      const fact = factOf(name);
      const turn = fact.turn.then(work);
      fact.turn = turn.catch(() => undefined);
      return turn;
    },
    /** The value written last, or undefined when nothing was written yet. */
    last: (name) => factOf(name).values.at(-1),
    /** Call it before a write is sent; call the result once the write was answered. */
    write(name, value) {
      const fact = factOf(name);
      const index = fact.values.push(String(value)) - 1;
      return () => {
        fact.done = index;
      };
    },
    /** Call it before a request is sent; the result tells whether an answered value is stale. */
    expect(name) {
      const fact = factOf(name);
      const from = fact.done;
      return (value) => from >= 0 && !fact.values.includes(String(value), from);
    },
  };
}
