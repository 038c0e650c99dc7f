/** A small staging: a git repository with a service that shell scripts deploy, on a port of its own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer, type Server } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { readCase, readWrittenCase } from '../../src/case/index.ts';
import { type Rehearsal, RehearsalFolder, type RehearsalStep, rehearse } from '../../src/rehearse/index.ts';

/** Serves one price from a file; `v1` keeps what it read first, `v2` reads it anew. `GET /version` tells which one answers. */
const SERVER = `import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
const [version, port] = process.argv.slice(2);
const stored = () => Number(readFileSync('stored.txt', 'utf8'));
const kept = stored();
if (version !== 'deaf') createServer(async (request, response) => {
  console.log(request.method, request.url, 'token', process.env.API_TOKEN);
  let body = '';
  for await (const part of request) body += part;
  if (request.method === 'PUT') writeFileSync('stored.txt', String(JSON.parse(body).price));
  const answer = request.url === '/version' ? { version } : { price: version === 'v2' ? stored() : kept };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
}).listen(port, '127.0.0.1');
else setInterval(() => undefined, 1000);
`;

const DEPLOY = `#!/bin/sh
echo "deploying $1 with $API_TOKEN"
if [ -f service.pid ]; then
  kill "$(cat service.pid)" 2>/dev/null
  while kill -0 "$(cat service.pid)" 2>/dev/null; do sleep 0.02; done
fi
node server.mjs "$1" "$PORT" &
echo $! > service.pid
`;

/** A deployment that only says which release is served, to a service that runs all the time. */
const SWITCH = `#!/bin/sh
echo "deploying $1 with $API_TOKEN"
echo "$1" > version
`;

export const TOKEN = 'tok-4f1c2a9e7b60d358';

export interface Staging {
  readonly root: string;
  readonly folder: string;
  readonly file: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly git: (...args: string[]) => string;
  /** Writes the case. */
  readonly write: (rehearse: string, more?: string) => void;
  readonly version: () => Promise<string>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** `process`: the deployment starts a process; `within`: it switches the release that is served by this one, which is quicker. */
type Kind = 'process' | 'within';

/** Call it at the top level. Every staging is taken down after its test. */
export function withStaging(): (kind?: Kind) => Promise<Staging> {
  const open: (Staging & { readonly close: () => void })[] = [];
  afterEach(() => {
    for (const { root, close } of open.splice(0)) {
      close();
      try {
        process.kill(Number(readFileSync(join(root, 'service.pid'), 'utf8')), 'SIGKILL');
      } catch {
        // It is down already.
      }
      rmSync(root, { recursive: true, force: true });
    }
  });
  return async (kind = 'within') => {
    const staging = await startStaging(kind);
    open.push(staging);
    return staging;
  };
}

/** As the service of its own, of the release that the file `version` names. */
function servedWithin(root: string, port: number): Server {
  const stored = () => Number(readFileSync(join(root, 'stored.txt'), 'utf8'));
  const kept = stored();
  const server = createWebServer(async (request, response) => {
    const version = readFileSync(join(root, 'version'), 'utf8').trim();
    if (version === 'deaf') return void response.destroy();
    let body = '';
    for await (const part of request) body += String(part);
    if (request.method === 'PUT')
      writeFileSync(join(root, 'stored.txt'), String((JSON.parse(body) as { price: number }).price));
    const answer = request.url === '/version' ? { version } : { price: version === 'v2' ? stored() : kept };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  return server.listen(port, '127.0.0.1');
}

async function startStaging(kind: Kind): Promise<Staging & { readonly close: () => void }> {
  const root = mkdtempSync(join(tmpdir(), 'whystale-staging-'));
  const folder = join(root, 'cases/price');
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const env = { ...stringsOf(process.env), PORT: String(port), API_TOKEN: TOKEN };
  writeFileSync(join(root, 'server.mjs'), SERVER);
  writeFileSync(join(root, 'deploy.sh'), kind === 'process' ? DEPLOY : SWITCH);
  chmodSync(join(root, 'deploy.sh'), 0o755);
  writeFileSync(join(root, 'stored.txt'), '10');
  writeFileSync(join(root, '.gitignore'), 'service.pid\nstored.txt\nversion\n');
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  const git = (...args: string[]) =>
    execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' });
  const url = `http://127.0.0.1:${port}`;
  const ask = async () => {
    const response = await fetch(`${url}/version`);
    return ((await response.json()) as { version: string }).version;
  };
  const server = kind === 'within' ? servedWithin(root, port) : null;
  const staging = {
    ...{ root, folder, port, env, git },
    file: join(folder, 'case.yaml'),
    write: (rehearse: string, more = '') =>
      writeFileSync(join(folder, 'case.yaml'), caseText(`url: ${url}\n${rehearse}`, more)),
    version: ask,
    close: () => void server?.close().closeAllConnections(),
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'one');
  execFileSync('./deploy.sh', ['v1'], { cwd: root, env, stdio: 'ignore' });
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (
      await ask().then(
        () => true,
        () => false,
      )
    )
      break;
    await new Promise((done) => setTimeout(done, 20));
  }
  return staging;
}

function stringsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function caseText(rehearse: string, more: string): string {
  const lines = rehearse.trim().split('\n');
  return `owner: ada # since May
title: The old price is shown
route: GET /items/{id}
symptom: the page
input: GET /items/1
expected: { status: 200 }
change: { what: read the price anew, kind: code }
rollback: ./deploy.sh v1
service: { command: ./deploy.sh v1, cwd: ../.. }
${more}rehearse:
${lines.map((line) => `  ${line}`).join('\n')}
`;
}

export const BEFORE = 'before: { request: GET /version, expect: { path: $.version, value: v1 } }';
export const CHECK = 'check: { request: GET /version, expect: { path: $.version, value: v2 } }';
export const GOOD = `deploy: ./deploy.sh v2\nready: { request: GET /healthz, within: 10s }\n${BEFORE}\n${CHECK}`;

interface Told {
  readonly rehearsal: Rehearsal;
  /** What `rehearsal.json` said after each write. */
  readonly written: readonly Rehearsal[];
}

/** Rehearses within this process. */
export async function rehearsed(
  { file, env, folder }: Staging,
  options: {
    readonly told?: (step: RehearsalStep) => void;
    readonly interrupt?: AbortSignal;
    readonly stop?: AbortSignal;
    readonly baselineP50Ms?: number;
    readonly configOnly?: boolean;
  } = {},
): Promise<Told> {
  const item = await readCase(file, env);
  if (item.rehearse === null) throw new Error('no rehearsal');
  const written: Rehearsal[] = [];
  const kept = new RehearsalFolder(join(folder, 'rehearsals', 'one'));
  const never = new AbortController().signal;
  const rehearsal = await rehearse(
    {
      item,
      spec: item.rehearse,
      written: await readWrittenCase(file),
      configOnly: options.configOnly ?? false,
      baselineP50Ms: options.baselineP50Ms ?? null,
      env,
      salt: Buffer.from('salt'),
      random: () => 0.5,
      now: () => new Date(),
      interrupt: options.interrupt ?? never,
      stop: options.stop ?? never,
    },
    {
      told: options.told ?? (() => undefined),
      write: (document) => {
        kept.write(document);
        written.push(JSON.parse(readFileSync(join(kept.path, 'rehearsal.json'), 'utf8')) as Rehearsal);
      },
    },
  );
  return { rehearsal, written };
}

/** `deploy held`. */
export function stepsOf({ steps }: Pick<Rehearsal, 'steps'>): readonly string[] {
  return steps.map(({ step, outcome }) => `${step} ${outcome}`);
}
