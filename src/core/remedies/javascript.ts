/** Remedies in JavaScript: ioredis and node-redis; pg, postgres.js, and knex, Sequelize or Drizzle above them. */
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
import {
  isShort,
  LONGEST,
  type Marks,
  parameterNames,
  type Statement,
  shortened,
  withMarks,
} from './statement.ts';

const INDENT = '  ';

export function javascript(stack: Stack): Dialect {
  const cache = CACHES[stack.redis === 'node-redis' ? 'node-redis' : 'ioredis'];
  const known = stack.redis !== null;
  const source = sourceOf(stack);
  const comment = (text: string): string => `// ${text}`;
  const removal = (keys: readonly Expression[]): string =>
    known ? `await ${cache.remove(keys)};` : comment(`DEL ${keys.join(' ')}, with your Redis client`);
  const set = (key: Expression, value: Expression, lifetime: Lifetime | 'keep'): string[] => {
    if (!known)
      return [comment(`SET ${key} with ${lifetime === 'keep' ? 'KEEPTTL' : `EX ${lifetime.seconds}`}`)];
    return [`await ${cache.set(key, value, lifetime)};`];
  };
  return {
    language: 'javascript',
    driver: labelOf(stack),
    comment,
    key: keyText,
    writeThenRemove: (write, keys) => [
      ...source.commit(write),
      `${removal(keys)}${known ? ' // COMMIT has returned; safe to repeat' : ''}`,
    ],
    fetch: source.fetch,
    set,
    removeSurely: (keys) => [
      `for (let left = ${TRIES - 1}; ; left -= 1) {`,
      `${INDENT}try {`,
      `${INDENT}${INDENT}${removal(keys)}`,
      `${INDENT}${INDENT}break;`,
      `${INDENT}} catch (error) {`,
      `${INDENT}${INDENT}if (left === 0) throw error; // left to the outbox`,
      `${INDENT}${INDENT}await new Promise((wake) => setTimeout(wake, ${RETRY_MS}));`,
      `${INDENT}}`,
      '}',
    ],
    fencedFill: ({ key, generation }, fetch, seconds) => [
      `const FILL = \`${FILL[0]}`,
      `${FILL[1]}\`;`,
      `const [key, gen] = [${key}, ${generation}];`,
      `const [value, generation] = await ${cache.lookUp}; // before the SELECT`,
      'if (value === null) {',
      ...indented(fetch, INDENT),
      `${INDENT}await ${cache.fill(seconds)};`,
      `} // the writer, after COMMIT: ${cache.renew}, then ${cache.remove(['key'])}`,
    ],
    singleFlight: ({ key, lock }, fetch, seconds) => [
      `const [lock, token] = [${lock}, crypto.randomUUID()];`,
      `if (await ${cache.lock}) {`,
      ...indented(fetch, INDENT),
      ...indented(set(key, 'serialize(row)', { seconds }), INDENT),
      `${INDENT}await ${cache.release};`,
      `} else await new Promise((wake) => setTimeout(wake, ${WAIT_MS})); // then look the key up again`,
    ],
    keyFunction: (name, parameters, key) => [
      `const ${camel(name)} = (${parameters.map(camel).join(', ')}) => ${key};`,
    ],
    closing: [],
  };
}

/** How a Redis client says it. */
interface Cache {
  readonly remove: (keys: readonly Expression[]) => string;
  readonly set: (key: Expression, value: Expression, lifetime: Lifetime | 'keep') => string;
  readonly lookUp: string;
  readonly fill: (seconds: number) => string;
  readonly renew: string;
  readonly lock: string;
  readonly release: string;
}

const CACHES: Readonly<Record<'ioredis' | 'node-redis', Cache>> = {
  ioredis: {
    remove: (keys) => `redis.del(${keys.join(', ')})`,
    set: (key, value, lifetime) =>
      `redis.set(${key}, ${value}, ${lifetime === 'keep' ? `'KEEPTTL'` : `'EX', ${secondsText(lifetime)}`})`,
    lookUp: 'redis.mget(key, gen)',
    fill: (seconds) => `redis.eval(FILL, 2, key, gen, generation ?? '', serialize(row), ${seconds})`,
    renew: `redis.set(gen, crypto.randomUUID(), 'EX', 600)`,
    lock: `redis.set(lock, token, 'PX', ${LOCK_MS}, 'NX')`,
    release: `redis.eval("${RELEASE}", 1, lock, token)`,
  },
  'node-redis': {
    remove: (keys) => `client.del(${keys.length > 1 ? `[${keys.join(', ')}]` : keys[0]})`,
    set: (key, value, lifetime) =>
      `client.set(${key}, ${value}, { ${lifetime === 'keep' ? 'KEEPTTL: true' : `EX: ${secondsText(lifetime)}`} })`,
    lookUp: 'client.mGet([key, gen])',
    fill: (seconds) =>
      `client.eval(FILL, { keys: [key, gen], arguments: [generation ?? '', serialize(row), '${seconds}'] })`,
    renew: 'client.set(gen, crypto.randomUUID(), { EX: 600 })',
    lock: `client.set(lock, token, { PX: ${LOCK_MS}, NX: true })`,
    release: `client.eval("${RELEASE}", { keys: [lock], arguments: [token] })`,
  },
};

function secondsText({ seconds, jitter }: Lifetime): string {
  return jitter === undefined ? String(seconds) : `${seconds} + Math.floor(Math.random() * ${jitter})`;
}

const LAYERS = { knex: 'knex', sequelize: 'Sequelize', drizzle: 'Drizzle' } as const;

function labelOf({ redis, postgres, layer }: Stack): string {
  const above = layer === 'knex' || layer === 'sequelize' || layer === 'drizzle' ? LAYERS[layer] : null;
  return `${redis ?? 'Redis'} + ${above ?? postgres ?? 'PostgreSQL'}`;
}

/** Variables are named as in JavaScript. */
export function camel(name: string): string {
  return name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function keyText({ pieces }: KeyPattern, prefix = ''): Expression {
  if (pieces.every((piece) => 'text' in piece))
    return quoted(prefix + pieces.map((piece) => ('text' in piece ? piece.text : '')).join(''));
  const body = pieces
    .map((piece) => ('name' in piece ? `\${${camel(piece.name)}}` : escaped(piece.text)))
    .join('');
  return `\`${prefix}${body}\``;
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replace(/[`$]/g, '\\$&');
}

/** A text literal; statements hold double quotes more often than single ones. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

interface Source {
  readonly commit: (write: Statement | null) => string[];
  readonly fetch: (read: Statement | null) => string[];
}

function sourceOf({ postgres, layer }: Stack): Source {
  if (layer === 'knex') return block('await knex.transaction(async (trx) => {', knexRun, 'await knex.raw');
  if (layer === 'sequelize') return block('await sequelize.transaction(async (t) => {', () => null, null);
  if (layer === 'drizzle') return block('await db.transaction(async (tx) => {', () => null, null);
  if (postgres === 'postgres.js') return postgresJs();
  if (postgres === 'pg') return pg();
  return {
    commit: (write) => [`// after the COMMIT of ${named(write)}:`],
    fetch: (read) => [`const row = await load(); // ${named(read)}`],
  };
}

function named(statement: Statement | null): string {
  return statement === null ? 'the write' : shortened(statement.shape, LONGEST.code);
}

/** A call with statement and values; of a long statement the beginning, with the values that the caller has. */
function call(target: string, statement: Statement, marks: Marks): string {
  if (!isShort(statement)) return `${target}(${quoted(shortened(statement.shape, LONGEST.code))}, values)`;
  const { text, names } = withMarks(statement.shape, marks);
  return `${target}(${quoted(text)}${names.length === 0 ? '' : `, [${names.map(camel).join(', ')}]`})`;
}

function pg(): Source {
  return {
    commit: (write) => {
      if (write !== null && !write.block) return [`${call('await pool.query', write, 'numbered')};`];
      const run = write === null ? '// the write' : `${call('await tx.query', write, 'numbered')};`;
      return [
        'const tx = await pool.connect();',
        'try {',
        `${INDENT}await tx.query('BEGIN');`,
        `${INDENT}${run}`,
        `${INDENT}await tx.query('COMMIT');`,
        `} catch (error) { await tx.query('ROLLBACK'); throw error; } finally { tx.release(); }`,
      ];
    },
    fetch: (read) => {
      if (read === null) return ['const row = await load();'];
      return [`const { rows: [row] } = ${call('await pool.query', read, 'numbered')};`];
    },
  };
}

function postgresJs(): Source {
  const run = (statement: Statement): string => {
    if (!isShort(statement)) return `await sql\`${escaped(shortened(statement.shape, LONGEST.code))}\``;
    const names = parameterNames(statement.shape);
    const body = escaped(withMarks(statement.shape, 'numbered').text).replace(
      /\\\$(\d+)/g,
      (_, parameter: string) => `\${${camel(names.get(Number(parameter)) ?? '')}}`,
    );
    return `await sql\`${body}\``;
  };
  return {
    commit: (write) => {
      if (write !== null && !write.block) return [`${run(write)};`];
      const inside = write === null ? '// the write' : `${run(write)};`;
      return ['await sql.begin(async (sql) => {', `${INDENT}${inside}`, '});'];
    },
    fetch: (read) => [read === null ? 'const row = await load();' : `const [row] = ${run(read)};`],
  };
}

/** A library whose transaction is a callback. What its builder wrote is named, not written out. */
function block(begin: string, run: (write: Statement) => string | null, read: string | null): Source {
  return {
    commit: (write) => {
      const text = write === null ? null : run(write);
      return [begin, `${INDENT}${text ?? `// ${named(write)}`}`, '});'];
    },
    fetch: (statement) => {
      if (statement === null || read === null || BUILT.test(statement.shape))
        return [`const row = await load(); // ${named(statement)}`];
      return [`const { rows: [row] } = ${call(read, statement, 'question')};`];
    },
  };
}

/** Lower-case words and quoted names: written by the builder. */
const BUILT = /^(?:select .* from "|update "\w+" set "|insert into "|delete from ")/;
const KNEX_UPDATE = /^update "(\w+)" set ((?:"\w+" = \$\d+(?:, )?)+) where ((?:"\w+" = \$\d+(?: and )?)+)$/;
const KNEX_DELETE = /^delete from "(\w+)" where ((?:"\w+" = \$\d+(?: and )?)+)$/;

function knexRun(write: Statement): string | null {
  const update = KNEX_UPDATE.exec(write.shape);
  if (update !== null) {
    const [, table, set = '', where = ''] = update;
    return `await trx('${table}').where({ ${fields(write, where)} }).update({ ${fields(write, set)} });`;
  }
  const [, table, where = ''] = KNEX_DELETE.exec(write.shape) ?? [];
  if (table !== undefined) return `await trx('${table}').where({ ${fields(write, where)} }).del();`;
  return BUILT.test(write.shape) ? null : `${call('await trx.raw', write, 'question')};`;
}

/** `"price" = $1` as a property with its variable. */
function fields({ shape }: Statement, text: string): string {
  const { names } = withMarks(shape, 'numbered');
  return [...text.matchAll(/"(\w+)" = \$(\d+)/g)]
    .map(([, column = '', parameter]) => {
      const variable = camel(names[Number(parameter) - 1] ?? column);
      return variable === column ? column : `${column}: ${variable}`;
    })
    .join(', ');
}
