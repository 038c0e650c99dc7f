/** Reads the configuration of both sides and compares it. */
import type { CommandRun } from '../case/checklist-contract.ts';
import { howRan, runCommand } from '../case/command-run.ts';
import type { ConfigSource, ConfigSpec } from '../case/contract.ts';
import { secretsIn } from '../case/secrets.ts';
import { commandLine } from '../case/shell.ts';
import { counted } from '../core/numbers.ts';
import { compareConfiguration, type Variables, variablesInFile, variablesPrinted } from './configuration.ts';
import type { ConfigComparison } from './contract.ts';
import type { Found } from './journal.ts';

const COMMAND_WITHIN_MS = 60_000;
/** Names that are told in a sentence. */
const MAX_NAMED = 5;

export interface ConfigOptions {
  readonly config: ConfigSpec;
  /** As it is written. */
  readonly shown: ConfigSpec | null;
  readonly allow: readonly string[];
  readonly salt: Buffer;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly mask: (text: string) => string;
}

export interface ConfigStep {
  readonly found: Found;
  /** Values that must not be seen from here on. */
  readonly secrets: readonly string[];
}

interface Side {
  readonly variables: Variables;
  readonly run: CommandRun | null;
  /** Why there is nothing to compare; null: there is. */
  readonly problem: string | null;
}

export async function readConfiguration(options: ConfigOptions): Promise<ConfigStep> {
  const { config, shown, allow, salt, signal } = options;
  const staging = await sideOf(config.staging, shown?.staging ?? config.staging, options);
  const production = await sideOf(config.production, shown?.production ?? config.production, options);
  const sides = [staging, production];
  const secrets = sides.flatMap(({ variables }) => secretsIn(variables));
  const commands = sides.flatMap(({ run }) => (run === null ? [] : [run]));
  const problem = sides.find((side) => side.problem !== null)?.problem ?? null;
  if (problem !== null) {
    const outcome = signal.aborted ? 'undecided' : 'environment';
    return { found: { outcome, why: problem, commands }, secrets };
  }
  const configuration = compareConfiguration(staging.variables, production.variables, {
    spec: config,
    allow,
    salt,
  });
  return { found: { ...judged(configuration), commands, configuration }, secrets };
}

async function sideOf(source: ConfigSource, shown: ConfigSource, options: ConfigOptions): Promise<Side> {
  const { cwd, env, now, signal, mask } = options;
  if (source.kind === 'file') return fileSide(source, mask);
  let printed = '';
  const run = await runCommand({
    command: source.command,
    shown: commandLine(shown.kind === 'command' ? shown.command : source.command),
    cwd,
    env,
    withinMs: COMMAND_WITHIN_MS,
    leaves: false,
    // What it prints on its other output may tell what it read.
    mask: (text) => mask(hidden(text, secretsIn(variablesPrinted(printed)))),
    signal,
    now,
    printed: (text) => {
      printed = text;
    },
  });
  const variables = variablesPrinted(printed);
  const how = howRan(run, COMMAND_WITHIN_MS);
  const problem =
    how !== null
      ? `${run.command}: ${how}`
      : variables.size === 0
        ? `${run.command} printed no NAME=VALUE line`
        : null;
  return { variables, run, problem };
}

function fileSide(
  source: Extract<ConfigSource, { readonly kind: 'file' }>,
  mask: (text: string) => string,
): Side {
  try {
    return { variables: variablesInFile(source), run: null, problem: null };
  } catch (error) {
    return { variables: new Map(), run: null, problem: mask((error as Error).message) };
  }
}

function hidden(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

function judged({ differences }: ConfigComparison): Pick<Found, 'outcome' | 'why'> {
  const names = differences.flatMap(({ name, allowed }) => (allowed ? [] : [name]));
  if (names.length === 0) return { outcome: 'held', why: null };
  const more = names.length > MAX_NAMED ? ` and ${counted(names.length - MAX_NAMED, 'other')}` : '';
  const verb = names.length === 1 ? 'differs' : 'differ';
  return {
    outcome: 'failed',
    why: `${names.slice(0, MAX_NAMED).join(', ')}${more} ${verb}, which the case does not allow`,
  };
}
