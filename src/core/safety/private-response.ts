/**
 * WS303: a response that belongs to one user and that caches which users share may store (RFC 9111). What the header fields
 * allow was told at capture (`HttpRequest.shared`); here the requests of each route are held together.
 */
import { CODES } from '../codes.ts';
import type { Draft } from '../document.ts';
import type { Confidence } from '../finding.ts';
import type { HttpRequest, SharedResponse } from '../operation.ts';
import { stepsOf } from '../timeline.ts';

interface Group {
  readonly route: string;
  readonly told: { readonly request: HttpRequest; readonly shared: SharedResponse }[];
  /** Without credentials, and answered all the same: then the response is not one user's. */
  anonymous: number;
  /** Requests that were refused for want of credentials. */
  refused: number;
}

/** Findings, one a route. */
export function privateResponses(
  requests: readonly HttpRequest[],
  routeOf: (request: HttpRequest) => string,
): Draft[] {
  const groups = new Map<string, Group>();
  const groupOf = (request: HttpRequest): Group => {
    const route = routeOf(request);
    const group = groups.get(route) ?? { route, told: [], anonymous: 0, refused: 0 };
    groups.set(route, group);
    return group;
  };
  for (const request of requests) {
    const { shared, code } = request;
    if (code === 401 || code === 403) groupOf(request).refused++;
    if (shared === undefined) continue;
    const group = groupOf(request);
    if (shared.credentials === 'none' && shared.setsSession !== true) group.anonymous++;
    else group.told.push({ request, shared });
  }
  return [...groups.values()].flatMap((group) => findingsOf(group));
}

function findingsOf(group: Group): readonly Draft[] {
  const ranked = group.told
    .map((told) => ({ ...told, confidence: confidenceOf(told.shared, group) }))
    .sort((a, b) => ORDER[a.confidence] - ORDER[b.confidence] || a.request.invoke - b.request.invoke);
  const worst = ranked[0];
  if (worst === undefined) return [];
  const { request, shared, confidence } = worst;
  return [
    {
      code: 'WS303',
      cause: CODES.WS303.name,
      template: group.route,
      key: request.path,
      db: 0,
      keys: new Set(ranked.map((told) => told.request.path)).size,
      confidence,
      staleForMs: 0,
      hits: ranked.length,
      endedBy: null,
      writer: null,
      reader: group.route,
      witness: stepsOf([
        {
          op: request.id,
          at: request.invoke,
          lane: 'reader',
          session: request.session,
          text: `${request.method} ${request.path}`,
          result: `${request.code ?? 'no answer'}, ${WITH[shared.credentials]}`,
          note:
            shared.setsSession === true ? 'hands out a session cookie, and may be shared' : 'may be shared',
          decisive: true,
        },
      ]),
      summary: `${group.route} answered one user with a response that shared caches may give to others, ${ranked.length} ${ranked.length === 1 ? 'time' : 'times'}.`,
      explanation: explain(shared, group),
      remedy: remedyOf(shared),
    },
  ];
}

const ORDER: Readonly<Record<Confidence, number>> = { proved: 0, likely: 1, possible: 2 };
const WITH = {
  authorization: 'with Authorization',
  cookie: 'with a session cookie',
  none: 'without credentials',
};

/**
 * A session cookie in a response that says itself that it may be shared is certain. Else the header fields tell that it may be
 * stored, and not whose it is: a page that is answered without credentials as well is likely the same for all.
 */
function confidenceOf(shared: SharedResponse, group: Group): Confidence {
  if (shared.setsSession === true) return shared.by === 'explicit' ? 'proved' : 'likely';
  if (group.anonymous > 0) return 'possible';
  if (shared.by === 'explicit') return 'likely';
  return group.refused > 0 ? 'likely' : 'possible';
}

function explain(shared: SharedResponse, group: Group): string {
  const allows =
    shared.by === 'explicit'
      ? 'Its Cache-Control allows caches between the service and its users to store it'
      : 'Nothing in its header fields forbids caches between the service and its users to store it';
  if (shared.setsSession === true)
    return `${allows} with the session cookie that it sets: whoever is answered from such a cache is given the same session.`;
  const asked = shared.credentials === 'authorization' ? 'the Authorization field' : 'the session cookie';
  const known =
    group.anonymous > 0
      ? ' The route is answered without credentials as well, so it may be meant for all.'
      : group.refused > 0
        ? ' Other requests of the route were refused, so it is not meant for all.'
        : '';
  return `${allows}, and Vary does not name ${asked} by which the service knew its user.${known}`;
}

function remedyOf(shared: SharedResponse): Draft['remedy'] {
  const steps = [
    'Answer with Cache-Control: private (or no-store) wherever the response depends on who asks.',
  ];
  if (shared.setsSession === true) steps.push('Set cookies only in responses that no cache may store.');
  else
    steps.push(
      'Where it is the same for all, answer it without reading credentials, and leave public as it is.',
      'Purge the caches in front of the service: they may hold responses of single users.',
    );
  return { title: 'keep the response out of shared caches', steps };
}
