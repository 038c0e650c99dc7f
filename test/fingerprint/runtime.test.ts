import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeFingerprint } from '../../src/fingerprint/index.ts';
import { startedWord } from '../../src/fingerprint/programs.ts';
import { entryOf, namesOf, requestOf, told, withFolders, write } from './support.ts';

const newFolder = withFolders();

/** A folder of programs for PATH, beside a service's folder. */
function programs(scripts: Readonly<Record<string, string>>): {
  readonly cwd: string;
  readonly PATH: string;
} {
  const [cwd, bin] = [newFolder(), newFolder()];
  write(bin, scripts);
  for (const name of Object.keys(scripts)) chmodSync(join(bin, name), 0o755);
  return { cwd, PATH: `${bin}:${process.env.PATH}` };
}

const taken = (cwd: string, PATH: string, command: readonly string[], env: Record<string, string> = {}) =>
  takeFingerprint(requestOf({ cwd, command, env: { PATH, ...env } }));

describe('the word that is started in the end', () => {
  test.each([
    ['node app.js', 'node'],
    ['env A=1 B=2 node app.js', 'node'],
    ['nice -n 5 env A=1 python3 x.py', 'python3'],
    ['poetry run uvicorn app:app', 'uvicorn'],
    ['bundle exec puma', 'puma'],
    ['npm run start', 'npm'],
    ['npx --yes tsx a.ts', 'tsx'],
    ['yarn start', 'yarn'],
    ['env', 'env'],
  ])('%s → %s', (words, expected) => expect(startedWord(words.split(' '))).toBe(expected));
});

describe('interpreters', () => {
  const answers: readonly (readonly [program: string, script: string, name: string, version: string])[] = [
    ['python3.11', 'echo Python 3.11.2', 'python', '3.11.2'],
    ['ruby', 'echo "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]"', 'ruby', '3.1.2p20'],
    ['php8.2', 'echo "PHP 8.2.29 (cli) (built: Jul 3 2025)"', 'php', '8.2.29'],
    [
      'java',
      'echo "Picked up X: -Dpassword=1.2.3" >&2; echo "openjdk version \\"17.0.15\\" 2025-04-15" >&2',
      'java',
      '17.0.15',
    ],
    ['go', 'echo go version go1.19.8 linux/amd64', 'go', '1.19.8'],
    ['bun', 'echo 1.2.3-canary.4', 'bun', '1.2.3-canary.4'],
  ];
  test.each(answers)('%s', async (program, script, name, version) => {
    const { cwd, PATH } = programs({ [program]: `#!/bin/sh\n${script}\n` });
    expect(entryOf(await taken(cwd, PATH, [program, 'x']), 'runtime', name)).toBe(version);
  });

  test('behind a script, wherever that lies', async () => {
    const { cwd, PATH } = programs({ serve: '#!/usr/bin/env node\nserve();\n' });
    const fingerprint = await taken(cwd, PATH, ['serve', '--workers', '4']);
    expect(entryOf(fingerprint, 'runtime', 'node')).toBe(process.version.slice(1));
    expect(namesOf(fingerprint, 'runtime')).toEqual(['node', 'program serve', 'whystale (node)']);
  });

  test('one that fails, hangs on or says nothing is unknown', async () => {
    const { cwd, PATH } = programs({
      ruby: '#!/bin/sh\nexit 3\n',
      perl: '#!/bin/sh\necho none\n',
    });
    expect((await taken(cwd, PATH, ['ruby'])).unknown).toContainEqual({
      kind: 'runtime',
      what: 'ruby',
      why: 'it did not say its version: exit 3',
    });
    expect((await taken(cwd, PATH, ['perl'])).unknown).toContainEqual({
      kind: 'runtime',
      what: 'perl',
      why: 'its answer names no version',
    });
  });

  test('are not given the variables by which they would run more', async () => {
    const { cwd, PATH } = programs({ python: '#!/bin/sh\necho "3.1$NODE_OPTIONS$JAVA_TOOL_OPTIONS"\n' });
    const fingerprint = await taken(cwd, PATH, ['python'], { NODE_OPTIONS: '5', JAVA_TOOL_OPTIONS: '6' });
    expect(entryOf(fingerprint, 'runtime', 'python')).toBe('3.1');
  });
});

describe('other programs', () => {
  test('are never started: their content counts', async () => {
    const mark = join(newFolder(), 'started');
    const { cwd, PATH } = programs({ server: `#!/bin/sh\ntouch ${mark}\n` });
    const before = await taken(cwd, PATH, ['server']);
    const { PATH: other } = programs({ server: '#!/bin/sh\nexit\n' });
    expect(namesOf(before, 'runtime')).toContain('program server');
    expect(namesOf(await taken(dirname(mark), other, ['server']), 'code')).not.toContain('started');
    expect(told(before, await taken(cwd, other, ['server']))).toEqual([
      'environment PATH',
      'runtime program server',
    ]);
  });

  test('inside the service’s folder are its code, built or not', async () => {
    const [one, other] = [newFolder(), newFolder()];
    for (const folder of [one, other]) {
      mkdirSync(join(folder, 'bin'));
      copyFileSync('/bin/true', join(folder, 'bin/server'));
      symlinkSync('server', join(folder, 'bin/link'));
    }
    write(other, { 'bin/server': 'another build' });
    chmodSync(join(other, 'bin/server'), 0o755);
    const [before, after] = await Promise.all(
      [one, other].map((cwd) => taken(cwd, process.env.PATH ?? '', ['./bin/link'])),
    );
    expect(told(before!, after!)).toEqual(['code content']);
  });

  test('that are not there are unknown', async () => {
    const fingerprint = await taken(newFolder(), process.env.PATH ?? '', ['no-such-program-at-all']);
    expect(fingerprint.unknown.map(({ what }) => what)).toContain('the runtime');
  });
});
