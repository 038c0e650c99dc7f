/** One JSON request over kept connections. */
import { Agent, request as httpRequest } from 'node:http';

/** Also the highest number of requests in flight, whatever the number of clients. */
export const MAX_CONNECTIONS = 50;
const REQUEST_TIMEOUT_MS = 20_000;
/** Shorter than the 5 s after which Node and uvicorn close an idle connection. */
const IDLE_SOCKET_MS = 3_000;

/** @param {number} hosts among which the connections are shared out */
export const createAgent = (hosts) =>
  new Agent({
    keepAlive: true,
    maxSockets: Math.max(1, Math.floor(MAX_CONNECTIONS / hosts)),
    timeout: IDLE_SOCKET_MS,
  });

/** Resolves to status, text and JSON body; rejects when no answer came. An answer that is no JSON counts as 502. */
export function send(base, agent, method, path, body, token) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = { accept: 'application/json' };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (payload !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = Buffer.byteLength(payload);
    }
    const request = httpRequest(new URL(path, base), { method, agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        try {
          resolve({ status: response.statusCode, text, body: JSON.parse(text) });
        } catch {
          resolve({ status: response.statusCode === 200 ? 502 : response.statusCode, text, body: null });
        }
      });
    });
    const limit = setTimeout(
      () => request.destroy(new Error(`no answer in ${REQUEST_TIMEOUT_MS} ms`)),
      REQUEST_TIMEOUT_MS,
    );
    request.on('close', () => clearTimeout(limit));
    request.on('error', reject);
    request.end(payload);
  });
}
