import { keys } from './keys.mjs';
import { HttpError, positiveInteger, shortText } from './router.mjs';

const USER_TTL = 10;
const GUEST = 'guest';

/**
 * Who calls, from the tokens table; asked in every request. Without an Authorization header it is the guest.
 * @param {import('pg').Pool} pool
 */
export function createCallers(pool) {
  async function identify(headers) {
    const header = headers.authorization;
    const token = header === undefined ? GUEST : header.replace(/^Bearer /i, '');
    const { rows } = await pool.query('SELECT user_id, can_write FROM tokens WHERE token = $1', [token]);
    const caller = rows[0];
    if (caller === undefined)
      throw new HttpError(401, 'unknown token; send "authorization: Bearer demo-token-1"');
    if (caller.user_id !== null) {
      await pool.query(
        "UPDATE users SET last_seen = now() WHERE id = $1 AND last_seen < now() - interval '1 second'",
        [caller.user_id],
      );
    }
    return caller;
  }

  async function writer(headers) {
    const caller = await identify(headers);
    if (!caller.can_write) throw new HttpError(401, 'writing needs "authorization: Bearer demo-token-1"');
    return caller;
  }

  return { identify, writer };
}

/** Profiles, found by id and by slug: one row, two keys. */
export function userRoutes({ pool, cache, callers, bugs }) {
  async function profile(column, value) {
    const { rows } = await pool.query(`SELECT id, slug, name, city FROM users WHERE ${column} = $1`, [value]);
    return rows[0] ?? null;
  }

  function entry(idOrSlug) {
    const byId = /^\d+$/.test(idOrSlug);
    const id = byId ? positiveInteger(idOrSlug, 'id') : null;
    return {
      key: byId ? keys.userById(id) : keys.userBySlug(idOrSlug),
      form: cache.forms.watched,
      ttl: USER_TTL,
      flight: 'process',
      load: () => (byId ? profile('id', id) : profile('slug', idOrSlug)),
    };
  }

  /** Keeps the next reader from a miss. */
  async function warm(id, generation) {
    const forever = null;
    const ttl = bugs.has('ttl-lost') ? forever : USER_TTL;
    await cache.forms.watched.fill(keys.userById(id), generation, await profile('id', id), ttl);
  }

  async function change(call) {
    await callers.writer(call.headers);
    const id = positiveInteger(call.params.id, 'id');
    const body = await call.json();
    const { rows } = await pool.query(
      'UPDATE users SET name = $2, city = $3 WHERE id = $1 RETURNING id, slug, name, city',
      [id, shortText(body.name, 'name'), shortText(body.city, 'city')],
    );
    if (rows.length === 0) throw new HttpError(404, `no user ${id}`);
    if (!bugs.has('ttl-only')) {
      const removed = [keys.userById(id)];
      if (!bugs.has('partial-invalidation')) removed.push(keys.userBySlug(rows[0].slug));
      await warm(id, await cache.invalidate(removed));
    }
    return { body: rows[0] };
  }

  return {
    'GET /users/:id': async (call) => {
      const user = await cache.read(entry(call.params.id), () => callers.identify(call.headers));
      if (user === null) throw new HttpError(404, `no user ${call.params.id}`);
      return { body: user };
    },
    'PUT /users/:id': change,
  };
}
