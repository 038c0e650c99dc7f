/**
 * Which transactions a snapshot sees, from its text `xmin:xmax:xip,xip…` with 64-bit transaction ids.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export interface Snapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly running: ReadonlySet<bigint>;
}

const TEXT = /^(\d+):(\d+):([\d,]*)$/;
const EPOCH = 1n << 32n;
const HALF = 1n << 31n;

/** undefined when the text is no snapshot. */
export function parseSnapshot(text: string): Snapshot | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const running = (match[3] ?? '').split(',').filter((id) => id !== '');
  return { xmin: BigInt(match[1]!), xmax: BigInt(match[2]!), running: new Set(running.map(BigInt)) };
}

/**
 * Whether a finished transaction is over for the snapshot. The stream tells 32 bits of an id; the other half is that of
 * the id nearest to the snapshot, as in PostgreSQL, where no two living ids are further apart than half of the circle.
 */
export function isOver(xid: number, { xmax, running }: Snapshot): boolean {
  let id = xmax - (xmax % EPOCH) + BigInt(xid);
  if (id - xmax > HALF) id -= EPOCH;
  else if (xmax - id > HALF) id += EPOCH;
  return id < xmax && !running.has(id);
}
