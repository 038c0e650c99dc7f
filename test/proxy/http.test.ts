import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HEALTH_PATH } from '../../src/proxy/http.ts';
import { proxyTo, send, service, socketService } from './http-support.ts';
import { connect, drain, readText, sleep, startStore, until } from './support.ts';

describe('a request', () => {
  test('and its response arrive with headers, status and body as they were sent, and nothing more', async () => {
    let seen: string[] = [];
    const target = await service(async (request, response) => {
      seen = [`${request.method} ${request.url}`, ...request.rawHeaders, await text(request)];
      response.sendDate = false;
      response.removeHeader('connection');
      response.writeHead(207, 'Some Of It', [
        'X-One',
        '1',
        'Set-Cookie',
        'a=1',
        'x-one',
        '2',
        'Set-Cookie',
        'b=2',
        'Content-Length',
        '5',
      ]);
      response.end('there');
    });
    const { port } = await proxyTo(target);
    const client = await connect({ host: '127.0.0.1', port });
    client.write(
      'POST /a%20b?q=1 HTTP/1.1\r\nHost: shop.example\r\nX-UPPER: Yes\r\ncontent-length: 2\r\naccept: a\r\n\r\nhi',
    );
    const [answer] = await once(client, 'data');
    expect(seen).toEqual([
      'POST /a%20b?q=1',
      'Host',
      'shop.example',
      'X-UPPER',
      'Yes',
      'content-length',
      '2',
      'accept',
      'a',
      'hi',
    ]);
    expect(String(answer)).toBe(
      'HTTP/1.1 207 Some Of It\r\nX-One: 1\r\nSet-Cookie: a=1\r\nx-one: 2\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\nthere',
    );
  });

  test('is reported at its start and at its end, without its query', async () => {
    const target = await service((_request, response) => setTimeout(() => response.end('12345'), 30));
    const { port, requests } = await proxyTo(target);
    const answer = await send(port, { method: 'PUT', path: '/items/1?secret=x' }, 'body');
    expect(await text(answer)).toBe('12345');
    const [reported] = requests;
    expect(reported).toMatchObject({
      id: 1,
      session: 'http:1',
      method: 'PUT',
      path: '/items/1',
      end: { code: 200, size: 5, failure: null },
    });
    expect(reported!.end!.return! - reported!.invoke).toBeGreaterThan(25e6);
  });

  test('without a body gets none on the way, whatever its method', async () => {
    const heads: string[][] = [];
    const target = await service((request, response) => {
      heads.push(request.rawHeaders);
      response.end();
    });
    const { port } = await proxyTo(target);
    for (const method of ['GET', 'POST', 'DELETE', 'PATCH', 'PURGE']) {
      const client = await connect({ host: '127.0.0.1', port });
      client.write(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
      await once(client, 'data');
    }
    expect(heads).toEqual(Array.from({ length: 5 }, () => ['Host', 'x']));
  });

  test('can carry its id to the service when asked', async () => {
    const target = await service((request, response) => response.end(request.headers['x-request-number']));
    const { port } = await proxyTo(target, { idHeader: 'x-request-number' });
    expect(await text(await send(port))).toBe('1');
    expect(await text(await send(port))).toBe('2');
  });

  test('of HEAD and 304 keeps its headers and has no body', async () => {
    const target = await service((request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 12345 }).end();
      else response.writeHead(304, { etag: '"1"' }).end();
    });
    const { port } = await proxyTo(target);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const head = await send(port, { method: 'HEAD', agent });
    expect([head.headers['content-length'], await text(head)]).toEqual(['12345', '']);
    const unchanged = await send(port, { agent });
    expect([unchanged.statusCode, unchanged.headers.etag, await text(unchanged)]).toEqual([304, '"1"', '']);
  });

  test('passes trailers both ways', async () => {
    const target = await service(async (request, response) => {
      await text(request);
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': request.trailers['x-in'] ?? 'none' });
      response.end();
    });
    const { port } = await proxyTo(target);
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', headers: { trailer: 'x-in' } });
    request.write('part');
    request.addTrailers({ 'x-in': '42' });
    request.end();
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(await text(answer)).toBe('body');
    expect(answer.trailers).toEqual({ 'x-sum': '42' });
  });

  test('with Expect: 100-continue waits for the service’s word', async () => {
    const target = await service(() => {});
    target.server.on('checkContinue', async (request, response) => {
      if (request.url === '/no') {
        response.writeHead(417).end();
        return;
      }
      await sleep(20);
      response.writeContinue();
      response.end(await text(request));
    });
    const { port } = await proxyTo(target);
    const options = {
      host: '127.0.0.1',
      port,
      method: 'PUT',
      headers: { expect: '100-continue', 'content-length': 4 },
    };
    const request = http.request({ ...options, path: '/yes' });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('data');
    expect(await text((await once(request, 'response'))[0])).toBe('data');
    const refused = http.request({ ...options, path: '/no' });
    refused.on('error', () => {});
    refused.flushHeaders();
    expect((await once(refused, 'response'))[0].statusCode).toBe(417);
    refused.destroy();
  });

  test('gets interim responses', async () => {
    const target = await service((_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('ok'));
    });
    const { port } = await proxyTo(target);
    const request = http.get({ host: '127.0.0.1', port });
    const answered = once(request, 'response');
    const [info] = (await once(request, 'information')) as [http.InformationEvent];
    expect([info.statusCode, info.headers.link]).toEqual([103, '</a.css>; rel=preload']);
    expect(await text((await answered)[0])).toBe('ok');
  });

  test('of an HTTP/1.0 client gets a body that ends with the connection', async () => {
    const target = await service((_request, response) => {
      response.write('one ');
      response.end('two');
    });
    const { port } = await proxyTo(target);
    const client = await connect({ host: '127.0.0.1', port });
    client.write('GET / HTTP/1.0\r\n\r\n');
    const answer = await readText(client);
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer.split('\r\n\r\n')[1]).toBe('one two');
  });

  test('and its response may have large heads', async () => {
    const large = 'v'.repeat(200_000);
    const target = await service(
      (request, response) => {
        response.setHeader('x-back', String(request.headers['x-large']));
        response.end();
      },
      { maxHeaderSize: 1 << 20 },
    );
    const { port } = await proxyTo(target);
    const answer = await send(port, { headers: { 'x-large': large }, maxHeaderSize: 1 << 20 });
    expect(answer.headers['x-back']).toBe(large);
  });

  test('is reported with the trace that it carries, and carries it on', async () => {
    const target = await service((request, response) => response.end(request.headers.traceparent));
    const { port, requests } = await proxyTo(target);
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
    expect(await text(await send(port, { headers: { traceparent } }))).toBe(traceparent);
    await text(await send(port));
    expect(requests.map((request) => request.trace)).toEqual([trace, null]);
  });

  test('can have its response’s headers changed on their way, the body stays', async () => {
    const target = await service((_request, response) => {
      response.writeHead(200, ['X-A', '1', 'Set-Cookie', 'a', 'Set-Cookie', 'b', 'Content-Length', '4']);
      response.end('body');
    });
    const { port } = await proxyTo(target, {
      onRequest: () => ({ head: (headers) => [...headers, 'X-More', 'yes'], end: () => {} }),
    });
    const answer = await send(port);
    expect(answer.rawHeaders.slice(0, 8)).toEqual([
      'X-A',
      '1',
      'Set-Cookie',
      'a',
      'Set-Cookie',
      'b',
      'Content-Length',
      '4',
    ]);
    expect(answer.headers).toMatchObject({ 'x-more': 'yes' });
    expect(await text(answer)).toBe('body');
  });

  test('gets a body that the service ends by closing', async () => {
    const target = await startStore((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nX: y\r\n\r\nuntil the end')),
    );
    const { port, requests } = await proxyTo(target);
    const answer = await send(port);
    expect(answer.headers['transfer-encoding']).toBeUndefined();
    expect(await text(answer)).toBe('until the end');
    expect(requests[0]!.end).toMatchObject({ code: 200, size: 13, failure: null });
  });
});

describe('streams', () => {
  test('256 MB pass both ways in bounded memory', async () => {
    const size = 256 << 20;
    const block = randomBytes(1 << 20);
    const blocks = function* () {
      for (let sent = 0; sent < size; sent += block.length) yield block;
    };
    const hash = createHash('sha256');
    for (const part of blocks()) hash.update(part);
    const expected = hash.digest('hex');
    const target = await service((request, response) => void request.pipe(response));
    const { port, requests } = await proxyTo(target);
    const answer = await send(port, { method: 'POST' }, Readable.from(blocks()));
    let peak = 0;
    const start = process.memoryUsage();
    const timer = setInterval(() => {
      const now = process.memoryUsage();
      peak = Math.max(peak, now.heapUsed + now.external - start.heapUsed - start.external);
    }, 5);
    onTestFinished(() => clearInterval(timer));
    const got = createHash('sha256');
    let reads = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      got.update(chunk);
      if (reads++ < 20) await sleep(10);
    }
    expect(got.digest('hex')).toBe(expected);
    expect(requests[0]!.end).toMatchObject({ size, failure: null });
    expect(peak).toBeLessThan(96 << 20);
  });

  test('events arrive one by one, the head before the first', async () => {
    let emit = (_text: string) => {};
    const target = await service((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      emit = (event) => void response.write(event);
    });
    const { port } = await proxyTo(target);
    const answer = await send(port);
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      emit(event);
      expect(String((await once(answer, 'data'))[0])).toBe(event);
    }
    answer.destroy();
  });

  test('an upload reaches the service before it is complete', async () => {
    let first = '';
    const target = await service((request, response) => {
      request.once('data', (chunk) => {
        first = String(chunk);
        response.end('enough');
      });
      request.resume();
    });
    const { port } = await proxyTo(target);
    const request = http.request({ host: '127.0.0.1', port, method: 'POST' });
    request.on('error', () => {});
    request.write('the first part');
    expect(await text((await once(request, 'response'))[0])).toBe('enough');
    expect(first).toBe('the first part');
    request.destroy();
  });
});

describe('connections', () => {
  test('are kept, one towards the service for each of the clients', async () => {
    const sockets = new Set<net.Socket>();
    const target = await service((request, response) => {
      sockets.add(request.socket);
      response.end('ok');
    });
    const { port, requests } = await proxyTo(target);
    for (const method of ['GET', 'POST']) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      onTestFinished(() => agent.destroy());
      for (let round = 0; round < 3; round++) await text(await send(port, { agent, method }));
    }
    expect(sockets.size).toBe(2);
    expect(requests.map((request) => request.session)).toEqual([
      'http:1',
      'http:1',
      'http:1',
      'http:2',
      'http:2',
      'http:2',
    ]);
  });

  test('that the service closes when idle are closed towards the client', async () => {
    const target = await service((_request, response) => response.end('ok'));
    target.server.keepAliveTimeout = 50;
    const { port } = await proxyTo(target);
    const client = await connect({ host: '127.0.0.1', port });
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await readText(client)).toContain('200 OK');
  });

  test('carry pipelined requests in order', async () => {
    const target = await service((request, response) => {
      setTimeout(() => response.end(request.url), request.url === '/first' ? 30 : 0);
    });
    const { port } = await proxyTo(target);
    const client = await connect({ host: '127.0.0.1', port });
    const head = 'HTTP/1.1\r\nhost: x\r\n';
    client.write(`GET /first ${head}\r\nGET /second ${head}\r\nGET /third ${head}connection: close\r\n\r\n`);
    expect((await readText(client)).match(/\/[a-z]+/g)).toEqual(['/first', '/second', '/third']);
  });

  test('that the client breaks off are broken off at the service', async () => {
    let aborted = false;
    const target = await service((_request, response) => {
      response.on('close', () => {
        aborted = !response.writableFinished;
      });
    });
    const { port, requests, proxy } = await proxyTo(target);
    const client = await connect({ host: '127.0.0.1', port });
    client.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => requests.length === 1);
    await sleep(20);
    client.destroy();
    await until(() => aborted);
    expect(requests[0]!.end).toEqual({ code: null, size: 0, return: null, failure: 'client' });
    expect(proxy.figures().open).toBe(0);
  });

  test('that the client breaks off end all its pipelined requests', async () => {
    const target = await service(() => {});
    const { port, requests, proxy } = await proxyTo(target);
    const client = await connect({ host: '127.0.0.1', port });
    client.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3));
    await until(() => requests.length === 3);
    client.destroy();
    await until(() => proxy.figures().open === 0);
    expect(requests.map(({ end }) => end?.failure)).toEqual(['client', 'client', 'client']);
  });

  test('that the service breaks off in a response are broken off at the client', async () => {
    const target = await service((request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => request.socket.destroy(), 20);
    });
    const { port, requests } = await proxyTo(target);
    const answer = await send(port);
    await expect(text(answer)).rejects.toThrow('aborted');
    expect(requests[0]!.end).toMatchObject({ code: 200, size: 4, return: null, failure: 'service' });
  });

  test('that the service breaks off before a response are broken off, not answered', async () => {
    const target = await service((request) => request.socket.destroy());
    const { port, requests } = await proxyTo(target);
    await expect(send(port)).rejects.toThrow(/ECONNRESET|hang up/);
    expect(requests[0]!.end).toEqual({ code: null, size: 0, return: null, failure: 'service' });
  });

  test('to a service that is down are answered 502 and say so', async () => {
    const target = await service(() => {});
    target.server.close();
    const { port, requests } = await proxyTo(target);
    const answer = await send(port, { method: 'POST' }, 'x');
    expect(answer.statusCode).toBe(502);
    expect(await text(answer)).toContain(`127.0.0.1:${target.port} cannot be reached (ECONNREFUSED)`);
    expect(requests[0]!.end).toMatchObject({ code: null, failure: 'unreachable' });
  });

  test('200 at once get their own answers', async () => {
    const target = await service((request, response) => void request.pipe(response));
    const { port, proxy } = await proxyTo(target);
    const answers = Array.from({ length: 200 }, async (_, index) => {
      const body = `body ${index} `.repeat(1 + index);
      expect(await text(await send(port, { method: 'POST' }, body))).toBe(body);
    });
    await Promise.all(answers);
    expect(proxy.figures()).toEqual({ requests: 200, open: 0 });
  });
});

describe('upgrades', () => {
  test('of a WebSocket become a tunnel, the first frame included', async () => {
    const { port, requests } = await proxyTo(await socketService());
    const client = await connect({ host: '127.0.0.1', port });
    client.write(
      'GET /live?x=1 HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly frame',
    );
    let received = '';
    client.on('data', (chunk) => (received += chunk));
    await until(() => received.endsWith('early frame'));
    expect(received).toMatch(/^HTTP\/1\.1 101 .*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/s);
    const frames = randomBytes(500_000);
    client.off('data', () => {});
    client.removeAllListeners('data');
    client.end(frames);
    const sum = await drain(client);
    expect(sum).toEqual({ bytes: frames.length, sha256: createHash('sha256').update(frames).digest('hex') });
    expect(requests).toMatchObject([{ method: 'GET', path: '/live', end: { code: 101, failure: null } }]);
  });

  test('to HTTP/2 in clear text are declined, and the connection goes on observed', async () => {
    const { port, requests } = await proxyTo(await socketService());
    const client = await connect({ host: '127.0.0.1', port });
    const h2c =
      'host: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n';
    let received = '';
    client.on('data', (chunk) => (received += chunk));
    for (const round of [1, 2]) {
      client.write(`POST /${round} HTTP/1.1\r\n${h2c}content-length: 4\r\n\r\nbody`);
      await until(() => received.split('plain none').length === round + 1);
    }
    expect(requests.map(({ session, path, end }) => [session, path, end?.code])).toEqual([
      ['http:1', '/1', 200],
      ['http:1', '/2', 200],
    ]);
  });

  test('to a service that is down are answered 502', async () => {
    const target = await service(() => {});
    target.server.close();
    const { port, requests } = await proxyTo(target);
    const answer = await send(port, { headers: { connection: 'Upgrade', upgrade: 'websocket' } });
    expect([answer.statusCode, requests[0]!.end!.failure]).toEqual([502, 'unreachable']);
  });
});

describe('the proxy itself', () => {
  test('answers its health path, unreported', async () => {
    const target = await service((_request, response) => response.end());
    const { port, requests } = await proxyTo(target);
    const answer = await send(port, { path: `${HEALTH_PATH}?x` });
    expect(JSON.parse(await text(answer))).toEqual({
      status: 'ok',
      target: `127.0.0.1:${target.port}`,
      requests: 0,
    });
    expect(requests).toEqual([]);
  });

  test('goes on when reporting fails, and says so once', async () => {
    const said: string[] = [];
    const target = await service((_request, response) => response.end('ok'));
    const { port } = await proxyTo(target, {
      onRequest: ({ id }) => {
        if (id === 1) throw new Error('no');
        const fail = () => {
          throw new Error('no');
        };
        return { head: fail, end: fail };
      },
      degrade: (code) => void said.push(code),
    });
    for (let round = 0; round < 2; round++) expect(await text(await send(port))).toBe('ok');
    expect(said).toEqual(['observer-failed']);
  });

  test('stops within its bound and lets a request finish', async () => {
    const target = await service((request, response) => {
      if (request.url === '/soon') setTimeout(() => response.end('done'), 50);
    });
    const { port, proxy } = await proxyTo(target);
    const soon = send(port, { path: '/soon' }).then(text);
    const never = send(port, { path: '/never' }).then(text);
    never.catch(() => {});
    await until(() => proxy.figures().open === 2);
    await proxy.stop(300);
    expect(await soon).toBe('done');
    await expect(never).rejects.toThrow();
    await expect(send(port)).rejects.toThrow('ECONNREFUSED');
  });
});
