/** Workflow commands: read back as the runner of GitHub Actions reads them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingsDocument } from '../../src/report/findings-document.ts';
import { annotation, documentGithub } from '../../src/report/github.ts';
import { ANALYSIS, RACE } from './sample.ts';

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** `::name key=value,key=value::message`, one line; percent escapes are undone last, the percent sign itself last of all. */
function parseCommand(line: string): Command {
  const end = line.indexOf('::', 2);
  if (!line.startsWith('::') || end < 0 || /[\r\n]/.test(line)) throw new Error(`No command: ${line}`);
  const head = line.slice(2, end);
  const space = head.indexOf(' ');
  const pairs = head.slice(space + 1).split(',');
  const properties = pairs.map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), unescaped(pair.slice(at + 1))] as const;
  });
  return {
    name: head.slice(0, space),
    properties: Object.fromEntries(properties),
    message: unescaped(line.slice(end + 2)),
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '%25': '%',
  '%0D': '\r',
  '%0A': '\n',
  '%3A': ':',
  '%2C': ',',
};
const unescaped = (text: string) => text.replace(/%(?:25|0D|0A|3A|2C)/g, (coded) => ESCAPES[coded] ?? coded);

const commandsOf = (findings: typeof ANALYSIS.findings, notices: readonly string[] = []) =>
  documentGithub(
    findingsDocument(
      { ...ANALYSIS, findings },
      { engine: { redis: null, postgres: null, emulated: false }, child: null, notices },
    ),
  )
    .split('\n')
    .slice(0, -1)
    .map(parseCommand);

describe('annotations', () => {
  test('one for each finding, as loud as it is, and one for what was not seen', () => {
    const commands = commandsOf(ANALYSIS.findings, ['No traffic on Redis.']);
    expect(commands.map(({ name, properties }) => [name, properties])).toEqual([
      ['error', { title: 'WS104 stale-fill-race item:{id} (proved)' }],
      ['warning', { title: 'WS101 missing-invalidation user:{id}:profile (likely)' }],
      ['notice', { title: 'WS202 stampede 商品:{id} (possible)' }],
      ['warning', { title: 'whystale' }],
    ]);
    expect(commands[0]?.message).toBe(
      `${RACE.summary}\nWhy: ${RACE.explanation}\nFix: ${RACE.remedy.title} (${RACE.remedy.recipe})`,
    );
  });

  test('nothing found and nothing missed is no output', () => {
    expect(commandsOf([])).toEqual([]);
  });

  test('are read back as they were meant, whatever stands in them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('%', '2', '5', '0', 'A', 'D', ':', ',', '\r', '\n', '=', ' ') }),
    );
    fc.assert(
      fc.property(text, text, (title, message) => {
        expect(parseCommand(annotation('error', title, message))).toEqual({
          name: 'error',
          properties: { title },
          message,
        });
      }),
    );
  });

  test('never let a name of the service become a command', () => {
    const evil = 'x\n::set-env name=PATH::/tmp\r\n::stop-commands::token';
    const commands = commandsOf([{ ...RACE, template: evil, summary: evil, explanation: evil }]);
    expect(commands.map(({ name }) => name)).toEqual(['error']);
  });
});
