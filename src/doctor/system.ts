/** What the machine itself must offer. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { freePort } from '../engines/ports.ts';
import type { Check } from './check.ts';

/** Oldest Node that whystale runs on; package.json `engines` says the same. */
const OLDEST_NODE = [20, 19] as const;

/** Facts about this process, as an argument so that others can be tested. */
export interface Machine {
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
}

export function thisMachine(): Machine {
  return { nodeVersion: process.versions.node, platform: process.platform, arch: process.arch };
}

/** Node, platform, loopback, recording folder. */
export async function systemChecks(machine: Machine, recordingFolder: string): Promise<readonly Check[]> {
  return [nodeCheck(machine), platformCheck(machine), await loopbackCheck(), folderCheck(recordingFolder)];
}

function nodeCheck({ nodeVersion }: Machine): Check {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const fits = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const base = { id: 'system.node', title: 'Node.js', evidence: nodeVersion, required: true };
  if (fits) return { ...base, state: 'ok' };
  return {
    ...base,
    state: 'lack',
    evidence: `${nodeVersion}; ${OLDEST_NODE.join('.')} or newer is needed`,
    mend: 'install Node.js 22 from https://nodejs.org/en/download',
  };
}

function platformCheck({ platform, arch }: Machine): Check {
  const base = { id: 'system.platform', title: 'Platform', evidence: `${platform}-${arch}`, required: true };
  if (platform === 'linux') return { ...base, state: 'ok' };
  if (platform === 'darwin') {
    return { ...base, state: 'ok', evidence: `${base.evidence}; race waits by time, as there is no /proc` };
  }
  return {
    ...base,
    state: 'lack',
    evidence: `${base.evidence}; process groups and Unix sockets are needed`,
    mend: 'run whystale on Linux or macOS (on Windows: wsl --install, then inside it)',
  };
}

async function loopbackCheck(): Promise<Check> {
  const base = { id: 'system.loopback', title: 'Ports on 127.0.0.1', required: true, use: 'the proxies' };
  try {
    return { ...base, state: 'ok', evidence: `free ports can be had (got ${await freePort()})` };
  } catch (error) {
    return {
      ...base,
      state: 'lack',
      evidence: (error as Error).message,
      mend: 'ip link set lo up, and allow this process to listen on 127.0.0.1',
    };
  }
}

/** The recording folder need not exist; then the nearest folder above it counts. */
function folderCheck(folder: string): Check {
  const path = resolve(folder);
  const base = { id: 'system.recording', title: 'Recording folder', required: true, use: 'recordings' };
  let nearest = path;
  while (!existsSync(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest);
  try {
    if (!statSync(nearest).isDirectory()) throw new Error(`${nearest} is no folder`);
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return {
      ...base,
      state: 'ok',
      evidence: nearest === path ? `${path} can be written` : `${path} can be made`,
    };
  } catch (error) {
    return {
      ...base,
      state: 'lack',
      evidence: `${nearest} cannot be written: ${(error as Error).message}`,
      mend: 'give a folder you can write with --out DIR',
    };
  }
}
