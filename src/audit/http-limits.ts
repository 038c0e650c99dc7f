/**
 * Size limits, really tried: at most four large requests, one after the other, each ended at the first sign of a refusal. Bytes are
 * made as they are sent, as fast as the service takes them, up to a cap.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.14 (413), 15.5.15 (414), RFC 6585 section 5 (431)
 */
import type { ClientRequest } from 'node:http';
import { counted } from '../core/numbers.ts';
import { maskForms } from '../recording/mask.ts';
import type { ItemName, Judgement } from './catalogue.ts';
import { ask, type Fields, headersOf, senderFor, target } from './http-ask.ts';

export const LIMITS_TRIED = {
  /** Bytes of a body, and of one piece of it. */
  body: 67_108_864,
  piece: 65_536,
  /** Bytes of one header field, and of the query of one URL. */
  header: 65_536,
  url: 65_536,
  /** Time for one body, ms. */
  time: 15_000,
} as const;

export interface LimitTarget {
  readonly base: URL;
  /** Where a body is sent, e.g. `POST /items`. */
  readonly upload: { readonly method: string; readonly path: string };
  /** Where header fields and a long query are sent. */
  readonly path: string;
  /** Fields sent with every request, credentials included. */
  readonly fields: Fields;
}

/** Tries them all. `cap`: bytes of a body. */
export async function tryLimits(
  to: LimitTarget,
  cap: number = LIMITS_TRIED.body,
): Promise<readonly (readonly [ItemName, Judgement])[]> {
  const declared = await stillThere(judgeBody(await sendBody(to, 'declared', cap), cap, to), to);
  // Whoever takes a body of known length takes one of unknown length as well: it need not be sent.
  const chunked: Judgement =
    declared.state === 'bad'
      ? { state: 'bad', evidence: 'as a declared one: not tried again', mend: BODY_MEND }
      : await stillThere(judgeBody(await sendBody(to, 'chunked', cap), cap, to), to);
  return [
    ['http.body-limit', declared],
    ['http.chunked-body-limit', chunked],
    ['http.header-limit', await tryHead(to, 'header')],
    ['http.url-limit', await tryHead(to, 'url')],
  ];
}

/** A closed connection is a refusal only if the service goes on answering. */
async function stillThere(judgement: Judgement, { base, path, fields }: LimitTarget): Promise<Judgement> {
  if (judgement.state !== 'ok' || (await ask(base, path, fields)).status !== null) return judgement;
  return {
    state: 'bad',
    evidence: `${judgement.evidence}; since then the service does not answer`,
    mend: BODY_MEND,
  };
}

/** How a body ended. `sent`: bytes that went out before. */
type BodyEnd =
  | { readonly is: 'answered'; readonly status: number; readonly sent: number; readonly whole: boolean }
  | { readonly is: 'closed'; readonly sent: number }
  | { readonly is: 'stuck'; readonly sent: number }
  | { readonly is: 'refused'; readonly reason: string };

const BODY_MEND =
  'set a limit in the service or in front of it: client_max_body_size (nginx), express.json({ limit }), a check of Content-Length and of the bytes read (ASGI middleware)';

function judgeBody(end: BodyEnd, cap: number, { upload }: LimitTarget): Judgement {
  const where = `${upload.method} ${maskForms(upload.path)}`;
  switch (end.is) {
    case 'refused':
      return { state: 'unknown', evidence: `no connection: ${end.reason}` };
    case 'closed':
      return { state: 'ok', evidence: `${where}: the connection was closed after ${size(end.sent)}` };
    case 'stuck':
      return {
        state: 'unknown',
        evidence: `${where}: neither read nor refused after ${size(end.sent)} and ${LIMITS_TRIED.time / 1000} s`,
        mend: BODY_MEND,
      };
    case 'answered':
      if (end.status === 413) return { state: 'ok', evidence: `${where}: 413 after ${size(end.sent)}` };
      if (end.whole)
        return {
          state: 'bad',
          evidence: `${where}: all ${size(cap)} were taken, then ${end.status}`,
          mend: BODY_MEND,
        };
      return {
        state: 'unknown',
        evidence: `${where}: ${end.status} before the body was read, so its limit was not reached`,
        mend: "name a request that takes a body: --upload 'POST /items'",
      };
  }
}

function size(bytes: number): string {
  return bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KB` : `${Math.round(bytes / 1_048_576)} MB`;
}

function sendBody(to: LimitTarget, form: 'declared' | 'chunked', cap: number): Promise<BodyEnd> {
  return new Promise((resolve) => {
    let sent = 0;
    let whole = false;
    let connected = false;
    const fields: Fields = [
      ...to.fields,
      ['content-type', 'application/json'],
      form === 'declared' ? ['content-length', String(cap)] : ['transfer-encoding', 'chunked'],
    ];
    const request = senderFor(to.base)(target(to.base, to.upload.path), {
      method: to.upload.method,
      headers: headersOf(fields),
      agent: false,
    });
    const end = (result: BodyEnd): void => {
      clearTimeout(late);
      resolve(result);
      request.destroy();
    };
    const late = setTimeout(() => end({ is: 'stuck', sent }), LIMITS_TRIED.time);
    request.on('socket', (socket) =>
      socket.once('connect', () => {
        connected = true;
      }),
    );
    request.on('error', (error: NodeJS.ErrnoException) =>
      end(connected ? { is: 'closed', sent } : { is: 'refused', reason: error.code ?? error.message }),
    );
    request.on('response', (response) => {
      response.on('error', () => undefined);
      end({ is: 'answered', status: response.statusCode ?? 0, sent, whole });
    });
    pour(request, cap, (bytes, last) => {
      sent += bytes;
      whole = last;
    });
  });
}

/** Writes the body, waiting whenever the service is slower. A JSON text that never ends, so that parsers go on reading. */
function pour(request: ClientRequest, cap: number, wrote: (bytes: number, last: boolean) => void): void {
  const piece = Buffer.alloc(LIMITS_TRIED.piece, 'a');
  let left = cap;
  const start = Buffer.from('{"whystale-audit":"');
  const write = (): void => {
    while (left > 0 && !request.destroyed) {
      const bytes = left === cap ? start.subarray(0, cap) : piece.subarray(0, Math.min(left, piece.length));
      left -= bytes.length;
      const room = request.write(bytes);
      wrote(bytes.length, left === 0);
      if (!room) {
        request.once('drain', write);
        return;
      }
    }
    if (!request.destroyed) request.end();
  };
  write();
}

const REFUSALS: ReadonlySet<number> = new Set([400, 413, 414, 431]);

async function tryHead(to: LimitTarget, what: 'header' | 'url'): Promise<Judgement> {
  const bytes = LIMITS_TRIED[what];
  const long = 'a'.repeat(bytes);
  const query = to.path.includes('?') ? `&whystale-audit=${long}` : `?whystale-audit=${long}`;
  const answer =
    what === 'header'
      ? await ask(to.base, to.path, [...to.fields, ['x-whystale-audit', long]])
      : await ask(to.base, `${to.path}${query}`, to.fields);
  const plain = await ask(to.base, to.path, to.fields);
  const tried = `${what === 'header' ? 'one field' : 'a query'} of ${counted(bytes / 1024, 'KB', 'KB')}`;
  if (plain.status === null || REFUSALS.has(plain.status))
    return {
      state: 'unknown',
      evidence: `${tried}: a plain request is refused as well (${plain.status ?? plain.reason})`,
      mend: 'name a path that answers: --path /items/1',
    };
  if (answer.status === null) {
    // Closing is a refusal; a service that is gone or does not answer is none.
    if (/ECONNRESET|EPIPE|socket hang up/i.test(answer.reason))
      return { state: 'ok', evidence: `${tried}: the connection was closed` };
    return { state: 'unknown', evidence: `${tried}: no answer (${answer.reason})` };
  }
  if (REFUSALS.has(answer.status)) return { state: 'ok', evidence: `${tried}: ${answer.status}` };
  return {
    state: 'bad',
    evidence: `${tried} was taken: ${answer.status}`,
    mend:
      what === 'header'
        ? 'set a limit: large_client_header_buffers (nginx), --max-http-header-size (Node), --h11-max-incomplete-event-size (uvicorn)'
        : 'set a limit: large_client_header_buffers (nginx), --max-http-header-size (Node), --limit-request-line (gunicorn)',
  };
}
