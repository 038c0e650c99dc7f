/** A finding of a recording as the beginning of a case. */
import type { Finding } from '../core/finding.ts';
import type { Digest, HttpRequest, Operation } from '../core/operation.ts';
import { cutterOf } from '../core/templates.ts';
import { type Candidate, canBeSent, recorded } from '../race/hunt/requests.ts';
import { isOf } from '../race/hunt/told.ts';
import { type CaseDraft, EMPTY_DRAFT } from './draft.ts';
import { slugOf } from './names.ts';

/** What is known beside the finding. */
export interface FoundIn {
  /** The recording's folder, relative to the folder of the case. */
  readonly recording: string;
  /** The command that was recorded. */
  readonly command: readonly string[] | null;
  readonly operations: Iterable<Operation>;
  /** The value behind a digest, where the recording holds values in the clear. */
  readonly reveal: (digest: Digest) => string | undefined;
}

const ROUTE = /^[A-Z]+ \/\S*$/;
/** Methods whose requests have a body as a rule (RFC 9110, section 9.3). */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

export function draftFromFinding(finding: Finding, found: FoundIn): CaseDraft {
  const route = finding.reader !== null && ROUTE.test(finding.reader) ? finding.reader : null;
  const witnessed = new Set(finding.witness.map(({ op }) => op));
  const values = cutterOf(finding.template)(finding.key) ?? [];
  const seen = seenIn(found.operations, { route, witnessed, values });
  const input = route === null ? NO_INPUT : inputOf(route, seen, found);
  const { id, code, cause, template, key, confidence, remedy } = finding;
  return {
    ...EMPTY_DRAFT,
    title: `${code} ${cause}: ${template}`,
    route,
    symptom: finding.summary,
    input: input.requests,
    sql: seen.statement,
    assumptions:
      confidence === 'proved' ? [] : [`the finding is right: whystale calls it ${confidence}, not proved`],
    finding: { id, code, template, key, recording: found.recording },
    suggestion: remedy.title,
    recorded: found.command,
    hints: {
      input: input.hints,
      change: [
        `What whystale suggests for ${id}: ${remedy.title}.`,
        ...remedy.steps.map((step, i) => `  ${i + 1}. ${step}`),
        ...(remedy.recipe === undefined ? [] : [`  See ${remedy.recipe}.`]),
      ],
      ...(found.command === null
        ? {}
        : {
            service: [
              'The command as it was recorded: it must take its port and its stores from its variables.',
            ],
          }),
    },
  };
}

/** A name for the case of a finding: `stale-fill-race-item-id`. */
export function nameOfFinding({ cause, template }: Pick<Finding, 'cause' | 'template'>): string | null {
  return slugOf(`${cause} ${template}`);
}

interface Seen {
  /** Requests of the route: those of the witness first, then those that ask for the same thing. */
  readonly requests: readonly HttpRequest[];
  /** Shape of the statement that the cached value is made of. */
  readonly statement: string | null;
}

/** Requests of a route that are looked at. */
const MAX_REQUESTS = 1_000;

const PATH_PARTS = /[/?&=]/;

interface Wanted {
  readonly route: string | null;
  /** Operations of the witness. */
  readonly witnessed: ReadonlySet<number>;
  /** What varies in the key, e.g. 7 of `item:7`: a request that holds it asks for the same thing. */
  readonly values: readonly string[];
}

function seenIn(operations: Iterable<Operation>, { route, witnessed, values }: Wanted): Seen {
  const requests: HttpRequest[] = [];
  const ordinals = new Set<number>();
  let statement: string | null = null;
  for (const operation of operations) {
    const witness = witnessed.has(operation.id);
    if (witness && operation.request !== undefined) ordinals.add(operation.request);
    if (operation.tier === 'http') {
      const fits = route !== null && isOf(route, operation) && canBeSent(operation.path);
      if (fits && requests.length < MAX_REQUESTS) requests.push(operation);
    } else if (witness && operation.tier === 'source' && operation.kind === 'read')
      statement ??= operation.shape;
  }
  const about = (path: string): boolean => {
    const parts = new Set(path.split(PATH_PARTS));
    return values.length > 0 && values.every((value) => parts.has(value));
  };
  const near = ({ request, path, code }: HttpRequest) =>
    (request !== undefined && ordinals.has(request) ? 0 : about(path) ? 2 : 4) +
    (code !== null && code < 400 ? 0 : 1);
  return { requests: requests.toSorted((a, b) => near(a) - near(b)), statement };
}

interface Input {
  readonly requests: readonly string[];
  readonly hints: readonly string[];
}

const NO_INPUT: Input = { requests: [], hints: [] };

/** One request of the route: the one that is known best. */
function inputOf(route: string, { requests }: Seen, { reveal }: FoundIn): Input {
  const candidates = requests.map((request) => recorded(request, new Set(), { reveal }));
  const [best] = candidates.toSorted((a, b) => queryOf(a).length - queryOf(b).length);
  if (best === undefined)
    return {
      requests: [],
      hints: [`The paths of ${route} were not recorded in clear: write one that exists.`],
    };
  const { method, path, unknown } = best;
  if (WITH_BODY.has(method))
    return {
      requests: [],
      hints: [`Seen: ${method} ${path}. Its body is not recorded: write it beside it.`],
    };
  const headers = unknown.filter((place) => place.startsWith('header:')).map((place) => place.slice(7));
  return {
    requests: [`${method} ${path}`],
    hints: [
      ...(queryOf(best).length === 0
        ? []
        : [
            `CHECK: it was asked with ${queryOf(best).join(', ')}; the values of queries are recorded with --values.`,
          ]),
      ...(headers.length === 0
        ? []
        : [`CHECK: it was asked with the header ${headers.join(', ')}, whose value is not recorded.`]),
    ],
  };
}

function queryOf({ unknown }: Candidate): readonly string[] {
  return unknown.filter((place) => place.startsWith('?'));
}
