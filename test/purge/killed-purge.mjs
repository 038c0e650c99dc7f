/**
 * A purge or an undo in a process of its own that kills itself with SIGKILL at the n-th step: `node killed-purge.mjs JSON`, with
 * `modules` (folder of the compiled sources), `what`, `folder`, `port`, `db`, `rate` and `at`. A process that gets past all its
 * steps prints their number.
 */
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

const { modules, what, folder, port, db, rate, at } = JSON.parse(process.argv[2]);
const load = (name) => import(pathToFileURL(`${modules}/purge/${name}.js`).href);

const { readPlan } = await load('folder');
const redis = new Redis({ host: '127.0.0.1', port, db, lazyConnect: true });
await redis.connect();
let steps = 0;
const events = {
  step: () => {
    steps++;
    if (steps === at) process.kill(process.pid, 'SIGKILL');
  },
};
const request = { folder, plan: readPlan(folder), rate, dryRun: false, signal: new AbortController().signal };
if (what === 'undo') await (await load('undo')).undoPurge(redis, request, events);
else await (await load('apply')).applyPlan(redis, request, events);
redis.disconnect();
process.stdout.write(String(steps));
