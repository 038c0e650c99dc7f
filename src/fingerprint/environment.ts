/** The variables and the command that the service is started with. Pure. */
import type { Store } from '../watch/stores.ts';
import type { EnvFile } from './env-files.ts';
import { leftOut } from './left-out.ts';
import { type Neutral, neutralUrl } from './neutral.ts';
import { isPlainValue, namesSecret } from './plain.ts';
import type { FingerprintRequest } from './request.ts';
import { byText, type Sheet } from './sheet.ts';

/** Variables that are looked at, by name. */
const MAX_VARIABLES = 2_000;
const MAX_WORDS = 200;

export function noteEnvironment(
  sheet: Sheet,
  { env, inherited, command, redis, postgres }: FingerprintRequest,
  neutral: Neutral,
  files: readonly EnvFile[] = [],
): void {
  const stores = [redis, postgres].filter((store): store is Store => store !== null);
  const ours = new Set(inherited);
  const names = Object.keys(env)
    .filter((name) => env[name] !== undefined && leftOut(name) === null)
    .sort(byText);
  for (const name of names.slice(0, MAX_VARIABLES)) {
    noteVariable(sheet, name, name, compared(env[name] ?? '', stores, ours.has(name), neutral));
  }
  for (const file of files) {
    // Loaders leave alone what is set already.
    const loaded = [...file.variables].filter(([name]) => env[name] === undefined && leftOut(name) === null);
    for (const [name, value] of loaded.slice(0, MAX_VARIABLES)) {
      noteVariable(sheet, `${name} (${file.name})`, name, compared(value, stores, false, neutral));
    }
  }
  if (names.length > MAX_VARIABLES) {
    sheet.unknown('environment', 'more variables', `${names.length - MAX_VARIABLES} more were not looked at`);
  }
  noteCommand(sheet, command, env.PORT, neutral);
}

function noteVariable(sheet: Sheet, entry: string, name: string, value: string | null): void {
  if (value === null) return;
  if (isPlainValue(name, value)) sheet.shown('environment', entry, value);
  else sheet.hashed('environment', entry, value);
}

/** What of a value is compared; null: nothing. */
function compared(value: string, stores: readonly Store[], ours: boolean, neutral: Neutral): string | null {
  const url = neutralUrl(value, stores, ours);
  if (url !== null) return url;
  return ours ? null : neutral(value);
}

/** A name among words of a command: an option, or `NAME=` before the command. */
const OPTION = /^(?<name>--?[A-Za-z][\w-]*|[A-Za-z_]\w*)(?:=(?<value>.*))?$/s;

/**
 * The words, those that may be secret as hashes. Options are shown; their values are held to the same rule as variables. The port
 * that the service was given is none of its words.
 */
function noteCommand(
  sheet: Sheet,
  command: readonly string[],
  port: string | undefined,
  neutral: Neutral,
): void {
  if (command.length === 0) return;
  let option = '';
  const words = command.slice(0, MAX_WORDS).map((word, index) => {
    const name = option;
    option = /^--?[A-Za-z][\w-]*$/.test(word) ? word : '';
    if (word === port) return '{port}';
    const neutralWord = neutral(port === undefined ? word : withoutPort(word, port));
    if (index === 0) return isProgram(neutralWord) ? neutralWord : hidden(sheet, neutralWord);
    if (isPlainValue(name, neutralWord) || isOption(neutralWord)) return neutralWord;
    const pair = neutralWord.startsWith('-') ? OPTION.exec(neutralWord)?.groups : undefined;
    if (pair?.name !== undefined && pair.value !== undefined && isOption(pair.name)) {
      const shown = isPlainValue(pair.name, pair.value) ? pair.value : hidden(sheet, pair.value);
      return `${pair.name}=${shown}`;
    }
    return hidden(sheet, neutralWord);
  });
  const rest = command.slice(MAX_WORDS);
  if (rest.length > 0) words.push(hidden(sheet, rest.map(neutral).join('\0')));
  sheet.shown('environment', 'command', words.join(' '));
}

function hidden(sheet: Sheet, word: string): string {
  return sheet.hash('environment', 'command', word);
}

/** A long option is a word or two; `-psecret` is an option with its value. */
function isOption(word: string): boolean {
  return /^(?:-[A-Za-z]|--[a-z]{1,20}(?:-[a-z]{1,20}){0,4})$/.test(word);
}

function isProgram(word: string): boolean {
  return /^[\w./{}+-]{1,100}$/.test(word) && !namesSecret(word);
}

/** `--port=8000`, `127.0.0.1:8000`. */
function withoutPort(word: string, port: string): string {
  return word.replace(new RegExp(`(?<=[=:])${port.replace(/\D/g, '')}$`), (found) =>
    found === '' ? '' : '{port}',
  );
}
