/** What the command line may change in a scenario, and where its schedules go. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { WhystaleError } from '../errors.ts';
import { FAULT_KINDS, type FaultKind } from '../race/explore/contract.ts';
import type { StrategyName } from '../race/result.ts';
import type { Scenario, Start } from '../race/scenario/index.ts';
import { HOME_FOLDER } from '../recording/locate.ts';
import { EXIT } from './exit-codes.ts';
import { naturalNumber, positiveNumber } from './numbers.ts';

export interface RaceOptions {
  readonly strategy: 'dpor' | 'random';
  readonly por?: 'dpor' | 'none';
  readonly seed: number;
  readonly executions?: number;
  readonly seconds?: number;
  readonly fault: readonly FaultKind[];
  readonly faults: boolean;
  readonly start: readonly Start[];
  readonly out?: string;
  readonly iOwnThisDatabase?: boolean;
}

/** Where schedules go when nothing is said, from the current folder. */
export const SCHEDULES = `${HOME_FOLDER}/schedules`;

const STARTS: readonly Start[] = ['cold', 'warm'];

export function addRaceOptions(command: Command): Command {
  return addScenarioOptions(addSearchOptions(command))
    .option('--out <dir>', `folder for schedules (default: ${SCHEDULES})`)
    .option('--i-own-this-database', 'reset the stores although they do not look like scratch');
}

function addSearchOptions(command: Command): Command {
  const [every, reduced] = [
    'every ordering with reduction, or orderings drawn by lot',
    'none: without reduction, which checks it (default: dpor)',
  ];
  return command
    .addOption(new Option('--strategy <name>', every).choices(['dpor', 'random']).default('dpor'))
    .addOption(new Option('--por <name>', reduced).choices(['dpor', 'none']))
    .addOption(
      new Option('--seed <number>', 'what --strategy random draws from').argParser(naturalNumber).default(1),
    )
    .addOption(
      new Option('--executions <number>', "end after so many, in place of the scenario's limit").argParser(
        positiveNumber,
      ),
    )
    .addOption(
      new Option('--seconds <number>', "end after this time, in place of the scenario's limit").argParser(
        positiveNumber,
      ),
    );
}

function addScenarioOptions(command: Command): Command {
  const fault = `try this fault in place of the scenario's: ${FAULT_KINDS.join(', ')}; repeatable`;
  return command
    .addOption(choosing('--fault <kind>', fault, FAULT_KINDS))
    .addOption(new Option('--no-faults', 'try no fault').conflicts('fault'))
    .addOption(
      choosing('--start <state>', "begin cold or warm, in place of the scenario's; repeatable", STARTS),
    );
}

/** An option that may be given several times and takes one of some words each time. */
export function choosing<T extends string>(
  flags: string,
  description: string,
  words: readonly T[],
  otherwise = "the scenario's",
): Option {
  return new Option(flags, description)
    .argParser((text: string, before: readonly T[]) => {
      const word = words.find((known) => known === text);
      if (word === undefined) throw new InvalidArgumentError(`Allowed choices are ${words.join(', ')}.`);
      return [...before.filter((one) => one !== word), word];
    })
    .default([], otherwise);
}

/** Throws WSE608 when the two contradict each other. */
export function strategyOf({ strategy, por }: RaceOptions): StrategyName {
  if (strategy !== 'random') return por ?? strategy;
  if (por !== undefined) throw noReduction();
  return strategy;
}

/** The scenario with what the command line says in place of it. Throws WSE604. */
export function withOptions(scenario: Scenario, options: RaceOptions): Scenario {
  const { executions, seconds, fault, faults, start } = options;
  const [first, ...rest] = start;
  if (start.includes('warm') && !scenario.actors.some(({ role }) => role === 'reader'))
    throw noReader(scenario.file);
  return {
    ...scenario,
    start: first === undefined ? scenario.start : [first, ...rest],
    faults: faults ? (fault.length > 0 ? fault : scenario.faults) : [],
    limits: {
      ...scenario.limits,
      ...(executions === undefined ? {} : { executions }),
      ...(seconds === undefined ? {} : { seconds }),
    },
  };
}

function noReduction(): WhystaleError {
  return new WhystaleError({
    code: 'WSE608',
    what: '--por has no meaning for --strategy random.',
    expected: '--por with --strategy dpor, or none of the two.',
    retry: 'after-fix',
    next: 'Leave --por out.',
    exitCode: EXIT.usage,
  });
}

function noReader(file: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE604',
    what: `A warm start needs a reader, and ${file} has none.`,
    expected: 'A reader among the actors, whose request fills the cache.',
    retry: 'after-fix',
    next: 'Leave --start warm out, or add a reader.',
    exitCode: EXIT.usage,
  });
}
