/** Remedies in Python: redis-py in both forms; psycopg 3, psycopg2, asyncpg, and SQLAlchemy or Django above them. */
import type { Stack } from '../drivers/stack.ts';
import {
  type Dialect,
  type Expression,
  FILL,
  indented,
  type Lifetime,
  LOCK_MS,
  RELEASE,
  RETRY_MS,
  TRIES,
  WAIT_MS,
} from './dialect.ts';
import type { KeyPattern } from './key-pattern.ts';
import { isShort, LONGEST, type Marks, type Statement, shortened, withMarks } from './statement.ts';

const INDENT = '    ';

/** Keys of Django's cache are `prefix:version:key`; `cache.delete` takes the last part. */
const DJANGO_KEY = /^[^:{}]*:\d+:/;

export function python(stack: Stack): Dialect {
  const source = sourceOf(stack);
  const waits = stack.awaited === true;
  const call = (text: string): string => (waits ? `await ${text}` : text);
  const comment = (text: string): string => `# ${text}`;
  const known = stack.redis !== null;
  const removal = (keys: readonly Expression[]): string =>
    known ? call(`r.delete(${keys.join(', ')})`) : comment(`DEL ${keys.join(' ')}, with your Redis client`);
  const set = (key: Expression, value: Expression, lifetime: Lifetime | 'keep'): string[] => {
    if (!known)
      return [comment(`SET ${key} with ${lifetime === 'keep' ? 'KEEPTTL' : `EX ${lifetime.seconds}`}`)];
    return [call(`r.set(${key}, ${value}, ${lifetimeText(lifetime)})`)];
  };
  const sleep = (ms: number): string =>
    waits ? `await asyncio.sleep(${ms / 1000})` : `time.sleep(${ms / 1000})`;
  return {
    language: 'python',
    driver: labelOf(stack),
    comment,
    key: keyText,
    writeThenRemove: (write, keys) => {
      if (stack.layer === 'django') return djangoWrite(write, keys, removal);
      return [
        ...source.commit(write),
        `${removal(keys)}${known ? '  # COMMIT has returned; safe to repeat' : ''}`,
      ];
    },
    fetch: source.fetch,
    set,
    removeSurely: (keys) => [
      `for left in reversed(range(${TRIES})):`,
      `${INDENT}try:`,
      ...(known ? [`${INDENT}${INDENT}${removal(keys)}`] : [`${INDENT}${INDENT}...  ${removal(keys)}`]),
      `${INDENT}${INDENT}break`,
      `${INDENT}except ${known ? 'redis.RedisError' : 'Exception'}:`,
      `${INDENT}${INDENT}if left == 0:`,
      `${INDENT}${INDENT}${INDENT}raise  # left to the outbox`,
      `${INDENT}${INDENT}${sleep(RETRY_MS)}`,
    ],
    fencedFill: ({ key, generation }, fetch, seconds) => [
      `FILL = """${FILL[0]}`,
      `${FILL[1]}"""`,
      `key, gen = ${key}, ${generation}`,
      `value, generation = ${call('r.mget(key, gen)')}  # before the SELECT`,
      'if value is None:',
      ...indented(fetch, INDENT),
      `${INDENT}${call(`r.eval(FILL, 2, key, gen, generation or "", serialize(row), ${seconds})`)}`,
      comment('the writer, after COMMIT: r.set(gen, str(uuid.uuid4()), ex=600), then r.delete(key)'),
    ],
    singleFlight: ({ key, lock }, fetch, seconds) => [
      `lock, token = ${lock}, str(uuid.uuid4())`,
      `if ${call(`r.set(lock, token, nx=True, px=${LOCK_MS})`)}:`,
      ...indented(fetch, INDENT),
      ...indented(set(key, 'serialize(row)', { seconds }), INDENT),
      `${INDENT}${call(`r.eval("${RELEASE}", 1, lock, token)`)}`,
      'else:',
      `${INDENT}${sleep(WAIT_MS)}  # then look the key up again`,
    ],
    keyFunction: (name, parameters, key) => [
      `def ${name}(${parameters.join(', ')}):`,
      `${INDENT}return ${key}`,
    ],
    closing: stack.awaited === null && (known || stack.postgres === 'psycopg') ? [comment(ASYNCIO)] : [],
  };
}

const ASYNCIO = 'in asyncio: `async with`, and `await` before each call';

function lifetimeText(lifetime: Lifetime | 'keep'): string {
  if (lifetime === 'keep') return 'keepttl=True';
  const jitter = lifetime.jitter === undefined ? '' : ` + random.randrange(${lifetime.jitter})`;
  return `ex=${lifetime.seconds}${jitter}`;
}

function labelOf({ redis, postgres, layer, awaited }: Stack): string {
  const cache = redis === null ? 'Redis' : awaited === true ? 'redis-py (asyncio)' : redis;
  const source =
    layer === 'sqlalchemy' ? 'SQLAlchemy' : layer === 'django' ? 'Django' : (postgres ?? 'PostgreSQL');
  return `${cache} + ${source}`;
}

/** A text literal. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\x7f');
}

function keyText({ pieces }: KeyPattern, prefix = ''): Expression {
  const body = pieces
    .map((piece) =>
      'name' in piece ? `{${piece.name}}` : quoted(piece.text).slice(1, -1).replace(/[{}]/g, '$&$&'),
    )
    .join('');
  const variable = pieces.some((piece) => 'name' in piece);
  return variable ? `f"${prefix}${body}"` : `"${prefix}${body.replaceAll('{{', '{').replaceAll('}}', '}')}"`;
}

interface Source {
  readonly commit: (write: Statement | null) => string[];
  readonly fetch: (read: Statement | null) => string[];
}

function sourceOf({ postgres, layer, awaited }: Stack): Source {
  if (layer === 'django')
    return { commit: (write) => [`...  # ${named(write)}`], fetch: (read) => ormFetch(read) };
  if (layer === 'sqlalchemy') return sqlalchemy(awaited === true);
  switch (postgres) {
    case 'psycopg':
      return dbapi('conn', 'with conn.transaction():');
    case 'psycopg2':
      return dbapi('cur', 'with conn, conn.cursor() as cur:  # COMMIT where the block ends');
    case 'asyncpg':
      return asyncpg();
    default:
      return {
        commit: (write) => [`# after the COMMIT of ${named(write)}:`],
        fetch: (read) => [`row = load()  # ${named(read)}`],
      };
  }
}

function named(statement: Statement | null): string {
  return statement === null ? 'the write' : shortened(statement.shape, LONGEST.code);
}

/** Statement and arguments of a call: as a whole where it is short, else its beginning and what the caller has. */
function parts(
  statement: Statement,
  marks: Marks,
): { readonly sql: string; readonly names: readonly string[] | null } {
  if (isShort(statement)) {
    const { text, names } = withMarks(statement.shape, marks);
    return { sql: quoted(text), names };
  }
  return { sql: quoted(shortened(statement.shape, LONGEST.code)), names: null };
}

function tuple(names: readonly string[] | null): string {
  if (names === null) return ', params';
  if (names.length === 0) return '';
  return names.length === 1 ? `, (${names[0]},)` : `, (${names.join(', ')})`;
}

function dbapi(target: 'conn' | 'cur', block: string): Source {
  const run = (statement: Statement): string => {
    const { sql, names } = parts(statement, 'format');
    return `${target}.execute(${sql}${tuple(names)})`;
  };
  const commit = (write: Statement | null): string[] => {
    if (write === null) return [block, `${INDENT}...  # the write`];
    if (!write.block && target === 'conn') return [`${run(write)}  # autocommit`];
    return [block, `${INDENT}${run(write)}`];
  };
  const fetch = (read: Statement | null): string[] => {
    if (read === null) return ['row = load()'];
    return target === 'conn' ? [`row = ${run(read)}.fetchone()`] : [run(read), 'row = cur.fetchone()'];
  };
  return { commit, fetch };
}

function asyncpg(): Source {
  const call = (method: string, statement: Statement): string => {
    const { sql, names } = parts(statement, 'numbered');
    const rest = names === null ? ', *params' : names.map((name) => `, ${name}`).join('');
    return `await conn.${method}(${sql}${rest})`;
  };
  return {
    commit: (write) => {
      if (write !== null && !write.block) return [call('execute', write)];
      const run = write === null ? '...  # the write' : call('execute', write);
      return ['async with conn.transaction():', `${INDENT}${run}`];
    },
    fetch: (read) => [read === null ? 'row = await load()' : `row = ${call('fetchrow', read)}`],
  };
}

/** SQL that the ORM wrote is not written out again: the service has it as objects. */
const ORM =
  /^(?:SELECT (\w+)\.\w+(?: AS \w+)?, \1\.|UPDATE (\w+) SET .*WHERE \2\.\w+ =|INSERT INTO .*RETURNING \w+\.\w+)/;

function sqlalchemy(waits: boolean): Source {
  const call = waits ? 'await session.execute' : 'session.execute';
  const run = (statement: Statement): string | null => {
    if (ORM.test(statement.shape) || !isShort(statement)) return null;
    const { text, names } = withMarks(statement.shape, 'named');
    const values = names.length === 0 ? '' : `, {${names.map((name) => `"${name}": ${name}`).join(', ')}}`;
    return `${call}(text(${quoted(text)})${values})`;
  };
  return {
    // Not `session.begin()`: a session that has read already is within a transaction.
    commit: (write) => [
      (write === null ? null : run(write)) ?? `...  # ${named(write)}`,
      `${waits ? 'await ' : ''}session.commit()`,
    ],
    fetch: (read) => {
      const text = read === null ? null : run(read);
      if (text === null) return ormFetch(read, waits);
      return [waits ? `row = (${text}).one_or_none()` : `row = ${text}.one_or_none()`];
    },
  };
}

function ormFetch(read: Statement | null, waits = false): string[] {
  return [`row = ${waits ? 'await ' : ''}load()  # ${named(read)}`];
}

/** Django runs what waits for the commit itself. */
function djangoWrite(
  write: Statement | null,
  keys: readonly Expression[],
  removal: (keys: readonly Expression[]) => string,
): string[] {
  const bare = keys.map(djangoKey);
  const own = bare.every((key) => key !== null);
  const text = own
    ? `cache.${bare.length > 1 ? `delete_many([${bare.join(', ')}])` : `delete(${bare[0]})`}`
    : removal(keys);
  const head = ['with transaction.atomic():', `${INDENT}...  # ${named(write)}`];
  if (text.startsWith('#')) return [...head, `${INDENT}${text} in transaction.on_commit`];
  return [...head, `${INDENT}transaction.on_commit(lambda: ${text})  # runs once COMMIT has returned`];
}

function djangoKey(key: Expression): Expression | null {
  const [, head = '', body = ''] = /^(f?")(.*)$/s.exec(key) ?? [];
  return DJANGO_KEY.test(body) ? `${head}${body.replace(DJANGO_KEY, '')}` : null;
}
