/**
 * Commands as a person pastes them into a shell. Variables that a case leaves to its environment, `${TOKEN}`, stay variables.
 *
 * @see POSIX.1-2024, Shell Command Language, 2.2 Quoting (2.2.4 Dollar-Single-Quotes)
 */
const REFERENCE = /(\$\{[A-Za-z_]\w*\})/;
const BARE = /^[\w@%+=:,./-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what cannot stand in a line.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** One word, quoted where a shell would take it apart. */
export function shellWord(word: string): string {
  if (word === '') return "''";
  return word
    .split(REFERENCE)
    .map((piece, i) => (i % 2 === 1 ? `"${piece}"` : quoted(piece)))
    .join('');
}

function quoted(text: string): string {
  if (text === '' || BARE.test(text)) return text;
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text
    .replace(/[\\']/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `$'${escaped}'`;
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** A command of a case. What was split off for `sh -c` when it was read is one line again. */
export function commandLine(command: readonly string[]): string {
  const [program, flag, script, ...more] = command;
  if (program !== 'sh' || flag !== '-c' || script === undefined || more.length > 0) return shellLine(command);
  const bare = script.replace(/^exec /, '');
  // `exec` would replace the shell that this is pasted into.
  return CONTROL.test(bare) || /\bexec\b/.test(bare) ? shellLine(command) : bare;
}
