/** Settings of a session as far as they decide what statements mean. */
import { isolationLevel } from '../../../observe/sql/control.ts';
import type { IsolationLevel } from '../../../observe/sql/facts.ts';
import type { Setting } from './plan.ts';
import type { Schema } from './schema.ts';

export interface Settings {
  readonly path: readonly string[];
  readonly isolation: IsolationLevel;
  readonly encoding: string;
  /** False when texts or names cannot be read as they are written. */
  readonly readable: boolean;
}

/** Settings named in the startup message's `options`: `-c name=value`, `--name=value`; a backslash keeps a space. */
function optionSettings(options: string): [string, string][] {
  const words = options.match(/(?:\\.|[^\s\\])+/g)?.map((word) => word.replace(/\\(.)/g, '$1')) ?? [];
  const found: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const text =
      word === '-c'
        ? words[++i]
        : word.startsWith('-c')
          ? word.slice(2)
          : word.startsWith('--')
            ? word.slice(2)
            : '';
    const [, name, value] = /^([\w.-]+)=([\s\S]*)$/.exec(text ?? '') ?? [];
    if (name !== undefined) found.push([name.toLowerCase().replaceAll('-', '_'), value ?? '']);
  }
  return found;
}

/** What a session begins with. */
export function initialSettings(schema: Schema, parameters: ReadonlyMap<string, string>): Settings {
  let settings: Settings = {
    path: schema.searchPath,
    isolation: isolationLevel(schema.isolation) ?? 'read committed',
    encoding: 'UTF8',
    readable: true,
  };
  const given = [...optionSettings(parameters.get('options') ?? ''), ...parameters];
  for (const [name, value] of given)
    settings = applied(settings, { name, local: false, values: [value] }, settings);
  return settings;
}

function pathOf(values: readonly string[]): string[] {
  return values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    .filter((name) => name !== '' && name !== '$user');
}

/** The settings of one session as its transactions change them. */
export class SessionSettings {
  readonly #initial: Settings;
  #now: Settings;
  /** As they were before the open transaction, and what is theirs again after it. */
  #before: { readonly settings: Settings; readonly local: string[] } | null = null;

  constructor(initial: Settings) {
    this.#initial = initial;
    this.#now = initial;
  }

  get now(): Settings {
    return this.#now;
  }

  set(setting: Setting): void {
    this.#now = applied(this.#now, setting, this.#initial);
    if (setting.local) this.#before?.local.push(setting.name);
  }

  reset(): void {
    this.#now = this.#initial;
  }

  begin(): void {
    this.#before ??= { settings: this.#now, local: [] };
  }

  /** Ends the transaction: SET LOCAL is over, and SET too when it was rolled back. */
  end(committed: boolean): void {
    const before = this.#before;
    this.#before = null;
    if (before === null) return;
    if (!committed) this.#now = before.settings;
    else for (const name of before.local) this.#now = restored(this.#now, name, before.settings);
  }
}

/** The settings with one as it was before. */
function restored(settings: Settings, name: string, before: Settings): Settings {
  switch (name) {
    case 'search_path':
      return { ...settings, path: before.path };
    case 'default_transaction_isolation':
      return { ...settings, isolation: before.isolation };
    case 'client_encoding':
      return { ...settings, encoding: before.encoding };
    case 'standard_conforming_strings':
      return { ...settings, readable: before.readable };
    default:
      return settings;
  }
}

/** The settings with one changed; without a value, back to `initial`. */
function applied(settings: Settings, setting: Setting, initial: Settings): Settings {
  const { name, values } = setting;
  const [value] = values;
  switch (name) {
    case '*':
      return initial;
    case 'search_path':
      return { ...settings, path: value === undefined ? initial.path : pathOf(values) };
    case 'default_transaction_isolation': {
      const level = value === undefined ? initial.isolation : isolationLevel(value);
      return level === null ? settings : { ...settings, isolation: level };
    }
    case 'client_encoding':
      return { ...settings, encoding: value ?? initial.encoding };
    case 'standard_conforming_strings':
      return { ...settings, readable: value === undefined || /^(?:on|true|yes|1)$/i.test(value) };
    default:
      return settings;
  }
}
