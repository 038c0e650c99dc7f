/** The runs of both sides, as `measure` keeps them. */
import type { Fingerprint } from '../fingerprint/index.ts';
import {
  Composer,
  fingerprintOf,
  MEASURE_FORMAT,
  type MeasuredRun,
  type MeasuredService,
} from '../measure/index.ts';
import type { Side } from './contract.ts';
import type { LaidOut } from './lay-out.ts';
import type { CompareRequest } from './request.ts';

type Both<T> = Readonly<Record<Side, T>>;

/** @throws the signal's reason when it is interrupted: looking at everything may take long */
export async function fingerprintsOf(
  services: Both<MeasuredService>,
  { sides }: Pick<LaidOut, 'sides'>,
  salt: Buffer,
  at: string,
  signal: AbortSignal,
): Promise<Both<Fingerprint>> {
  const of = (side: Side) => fingerprintOf(services[side], sides[side].measured, salt, at);
  const interrupted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  const [before, after] = await Promise.race([Promise.all([of('before'), of('after')]), interrupted]);
  return { before, after };
}

export function composersOf(
  request: CompareRequest,
  services: Both<MeasuredService>,
  fingerprints: Both<Fingerprint>,
  began: { readonly at: string; readonly ms: number },
): Both<Composer> {
  const { measured, digest, load } = request;
  const of = (side: Side) =>
    new Composer({
      request: {
        measured,
        ...(digest === undefined ? {} : { digest }),
        label: side,
        warm: { rate: load.rate, seconds: load.seconds, arrivals: 'constant' },
        cold: load.cold,
        plans: false,
      },
      service: services[side],
      startedAt: began.at,
      fingerprint: fingerprints[side],
      begin: began.ms,
    });
  return { before: of('before'), after: of('after') };
}

/** A side that was refused before it was started. */
export function unmeasuredRun(
  { measured, digest, load }: CompareRequest,
  side: Side,
  startedAt: string,
  fingerprint: Fingerprint,
  ended: string,
): MeasuredRun {
  const { rate, seconds, cold } = load;
  return {
    format: MEASURE_FORMAT,
    case: measured.name,
    ...(digest === undefined ? {} : { measured: digest }),
    label: side,
    startedAt,
    ranMs: 0,
    complete: false,
    ended,
    engine: { redis: null, postgres: null, emulated: false },
    load: { rate, seconds, cold, arrivals: 'constant' },
    cold: null,
    warm: null,
    keys: [],
    queries: [],
    findings: [],
    fingerprint,
    notices: [],
  };
}

/** Services without dependencies have no such files. */
const NO_LOCK_FILES = 'lock files';
const MOST_UNSEEN = 5;

/** What could not be looked at, and so would not be seen to differ. */
export function unseenNotices({ before, after }: Both<Fingerprint>): readonly string[] {
  const unknown = [...before.unknown, ...after.unknown]
    .filter(({ what }) => what !== NO_LOCK_FILES)
    .map(({ kind, what, why }) => `${kind}, ${what} (${why})`);
  const all = [...new Set(unknown)];
  if (all.length === 0) return [];
  const more = all.length > MOST_UNSEEN ? `; ${all.length - MOST_UNSEEN} more in run.json` : '';
  return [
    `Could not be looked at, so that a difference there is not seen: ${all.slice(0, MOST_UNSEEN).join('; ')}${more}.`,
  ];
}
