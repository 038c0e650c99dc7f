/**
 * PostgreSQL store values: URLs of any driver (`postgresql+asyncpg`, `jdbc:postgresql`…) and libpq's `host=… port=…`
 * texts. What a value leaves open is taken from the PG… variables, as libpq does.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
import { splitKeywords } from './keyword-text.ts';
import { foreignScheme, unreadableStore, unsupportedTopology } from './store-errors.ts';
import type { Store, StoreTls } from './stores.ts';
import { decodePart, joinUrl, parameter, splitUrl, splitUserinfo, type UrlParts } from './url-text.ts';

export const POSTGRES_PORT = 5432;
const LOCAL_HOST = '127.0.0.1';

const SCHEME = /^(?:jdbc:)?(?:postgres|postgresql|pgsql|postgis|psql|pg|ecto)(?:\+[a-z0-9_]+)?$/i;

/** Whether a URL scheme is one of PostgreSQL's, with or without a driver's name. */
export function isPostgresScheme(scheme: string): boolean {
  return SCHEME.test(scheme);
}

/** What a connection text says, before the variables fill the gaps. */
interface Said {
  readonly host: string | null;
  readonly port: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  readonly sslmode: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Reads a PostgreSQL store value; errors as `parseStore` says. */
export function parsePostgres(text: string, env: NodeJS.ProcessEnv): Store {
  const parts = splitUrl(text);
  if (parts === null) {
    const keywords = splitKeywords(text);
    if (keywords === null) throw unreadableStore('postgres', text, 'it is no URL');
    return build(text, fromKeywords(new Map(keywords)), null, env);
  }
  if (!isPostgresScheme(parts.scheme)) throw foreignScheme('postgres', parts.scheme);
  return build(text, fromUrl(parts), parts, env);
}

function fromUrl(parts: UrlParts): Said {
  const login = splitUserinfo(parts.userinfo);
  const host = decodePart(parts.host);
  const path = decodePart(parts.path.replace(/^\//, ''));
  return {
    host: parameter(parts, 'host', 'hostaddr') ?? (host === '' ? null : host),
    port: parameter(parts, 'port') ?? (parts.port === null ? null : String(parts.port)),
    user: parameter(parts, 'user') ?? login.user,
    password: parameter(parts, 'password') ?? login.password,
    database: parameter(parts, 'dbname', 'database') ?? (path === '' ? null : path),
    sslmode: parameter(parts, 'sslmode', 'ssl'),
    caFile: parameter(parts, 'sslrootcert'),
    certFile: parameter(parts, 'sslcert'),
    keyFile: parameter(parts, 'sslkey'),
  };
}

function fromKeywords(words: ReadonlyMap<string, string>): Said {
  const get = (...names: readonly string[]): string | null => {
    for (const name of names) {
      const value = words.get(name);
      if (value !== undefined && value !== '') return value;
    }
    return null;
  };
  return {
    host: get('host', 'hostaddr', 'server', 'data source'),
    port: get('port'),
    user: get('user', 'username', 'user id', 'uid'),
    password: get('password', 'pwd'),
    database: get('dbname', 'database', 'initial catalog'),
    sslmode: get('sslmode', 'ssl mode'),
    caFile: get('sslrootcert', 'root certificate'),
    certFile: get('sslcert', 'ssl certificate'),
    keyFile: get('sslkey', 'ssl key'),
  };
}

function build(text: string, said: Said, parts: UrlParts | null, env: NodeJS.ProcessEnv): Store {
  const host = said.host ?? filled(env.PGHOSTADDR) ?? filled(env.PGHOST) ?? LOCAL_HOST;
  if (host.includes(',')) throw unsupportedTopology('postgres', 'A list of hosts in one value');
  const portText = said.port ?? filled(env.PGPORT) ?? String(POSTGRES_PORT);
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535) {
    throw unreadableStore('postgres', text, 'the port is no port');
  }
  const user = said.user ?? filled(env.PGUSER) ?? filled(env.USER);
  const password = said.password ?? filled(env.PGPASSWORD);
  const database = said.database ?? filled(env.PGDATABASE) ?? user;
  const store = { host, port, user, password, database };
  return {
    kind: 'postgres',
    name: null,
    endpoint: host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port },
    tls: postgresTls(said, host, env),
    user,
    password,
    database,
    url: parts !== null && said.host !== null ? joinUrl(parts) : plainUrl(store, parts),
  };
}

function filled(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

/** A URL that says the same, for values that are none or that lean on variables. */
function plainUrl(
  said: {
    readonly host: string;
    readonly port: number;
    readonly user: string | null;
    readonly password: string | null;
    readonly database: string | null;
  },
  parts: UrlParts | null,
): string {
  const secret = said.password === null ? '' : `:${encodeURIComponent(said.password)}`;
  const socket = said.host.startsWith('/');
  return joinUrl({
    scheme: parts?.scheme ?? 'postgresql',
    userinfo: said.user === null ? null : `${encodeURIComponent(said.user)}${secret}`,
    host: socket ? '' : said.host,
    port: socket ? null : said.port,
    path: said.database === null ? '' : `/${encodeURIComponent(said.database)}`,
    query: [
      ...(socket ? [`host=${encodeURIComponent(said.host)}`, `port=${said.port}`] : []),
      ...(parts?.query ?? []),
    ],
    fragment: '',
  });
}

/** libpq's sslmode, and what drivers write for it: `ssl=true`, `ssl=require`, `no-verify`. */
function postgresTls(said: Said, host: string, env: NodeJS.ProcessEnv): StoreTls | null {
  const mode = (said.sslmode ?? filled(env.PGSSLMODE) ?? 'prefer').toLowerCase().replaceAll('_', '-');
  // libpq never uses TLS over a Unix socket.
  if (host.startsWith('/') || ['disable', 'allow', 'false', '0', 'off'].includes(mode)) return null;
  const caFile = said.caFile ?? filled(env.PGSSLROOTCERT);
  const certFile = said.certFile ?? filled(env.PGSSLCERT);
  const keyFile = said.keyFile ?? filled(env.PGSSLKEY);
  const verify = { 'verify-ca': 'ca', 'verify-full': 'full', verifyca: 'ca', verifyfull: 'full' } as const;
  return {
    mode: mode === 'prefer' ? 'prefer' : 'require',
    // sslmode=require with a root certificate checks the chain, for compatibility with old clients (libpq-ssl).
    verify: verify[mode as keyof typeof verify] ?? (mode === 'require' && caFile !== null ? 'ca' : 'none'),
    ...(caFile === null ? {} : { caFile }),
    ...(certFile === null ? {} : { certFile }),
    ...(keyFile === null ? {} : { keyFile }),
  };
}

/** What to say when libpq's variables name a server and DATABASE_URL is not set; null when they name none. */
export function postgresHint(env: NodeJS.ProcessEnv): string | null {
  const variable = ['PGHOST', 'PGHOSTADDR'].find((name) => filled(env[name]) !== null);
  if (variable === undefined) return null;
  return `$${variable} names a server that is not used: --postgres postgresql:// takes it and the other PG variables`;
}
