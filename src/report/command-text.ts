/** A command as it went: why it failed, and its last lines. */
import type { CommandRun } from '../case/checklist-contract.ts';
import type { Drawing } from './style.ts';
import { cut, visible } from './width.ts';

const INDENT = 12;

/** Null: it ended with 0. */
export function runFailure({ exitCode, signal, stopped, failure }: CommandRun): string | null {
  if (failure !== null) return `not started: ${failure}`;
  if (stopped !== null) return `stopped: ${stopped}`;
  if (signal !== null) return `ended by ${signal}`;
  return exitCode === 0 ? null : `exit code ${exitCode}`;
}

/** @param most lines that are shown */
export function tailShown(
  { output }: CommandRun,
  { width, style }: Drawing,
  most: number,
  indent: number = INDENT,
): readonly string[] {
  return output
    .slice(-most)
    .map((line) => style.faint(`${' '.repeat(indent)}| ${cut(visible(line), width - indent - 2)}`));
}
