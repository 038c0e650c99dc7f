/** A small router over node:http: patterns such as `/items/:id`, JSON in, JSON out. */

const MAX_BODY_BYTES = 64 * 1024;

export class HttpError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @typedef {object} Call
 * @property {Record<string, string>} params path segments named in the pattern
 * @property {URLSearchParams} query
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {() => Promise<Record<string, unknown>>} json reads the body
 */

/**
 * @param {Record<string, (call: Call) => Promise<{ status?: number, body: unknown }>>} routes keys such as `GET /items/:id`
 * @returns {(request: import('node:http').IncomingMessage) => Promise<{ status: number, body: unknown }>}
 */
export function createRouter(routes) {
  const table = Object.entries(routes).map(([name, handler]) => {
    const [method, pattern] = name.split(' ');
    return { method, segments: pattern.split('/'), handler };
  });
  return async (request) => {
    const url = new URL(request.url ?? '/', 'http://shop');
    const segments = url.pathname.split('/');
    for (const route of table) {
      const params = route.method === request.method ? match(route.segments, segments) : null;
      if (params === null) continue;
      const call = {
        params,
        query: url.searchParams,
        headers: request.headers,
        json: () => readJson(request),
      };
      const answer = await route.handler(call);
      return { status: answer.status ?? 200, body: answer.body };
    }
    throw new HttpError(404, `no route for ${request.method} ${url.pathname}`);
  };
}

function match(pattern, segments) {
  if (pattern.length !== segments.length) return null;
  const params = {};
  for (const [index, part] of pattern.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(segments[index]);
    else if (part !== segments[index]) return null;
  }
  return params;
}

async function readJson(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new HttpError(413, `body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (body !== null && typeof body === 'object' && !Array.isArray(body)) return body;
  } catch {
    // Told below, together with a body that is valid JSON but no object.
  }
  throw new HttpError(400, 'the body must be a JSON object');
}

/** @param {unknown} text @param {string} name @param {number} [max] @returns {number} */
export function positiveInteger(text, name, max = 2_147_483_647) {
  const value = typeof text === 'number' ? text : /^\d+$/.test(String(text)) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new HttpError(400, `${name} must be a whole number from 1 to ${max}`);
  }
  return value;
}

/** @param {unknown} value @param {string} name @returns {string} */
export function shortText(value, name) {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 200) {
    throw new HttpError(400, `${name} must be a text of 1 to 200 characters`);
  }
  return value;
}
