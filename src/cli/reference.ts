/** docs/cli.md, drawn from the commands themselves: their help texts are the reference. */
import type { Command } from 'commander';
import { EXIT_MEANINGS } from './exit-codes.ts';

/** The page. */
export function cliReference(program: Command): string {
  const blocks = [
    '# Command line',
    'This page is generated from `--help`; change the commands in `src/cli`, not this page.',
    'Every command that reports prints exactly one JSON document on stdout with `--json`; everything else goes to\nstderr. An error is then the document `{"error": {"code", "what", "expected", "retry", "next"}}`. Unknown flags are\nerrors. `NO_COLOR` turns colours off, `WHYSTALE_DEBUG=1` adds stacks to errors.',
    '## Exit codes',
    ['| code | meaning |', '|---|---|', ...EXIT_MEANINGS.map(([code, text]) => `| ${code} | ${text} |`)].join(
      '\n',
    ),
    '## whystale',
    fenced(helpOf(program)),
    ...program.commands.flatMap((command) => sectionsOf(command, command.name())),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** A command, and the commands within it. */
function sectionsOf(command: Command, name: string): string[] {
  const inner = command.commands.flatMap((one) => sectionsOf(one, `${name} ${one.name()}`));
  return [`## whystale ${name}`, fenced(helpOf(command)), ...inner];
}

/** What `--help` prints, examples included. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
