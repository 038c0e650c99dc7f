/**
 * A server with a known fault: the last part of every period it answers nothing, and what came in then is answered at its end.
 * `/counts` tells, for each
 * path, how many requests came, and what was left of the pause for each that met one, ms.
 *
 *   node pausing-server.mjs SERVICE_MS PAUSE_MS PERIOD_MS     prints its port
 */
import http from 'node:http';

const [serviceMs, pauseMs, periodMs] = process.argv.slice(2).map(Number);
const start = performance.now();
const counts = {};

http
  .createServer((request, response) => {
    if (request.url === '/counts') {
      response.end(JSON.stringify(counts));
      return;
    }
    counts[request.url] ??= { asked: 0, waits: [] };
    const count = counts[request.url];
    const into = (performance.now() - start) % periodMs;
    const pause = into < periodMs - pauseMs ? 0 : periodMs - into;
    count.asked++;
    if (pause > 0) count.waits.push(pause);
    setTimeout(() => response.end('ok'), pause + serviceMs);
  })
  .listen(0, '127.0.0.1', function () {
    console.log(this.address().port);
  });
