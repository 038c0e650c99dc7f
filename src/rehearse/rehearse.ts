/**
 * Staging as a rehearsal: the change is deployed by its real command, looked at, and taken back by its real command. Once the deployment
 * has begun, the rollback is run, whatever happens in between.
 */
import type { CommandRun } from '../case/checklist-contract.ts';
import { howRan, runCommand } from '../case/command-run.ts';
import type { CheckSpec, DeployCommand, RehearseSpec } from '../case/contract.ts';
import { checkedOut } from '../case/git.ts';
import type { StoredCase, WrittenCase } from '../case/read.ts';
import { maskFor } from '../case/secrets.ts';
import { commandLine } from '../case/shell.ts';
import { counted } from '../core/numbers.ts';
import { secretsOfUrls } from '../recording/mask.ts';
import { type CheckTools, runChecks } from './checks.ts';
import { readConfiguration } from './config-step.ts';
import type { CheckResult, Rehearsal, RehearsalStep } from './contract.ts';
import { measureFigures } from './figures.ts';
import { type Found, Journal } from './journal.ts';
import { untilReady } from './ready.ts';
import { uniqueNumbers } from './unique.ts';

export interface RehearseRequest {
  readonly item: StoredCase;
  readonly spec: RehearseSpec;
  /** The case with variables as they are written: what is shown of commands. */
  readonly written: WrittenCase;
  /** Compare the configuration, and do nothing else. */
  readonly configOnly: boolean;
  /** Warm median of the baseline, ms; null: there is none. */
  readonly baselineP50Ms: number | null;
  readonly env: NodeJS.ProcessEnv;
  readonly salt: Buffer;
  readonly random: () => number;
  readonly now: () => Date;
  /** Go no further; the rollback is run. */
  readonly interrupt: AbortSignal;
  /** Stop at once, also the rollback. */
  readonly stop: AbortSignal;
}

export interface RehearseEvents {
  readonly told: (step: RehearsalStep) => void;
  readonly write: (rehearsal: Rehearsal) => void;
}

/** @throws WhystaleError what `write` throws at the beginning; later nothing is thrown */
export async function rehearse(request: RehearseRequest, events: RehearseEvents): Promise<Rehearsal> {
  const { item, spec, now } = request;
  const cwd = cwdOf(item);
  const mask = maskFor(request.env, request.written.variables, secretsOfUrls([spec.postgres ?? '']));
  const journal = new Journal({
    item,
    url: mask(spec.url),
    on: await checkedOut(cwd, item.folder),
    now,
    ...events,
  });
  return new Rehearsing(request, journal, mask).run();
}

function cwdOf(item: StoredCase): string {
  return item.service?.cwd ?? item.folder;
}

class Rehearsing {
  readonly #request: RehearseRequest;
  readonly #journal: Journal;
  readonly #unique: () => string;
  #mask: (text: string) => string;
  #deployed = false;

  constructor(request: RehearseRequest, journal: Journal, mask: (text: string) => string) {
    this.#request = request;
    this.#journal = journal;
    this.#mask = mask;
    this.#unique = uniqueNumbers(request.now());
  }

  async run(): Promise<Rehearsal> {
    const { interrupt, stop } = this.#request;
    await this.#forward(AbortSignal.any([interrupt, stop])).catch((error: unknown) => {
      // What was deployed is taken back, whatever went wrong on the way.
      if (!this.#deployed) throw error;
      this.#journal.note(this.#mask(`It went no further: ${String(error)}`));
    });
    if (this.#deployed) await this.#back(stop);
    return this.#journal.end(this.#cutShort());
  }

  #cutShort(): string | null {
    const { interrupt, stop } = this.#request;
    if (stop.aborted)
      return this.#deployed ? 'it was stopped before the rollback was confirmed' : 'it was interrupted';
    return interrupt.aborted ? 'it was interrupted' : null;
  }

  async #forward(signal: AbortSignal): Promise<void> {
    const { spec, configOnly } = this.#request;
    const goesOn = (outcome: string) => outcome === 'held' && !signal.aborted;
    if (spec.config !== null && !goesOn(await this.#configuration(signal))) return;
    if (configOnly || signal.aborted) return;
    if (!goesOn(await this.#journal.take('before', () => this.#checks(spec.before, signal)))) return;
    if (!goesOn(await this.#deploy(signal))) return;
    if (!goesOn(await this.#ready('ready', signal))) return;
    await this.#journal.take('check', () => this.#checks(spec.check, signal));
    if (!signal.aborted) await this.#compareBehaviour(signal);
    if (!signal.aborted && spec.figures !== null) await this.#figures(signal);
  }

  /** Runs the real rollback, and looks whether the old behaviour is back. */
  async #back(signal: AbortSignal): Promise<void> {
    const { spec } = this.#request;
    if (signal.aborted) return;
    await this.#journal.take('rollback', () => this.#command(spec.rollback, this.#shownRollback(), signal));
    if (signal.aborted || (await this.#ready('ready-again', signal)) !== 'held' || signal.aborted) return;
    await this.#journal.take('restored', () => this.#checks(spec.before, signal));
  }

  #configuration(signal: AbortSignal) {
    const { item, written, env, salt, spec, now } = this.#request;
    const config = spec.config;
    const shown = written.rehearse?.config ?? null;
    return this.#journal.take('configuration', async () => {
      if (config === null) return { outcome: 'held', why: null };
      const options = {
        config,
        shown,
        allow: item.allow,
        salt,
        cwd: cwdOf(item),
        env,
        now,
        signal,
        mask: this.#mask,
      };
      const { found, secrets } = await readConfiguration(options);
      this.#mask = maskFor(env, written.variables, [...secrets, ...secretsOfUrls([spec.postgres ?? ''])]);
      return found;
    });
  }

  async #deploy(signal: AbortSignal) {
    const { spec, written } = this.#request;
    const shown = written.rehearse?.deploy.command ?? spec.deploy.command;
    return this.#journal.take('deploy', async () => {
      if (signal.aborted) return { outcome: 'undecided', why: 'it was interrupted' };
      const found = await this.#command(spec.deploy, shown, signal);
      // What could not be started has deployed nothing.
      if (found.commands?.every(({ failure }) => failure === null) === true) this.#begun();
      return found;
    });
  }

  #begun(): void {
    this.#deployed = true;
    this.#journal.deployed();
  }

  #shownRollback(): DeployCommand['command'] {
    const { spec, written } = this.#request;
    return written.rehearse?.rollback.command ?? spec.rollback.command;
  }

  async #command(
    { command, withinMs }: DeployCommand,
    shown: DeployCommand['command'],
    signal: AbortSignal,
  ): Promise<Found> {
    const { item, env, now } = this.#request;
    const run = await runCommand({
      command,
      shown: commandLine(shown),
      cwd: cwdOf(item),
      env: { ...env, WHYSTALE_CASE: item.folder },
      withinMs,
      leaves: true,
      mask: this.#mask,
      signal,
      now,
    });
    return { outcome: outcomeOf(run), why: howRan(run, withinMs), commands: [run] };
  }

  #ready(step: 'ready' | 'ready-again', signal: AbortSignal) {
    const { ready, url } = this.#request.spec;
    return this.#journal.take(step, () => untilReady(ready, url, signal, this.#mask));
  }

  async #checks(checks: readonly CheckSpec[], signal: AbortSignal): Promise<Found> {
    const results = await runChecks(checks, this.#tools(signal));
    return { ...summary(results), checks: results };
  }

  #tools(signal: AbortSignal): CheckTools {
    const { spec, item, env } = this.#request;
    return {
      base: spec.url,
      postgres: spec.postgres,
      timeoutMs: item.load.timeoutMs,
      env,
      unique: this.#unique,
      mask: this.#mask,
      signal,
    };
  }

  /** Whether the checks of the old behaviour see the change at all: if not, seeing them again says little. */
  async #compareBehaviour(signal: AbortSignal): Promise<void> {
    const checks = this.#request.spec.before.filter(({ kind }) => kind !== 'freshness');
    if (checks.length === 0) return;
    const results = await runChecks(checks, this.#tools(signal)).catch(() => []);
    if (signal.aborted || results.length === 0) return;
    const tells = results.some(({ outcome }) => outcome === 'failed');
    this.#journal.tellsApart(tells);
    if (!tells)
      this.#journal.note(
        'Every check of the old behaviour held while the change was deployed, too: they cannot tell the two apart.',
      );
  }

  async #figures(signal: AbortSignal): Promise<void> {
    const { item, spec, baselineP50Ms, random } = this.#request;
    const { figures, url } = spec;
    if (figures === null) return;
    await this.#journal.take('figures', () =>
      measureFigures(item, figures, { base: url, baselineP50Ms, random, signal }),
    );
  }
}

function outcomeOf(run: CommandRun): Found['outcome'] {
  if (run.failure !== null) return 'environment';
  if (run.stopped === 'interrupted') return 'undecided';
  return run.exitCode === 0 && run.stopped === null ? 'held' : 'failed';
}

/** The worst of what was seen, and what it was. */
function summary(results: readonly CheckResult[]): Pick<Found, 'outcome' | 'why'> {
  for (const outcome of ['failed', 'environment', 'undecided'] as const) {
    const found = results.filter((result) => result.outcome === outcome);
    const [first] = found;
    if (first === undefined) continue;
    const more = found.length === 1 ? '' : `; and ${counted(found.length - 1, 'other')}`;
    return { outcome, why: `${first.name}: ${first.why ?? outcome}${more}` };
  }
  return { outcome: 'held', why: null };
}
