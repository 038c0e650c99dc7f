/** Explores one scenario in one language under one fault, by the command as a user would run it. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { RaceResult } from '../../src/race/result.ts';
import type { Start } from '../../src/race/scenario/contract.ts';
import { type Fault, type Language, ROOT, SCENARIOS, variablesOf } from './catalogue.ts';

/** One cell of the table. */
export interface Cell {
  readonly scenario: string;
  readonly language: Language;
  readonly fault: Fault;
  readonly start: Start;
  readonly verdict: RaceResult['verdict'];
  /** All orderings of this start were explored. */
  readonly complete: boolean;
  readonly executions: number;
  readonly stale: number;
  /** Causes of the counterexamples, each once, sorted; a cause that needs the fault is marked `WS105 crash`. */
  readonly causes: readonly string[];
}

export interface Measured {
  readonly cells: readonly Cell[];
  readonly engine: RaceResult['engine'];
  readonly elapsedMs: number;
}

const PROGRAM = join(ROOT, 'dist/cli/main.js');

/** Variables that would name stores or change what is printed. */
const FOREIGN = /^(?:REDIS|DATABASE|POSTGRES|PG[A-Z]|WHYSTALE|NODE_OPTIONS|VITEST|SHOP|SERVICE|STRATEGY)/;

/** Throws when the exploration could not be done at all. */
export async function measure(
  scenario: string,
  language: Language,
  fault: Fault,
  seconds: number,
): Promise<Measured> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing. Run: npm run build`);
  const schedules = mkdtempSync(join(tmpdir(), 'whystale-recipes-'));
  try {
    const faults = fault === 'none' ? ['--no-faults'] : ['--fault', fault];
    const file = join(SCENARIOS, `${scenario}.yaml`);
    const args = ['race', file, ...faults, '--seconds', String(seconds), '--out', schedules, '--json'];
    const result = await raced(args, language);
    return {
      cells: cellsOf(result, { scenario, language, fault }),
      engine: result.engine,
      elapsedMs: result.elapsed.totalMs,
    };
  } finally {
    rmSync(schedules, { recursive: true, force: true });
  }
}

async function raced(args: readonly string[], language: Language): Promise<RaceResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...Object.fromEntries(inherited), ...variablesOf(language) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const document: unknown = out === '' ? null : JSON.parse(out);
  if (typeof document !== 'object' || document === null || 'error' in document)
    throw new Error(`whystale ${args.join(' ')}\n${out}${err.slice(-2_000)}`);
  return document as RaceResult;
}

/** One cell for each start. */
export function cellsOf(
  { starts, counterexamples, gaps }: Pick<RaceResult, 'starts' | 'counterexamples' | 'gaps'>,
  of: Pick<Cell, 'scenario' | 'language' | 'fault'>,
): readonly Cell[] {
  // What is not said of one start is said of all.
  const shared = gaps.some((gap) => !/^(?:cold|warm): /.test(gap));
  return starts.map(({ start, executions, stale, complete }) => {
    const found = counterexamples.filter((one) => one.start === start);
    const causes = found.map(({ cause, fault }) => [cause ?? 'stale', fault].filter(Boolean).join(' '));
    const whole = complete && !shared;
    const verdict = found.length > 0 ? 'invalid' : whole ? 'valid' : 'unknown';
    return { ...of, start, verdict, complete: whole, executions, stale, causes: [...new Set(causes)].sort() };
  });
}
