/** Handlers by method and path (`GET /shows/:id`), answered as JSON. What a handler throws is a 500. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

export function serve(routes) {
  const server = createServer(async (request, response) => {
    const id = Number(/\d+/.exec(request.url)?.[0]);
    const route = routes[`${request.method} ${request.url.replace(/\d+/, ':id')}`];
    let status = route === undefined ? 404 : 200;
    let body = { error: 'nothing here' };
    try {
      const sent = request.method === 'GET' ? {} : await json(request);
      if (route !== undefined) body = await route(id, sent);
    } catch (error) {
      console.error(error.message);
      status = 500;
      body = { error: error.code ?? error.message };
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? null));
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
  process.once('SIGTERM', () => process.exit(0));
}
