/** One request at a time over all proxies, and what must not block the others: streams, upgrades, clients that leave. */
import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HEALTH_PATH } from '../../src/proxy/http.ts';
import { RequestQueue } from '../../src/proxy/http-queue.ts';
import { proxyTo, send, service, socketService } from './http-support.ts';
import { connect, readText, sleep, until } from './support.ts';

function serialized(turnMs?: number) {
  const said: string[] = [];
  const queue = new RequestQueue({
    degrade: (code) => void said.push(code),
    ...(turnMs === undefined ? {} : { turnMs }),
  });
  return { queue, said };
}

/** Answers after `ms` with its path; notes how many requests it had at once. */
async function slowService(ms: number) {
  const seen = { paths: [] as string[], most: 0, now: 0 };
  const target = await service(async (request, response) => {
    seen.paths.push(request.url ?? '');
    seen.most = Math.max(seen.most, ++seen.now);
    const body = await text(request);
    await sleep(ms);
    seen.now--;
    response.end(`${request.url} ${body}`);
  });
  return { target, seen };
}

describe('requests', () => {
  test('pass one at a time over two proxies, in order of arrival, and count from when they were forwarded', async () => {
    const { target, seen } = await slowService(5);
    const { queue } = serialized();
    const proxies = [await proxyTo(target, { queue }), await proxyTo(target, { queue, prefix: 'http-2' })];
    const answers = Array.from({ length: 20 }, async (_, i) => {
      await sleep(i);
      const { port } = proxies[i % 2]!;
      return text(await send(port, { method: 'POST', path: `/${i}` }, `body ${i}`));
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, i) => `/${i} body ${i}`));
    expect(seen.most).toBe(1);
    const all = proxies.flatMap(({ requests }) => requests).sort((a, b) => a.invoke - b.invoke);
    expect(all.map(({ path }) => path)).toEqual(seen.paths);
    for (const [i, request] of all.slice(1).entries()) {
      expect(request.invoke).toBeGreaterThan(all[i]!.end!.return!);
    }
    expect(new Set(all.map(({ session }) => session.split(':')[0]))).toEqual(new Set(['http', 'http-2']));
  });

  test('pipelined on one connection are answered in order', async () => {
    const { target } = await slowService(2);
    const { queue } = serialized();
    const { port } = await proxyTo(target, { queue });
    const client = await connect({ host: '127.0.0.1', port });
    const head = 'HTTP/1.1\r\nhost: x\r\n';
    client.write(`GET /first ${head}\r\nGET /second ${head}\r\nGET /third ${head}connection: close\r\n\r\n`);
    expect((await readText(client)).match(/\/[a-z]+/g)).toEqual(['/first', '/second', '/third']);
  });

  test('that wait for 100-continue, have no body or a large one, pass as ever', async () => {
    const target = await service(async (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 7 }).end();
      else if (request.url === '/304') response.writeHead(304).end();
      else request.pipe(response);
    });
    target.server.on('checkContinue', (request, response) => {
      response.writeContinue();
      request.pipe(response);
    });
    const { queue } = serialized();
    const { port, requests } = await proxyTo(target, { queue });
    const block = Buffer.alloc(1 << 20, 'x');
    const large = send(port, { method: 'POST' }, Readable.from(Array.from({ length: 32 }, () => block)));
    const head = send(port, { method: 'HEAD' });
    const unchanged = send(port, { path: '/304' });
    const careful = http.request({
      ...{ host: '127.0.0.1', port, method: 'PUT', agent: false },
      headers: { expect: '100-continue', 'content-length': 4 },
    });
    careful.on('continue', () => careful.end('data')).flushHeaders();
    let size = 0;
    for await (const chunk of (await large) as AsyncIterable<Buffer>) size += chunk.length;
    expect(size).toBe(32 << 20);
    expect((await head).headers['content-length']).toBe('7');
    expect((await unchanged).statusCode).toBe(304);
    expect(await text((await once(careful, 'response'))[0])).toBe('data');
    await until(() => requests.every(({ end }) => end !== undefined));
    expect(queue.waiting).toBe(0);
  });

  test('after one whose service is down, or broke off, have their turn', async () => {
    const target = await service((request, response) => {
      if (request.url === '/break') request.socket.destroy();
      else response.end('ok');
    });
    const down = await service(() => {});
    down.server.close();
    const { queue } = serialized();
    const [up, gone] = [await proxyTo(target, { queue }), await proxyTo(down, { queue })];
    const first = send(up.port, { path: '/break' });
    const second = send(gone.port);
    const upgrade = send(gone.port, { headers: { connection: 'Upgrade', upgrade: 'websocket' } });
    const third = send(up.port);
    await expect(first).rejects.toThrow();
    expect([(await second).statusCode, (await upgrade).statusCode]).toEqual([502, 502]);
    expect(await text(await third)).toBe('ok');
  });

  test('to the health path do not wait', async () => {
    const target = await service(() => {});
    const { queue } = serialized();
    const { port, requests } = await proxyTo(target, { queue });
    send(port).catch(() => {});
    await until(() => requests.length === 1);
    expect((await send(port, { path: HEALTH_PATH })).statusCode).toBe(200);
  });
});

describe('clients that go away', () => {
  test('while they wait are never forwarded', async () => {
    const { target, seen } = await slowService(60);
    const { queue } = serialized();
    const { port, requests, proxy } = await proxyTo(target, { queue });
    const first = send(port, { path: '/first' });
    await until(() => requests.length === 1);
    const client = await connect({ host: '127.0.0.1', port });
    client.write('GET /gone HTTP/1.1\r\nhost: x\r\n\r\nGET /gone HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => queue.waiting === 2);
    client.destroy();
    await until(() => queue.waiting === 0);
    expect(await text(await first)).toBe('/first ');
    expect(await text(await send(port, { path: '/next' }))).toBe('/next ');
    expect(seen.paths).toEqual(['/first', '/next']);
    expect([requests.length, proxy.figures().open]).toEqual([2, 0]);
  });

  test('in their turn let the next one through', async () => {
    const target = await service((request, response) => {
      if (request.url === '/next') response.end('ok');
    });
    const { queue } = serialized();
    const { port, requests } = await proxyTo(target, { queue });
    const client = await connect({ host: '127.0.0.1', port });
    client.write('GET /never HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => requests.length === 1);
    const next = send(port, { path: '/next' });
    await until(() => queue.waiting === 1);
    client.destroy();
    expect(await text(await next)).toBe('ok');
    expect(requests[0]!.end?.failure).toBe('client');
  });
});

describe('what does not end', () => {
  test('a stream keeps the others waiting up to the bound, and goes on', async () => {
    let emit = (_text: string) => {};
    const target = await service((request, response) => {
      if (request.url !== '/events') return void response.end('ok');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      emit = (event) => void response.write(event);
    });
    const { queue, said } = serialized(150);
    const { port } = await proxyTo(target, { queue });
    const events = await send(port, { path: '/events' });
    const begun = performance.now();
    const others = [send(port), send(port)];
    expect(await Promise.all(others.map(async (other) => text(await other)))).toEqual(['ok', 'ok']);
    expect(performance.now() - begun).toBeGreaterThan(100);
    emit('data: still there\n\n');
    expect(String((await once(events, 'data'))[0])).toBe('data: still there\n\n');
    expect(said).toEqual(['serialize-bound']);
    events.destroy();
  });

  test('a WebSocket leaves the queue once it is one', async () => {
    const target = await socketService();
    const { queue, said } = serialized();
    const { port, requests } = await proxyTo(target, { queue });
    const client = await connect({ host: '127.0.0.1', port });
    client.write(
      'GET /live HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await until(() => requests[0]?.end !== undefined);
    expect(await text(await send(port))).toBe('plain none');
    let received = '';
    client.on('data', (chunk) => (received += chunk));
    client.write('a frame');
    await until(() => received.endsWith('a frame'));
    expect([requests[0]!.end?.code, said]).toEqual([101, []]);
  });

  test('a WebSocket waits for its turn', async () => {
    const target = await socketService();
    const { queue } = serialized();
    const slow = await slowService(50);
    const [first, second] = [await proxyTo(slow.target, { queue }), await proxyTo(target, { queue })];
    const before = send(first.port);
    await until(() => first.requests.length === 1);
    const request = http.request({
      ...{ host: '127.0.0.1', port: second.port, agent: false },
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
    request.end();
    const [answer, socket] = (await once(request, 'upgrade')) as [
      http.IncomingMessage,
      import('node:net').Socket,
    ];
    onTestFinished(() => void socket.destroy());
    expect(answer.statusCode).toBe(101);
    await text(await before);
    expect(second.requests[0]!.invoke).toBeGreaterThan(first.requests[0]!.end!.return!);
  });

  test('a proxy that stops drops what waits', async () => {
    const target = await service(() => {});
    const { queue } = serialized();
    const { port, proxy, requests } = await proxyTo(target, { queue });
    const all = [send(port), send(port), send(port, { headers: { connection: 'Upgrade', upgrade: 'x' } })];
    for (const one of all) one.catch(() => {});
    await until(() => requests.length === 1 && queue.waiting === 2);
    await proxy.stop(50);
    for (const one of all) await expect(one).rejects.toThrow();
    await until(() => queue.waiting === 0);
    expect(requests.length).toBe(1);
  });
});
