/** Takes a fingerprint: every kind in a part of its own, each bounded, none able to stop another. */
import { realpath } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Store } from '../watch/stores.ts';
import { splitUrl, splitUserinfo } from '../watch/url-text.ts';
import { noteFolder, noteRepository } from './code.ts';
import { FINGERPRINT_FORMAT, type Fingerprint } from './contract.ts';
import { dependencyFiles, noteDependencies } from './dependencies.ts';
import { type EnvFile, envFiles } from './env-files.ts';
import { noteEnvironment } from './environment.ts';
import { findRepository, type Repository } from './git.ts';
import { noteMachine } from './machine.ts';
import { UNKNOWN_PARTS } from './names.ts';
import { type Neutral, neutralTexts } from './neutral.ts';
import { isOrdinary, namesSecret } from './plain.ts';
import { notePostgres } from './postgres.ts';
import { noteRedis } from './redis.ts';
import type { FingerprintRequest } from './request.ts';
import { noteRuntime } from './runtime.ts';
import { guardedPart, Sheet } from './sheet.ts';

/** Bounds of the parts, ms. They run side by side, so that the longest one is the bound of the whole. */
const LIMITS = { code: 60_000, redis: 20_000, postgres: 45_000, runtime: 30_000, machine: 5_000 } as const;

/**
 * Looks at all that could differ between two runs. Takes as long as the slowest part, a minute at most; never throws: what cannot
 * be looked at is in `unknown`, with the reason. Secrets stand in it as keyed hashes or not at all.
 */
export async function takeFingerprint(request: FingerprintRequest): Promise<Fingerprint> {
  const place = await placeOf(request.cwd);
  const neutral = neutralOf(request, place);
  const variables = await envFiles(place.cwd, place.top);
  const sheet = new Sheet(request.salt, passwordsOf(request, variables));
  const { redis, postgres } = request;
  await Promise.all([
    guardedPart(sheet, ['code', 'dependency'], UNKNOWN_PARTS.repository, LIMITS.code, () =>
      noteCode(sheet, place, variables),
    ),
    guardedPart(sheet, ['environment'], UNKNOWN_PARTS.variables, LIMITS.code, () =>
      noteEnvironment(sheet, request, neutral, variables),
    ),
    guardedPart(sheet, ['runtime'], UNKNOWN_PARTS.runtime, LIMITS.runtime, () =>
      noteRuntime(sheet, request, place.top, neutral),
    ),
    guardedPart(sheet, ['machine'], UNKNOWN_PARTS.machine, LIMITS.machine, () => noteMachine(sheet)),
    ...(redis === null
      ? []
      : [
          guardedPart(sheet, ['redis'], UNKNOWN_PARTS.settings, LIMITS.redis, (over) =>
            noteRedis(sheet, redis, over),
          ),
        ]),
    ...(postgres === null
      ? []
      : [
          guardedPart(
            sheet,
            ['postgres', 'schema', 'data'],
            UNKNOWN_PARTS.settings,
            LIMITS.postgres,
            (over) => notePostgres(sheet, postgres, () => performance.now(), over),
          ),
        ]),
  ]);
  return { format: FINGERPRINT_FORMAT, at: request.at, ...sheet.result() };
}

/** Where the service lies. */
interface Place {
  /** The service's folder, links resolved. */
  readonly cwd: string;
  /** The repository's top; the folder itself where there is none. */
  readonly top: string;
  readonly repository: Repository | null;
  /** Why it is not known whether there is a repository. */
  readonly failure: unknown;
}

async function placeOf(folder: string): Promise<Place> {
  const cwd = await realpath(folder).catch(() => folder);
  try {
    const repository = await findRepository(cwd);
    return { cwd, repository, top: repository?.root ?? cwd, failure: null };
  } catch (failure) {
    return { cwd, repository: null, top: cwd, failure };
  }
}

async function noteCode(
  sheet: Sheet,
  { cwd, top, repository, failure }: Place,
  variables: readonly EnvFile[],
): Promise<void> {
  const files = await dependencyFiles(cwd, top);
  const manifests = await noteDependencies(sheet, files);
  const elsewhere = new Set([...files, ...variables].map(({ path }) => path));
  const parts = { elsewhere, manifests };
  if (repository !== null) await noteRepository(sheet, repository, parts);
  else if (failure !== null) sheet.unknown('code', UNKNOWN_PARTS.repository, failure);
  else await noteFolder(sheet, top, parts);
}

function neutralOf({ cwd: written, redis, postgres, given }: FingerprintRequest, place: Place): Neutral {
  return neutralTexts({
    folders: [
      [place.top, '{repository}'],
      [place.cwd, place.cwd === place.top ? '{repository}' : '{folder}'],
      [written.replace(/(?<=.)\/+$/, ''), place.cwd === place.top ? '{repository}' : '{folder}'],
    ],
    stores: [redis, postgres].filter((store): store is Store => store !== null),
    given: given ?? [],
  });
}

/** Shorter values of variables are found in others by chance. */
const SHORTEST_VALUE = 6;

/** What must not be shown, wherever it stands: passwords of stores and of URLs, and values of variables that are named as secrets. */
function passwordsOf(
  { redis, postgres, env }: FingerprintRequest,
  files: readonly EnvFile[],
): readonly (string | null | undefined)[] {
  const all = [...Object.entries(env), ...files.flatMap(({ variables }) => [...variables])];
  const secrets = all.flatMap(([name, value]) => {
    if (value === undefined || value.length < SHORTEST_VALUE) return [];
    const userinfo = splitUrl(value.trim())?.userinfo ?? null;
    const secret = namesSecret(name) && !isOrdinary(value) && !value.includes('/') ? value : null;
    return [secret, splitUserinfo(userinfo).password];
  });
  return [redis?.password, postgres?.password, ...secrets];
}
