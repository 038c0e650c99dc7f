/** Spans that stand for several commands at once: a pipeline, a MULTI, several statements in one text. They take what no
 * other span tells of. */
import type { ClockError } from './clock.ts';
import type { Commands } from './commands.ts';
import type { StoreSpan } from './spans.ts';
import type { Statements } from './statements.ts';

/** Names that spans of unnamed commands bear. */
const ANY = /^(?:PIPELINE|MULTI|TRANSACTION|BATCH)$/;

/** Commands of one pipeline at most. */
const MAX_COMMANDS = 10_000;

/** What the commands are that a span stands for; `any`: not told; null: it stands for one command. */
function classesOf(
  call: StoreSpan,
  commands: Commands,
  statements: Statements,
): ReadonlySet<string> | 'any' | null {
  const { sought, store } = call;
  if (store === 'source') {
    if (!sought.includes('; ') || commands.byClass.has(`source ${statements.of(sought)}`)) return null;
    return new Set(sought.split('; ').map((one) => `source ${statements.of(one)}`));
  }
  if (ANY.test(sought)) return 'any';
  const words = sought.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length < 2 || commands.byClass.has(`cache ${sought}`)) return null;
  return words.every((word) => /^[A-Z][A-Z.]*$/.test(word))
    ? new Set(words.map((word) => `cache ${word}`))
    : null;
}

/** Calls that stand for several commands. */
export function isPipeline(call: StoreSpan, commands: Commands, statements: Statements): boolean {
  return classesOf(call, commands, statements) !== null;
}

/** What pipelines are told by. */
export interface Piped {
  readonly commands: Commands;
  readonly statements: Statements;
  readonly calls: readonly StoreSpan[];
  readonly clockOf: (service: string | null) => ClockError;
}

/** Gives each pipeline's span the commands within it, if all that are free there are of one connection. `taken`: for each
 * command the call that has it, or -1; filled in. */
export function takePipelines({ commands, statements, calls, clockOf }: Piped, taken: Int32Array): void {
  const free = freeCommands(commands, taken);
  for (const [at, call] of calls.entries()) {
    const classes = classesOf(call, commands, statements);
    if (classes === null) continue;
    const { offset, tolerance } = clockOf(call.span.service);
    const start = call.span.invoke - offset - tolerance;
    const end = call.span.return! - offset + tolerance;
    const inside: number[] = [];
    for (let i = firstFrom(commands, free, start); i < free.length; i++) {
      const command = free[i]!;
      if (commands.invoke(command) > end || inside.length > MAX_COMMANDS) break;
      if (taken[command] !== -1 || commands.return(command) > end) continue;
      const kind = commands.classOf(command);
      if (classes === 'any' ? kind.startsWith('cache ') : classes.has(kind)) inside.push(command);
    }
    const sessions = new Set(inside.map((command) => commands.sessionOf(command)));
    if (sessions.size === 1) for (const command of inside) taken[command] = at;
  }
}

/**
 * A pipeline of nothing but SETs has a span that says SET, as a single one has: what is left over beside the one that it
 * was paired with, on the same connection at the same time, is its own too, if no other span fits it.
 */
export function takeAlike(
  commands: Commands,
  fitting: readonly (readonly number[])[],
  paired: Int32Array,
  taken: Int32Array,
): void {
  const fits = new Map<number, number>();
  for (const [call, targets] of fitting.entries())
    for (const command of targets)
      if (taken[command] === -1) fits.set(command, fits.has(command) ? -1 : call);
  for (const [command, call] of fits) {
    const own = call === -1 ? -1 : paired[call]!;
    if (own === -1 || commands.sessionOf(own) !== commands.sessionOf(command)) continue;
    if (commands.invoke(command) > commands.return(own) || commands.return(command) < commands.invoke(own))
      continue;
    taken[command] = call;
  }
}

/** Commands that no call has, by invocation. */
function freeCommands(commands: Commands, taken: Int32Array): number[] {
  const free: number[] = [];
  for (let command = 0; command < commands.count; command++) if (taken[command] === -1) free.push(command);
  return free.sort((a, b) => commands.invoke(a) - commands.invoke(b));
}

function firstFrom(commands: Commands, free: readonly number[], moment: number): number {
  let low = 0;
  let high = free.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (commands.invoke(free[middle]!) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
