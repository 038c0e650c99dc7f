/** A service behind the HTTP proxy, and clients, for tests. Everything is closed when the test ends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type HttpProxyOptions, startHttpProxy } from '../../src/proxy/http.ts';
import type { HttpEnd, HttpStart } from '../../src/proxy/http-session.ts';
import { clock, free, tcp } from './support.ts';

export type Reported = HttpStart & { end?: HttpEnd };

export async function service(handle: http.RequestListener, options: http.ServerOptions = {}) {
  const server = http.createServer(options, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, host: '127.0.0.1', port: (server.address() as net.AddressInfo).port };
}

export async function proxyTo(
  target: { host: string; port: number },
  options: Partial<HttpProxyOptions> = {},
) {
  const requests: Reported[] = [];
  const proxy = await startHttpProxy({
    listen: free,
    target: { host: target.host, port: target.port },
    clock,
    onRequest: (start) => {
      const reported: Reported = { ...start };
      requests.push(reported);
      return {
        end: (end) => {
          reported.end = end;
        },
      };
    },
    ...options,
  });
  onTestFinished(() => proxy.stop(0));
  const { host, port } = tcp(proxy.endpoint);
  return { proxy, requests, host, port, url: `http://${host}:${port}` };
}

export function send(port: number, options: http.RequestOptions = {}, body?: string | Readable) {
  const request = http.request({ host: '127.0.0.1', port, agent: false, ...options });
  if (body instanceof Readable) body.pipe(request);
  else request.end(body);
  return new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
}

/** Answers a WebSocket handshake, then echoes. */
export async function socketService() {
  const target = await service((_request, response) =>
    response.end(`plain ${_request.headers.upgrade ?? 'none'}`),
  );
  target.server.on('upgrade', (request: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
    const key = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${key}\r\n\r\n`,
    );
    socket.write(head);
    socket.pipe(socket);
    socket.on('error', () => {});
  });
  return target;
}
