/** Judges what a PostgreSQL told. Pure. */
import type { PasswordMethod } from '../watch/bypass.ts';
import type { Store } from '../watch/stores.ts';
import type { ItemName, Judgement } from './catalogue.ts';

export interface RoleFacts {
  readonly name: string;
  readonly superuser: boolean;
  /** Attributes that reach beyond the application's data. */
  readonly attributes: readonly string[];
  /** Memberships that reach the server's machine, or that a provider gives in place of a superuser. */
  readonly reach: readonly string[];
}

/** One line of pg_hba.conf. */
export interface AccessRule {
  readonly type: string;
  readonly address: string | null;
  readonly method: string;
}

export interface PostgresFacts {
  readonly store: Store;
  readonly loopback: boolean;
  readonly tls: boolean;
  /** How it asked for a password; null: it did not ask. */
  readonly method: PasswordMethod | null;
  readonly role: RoleFacts | null;
  /** Setting `listen_addresses`; null: may not be asked. */
  readonly listens: string | null;
  /** Null: this role may not see them. */
  readonly rules: readonly AccessRule[] | null;
}

const PSQL = 'psql "$DATABASE_URL" -c';

/** Every judgement, in the order of the checklist. */
export function judgePostgres(facts: PostgresFacts): readonly (readonly [ItemName, Judgement])[] {
  return [
    ['postgres.login', login(facts)],
    ['postgres.password', password(facts)],
    ['postgres.role', role(facts)],
    ['postgres.access-rules', accessRules(facts)],
    ['postgres.exposure', exposure(facts)],
    ['postgres.tls', tls(facts)],
  ];
}

function login({ method, store, loopback }: PostgresFacts): Judgement {
  if (method !== null) return { state: 'ok', evidence: 'it asks for a password' };
  if (store.tls?.certFile !== undefined)
    return {
      state: 'unknown',
      evidence: 'no password was asked for; whether the certificate was, is not told',
    };
  if ('path' in store.endpoint)
    return { state: 'ok', evidence: 'over a socket, without a password (peer, or trust)' };
  return {
    state: loopback ? 'warn' : 'bad',
    evidence: loopback
      ? 'it asks for no password: every process of this machine is let in as this role'
      : 'it asks for no password: whoever reaches it is let in as this role',
    mend: 'scram-sha-256 in place of trust in pg_hba.conf, then: psql -c "SELECT pg_reload_conf()"',
  };
}

function password({ method, tls: encrypted, loopback }: PostgresFacts): Judgement {
  const mend =
    'password_encryption = scram-sha-256, scram-sha-256 in pg_hba.conf, and set the password again: \\password in psql';
  switch (method) {
    case null:
      return { state: 'not-applicable', evidence: 'none is asked for' };
    case 'scram-sha-256':
      return { state: 'ok', evidence: 'SCRAM-SHA-256: it never crosses' };
    case 'md5':
      return { state: 'warn', evidence: 'MD5: what the server keeps is enough to log in', mend };
    case 'cleartext':
      return {
        state: encrypted || loopback ? 'warn' : 'bad',
        evidence: `in the clear${encrypted ? ', within TLS' : ''}`,
        mend,
      };
  }
}

function role({ role: facts }: PostgresFacts): Judgement {
  if (facts === null) return { state: 'unknown', evidence: 'pg_roles may not be asked' };
  const { name, superuser, attributes, reach } = facts;
  const own = `a role that owns nothing but its tables: ${PSQL} "CREATE ROLE app LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB"`;
  if (superuser)
    return {
      state: 'bad',
      evidence: `${name} is a superuser: no rule of the database holds for it`,
      mend: own,
    };
  const machine = reach.filter((group) => group.startsWith('pg_'));
  if (machine.length > 0)
    return {
      state: 'bad',
      evidence: `${name} is a member of ${machine.join(', ')}: it reaches files or programs of the server`,
      mend: `${PSQL} "REVOKE ${machine.join(', ')} FROM ${quoted(name)}" (as a superuser)`,
    };
  const rights = [...attributes, ...reach];
  if (rights.length === 0) return { state: 'ok', evidence: `${name}, without rights over the server` };
  return { state: 'warn', evidence: `${name} has ${rights.join(', ')}`, mend: own };
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `\\"${name.replaceAll('"', '""')}\\"`;
}

const LOCAL = /^(?:127\.|::1|samehost|localhost)/;

function accessRules({ rules }: PostgresFacts): Judgement {
  if (rules === null)
    return {
      state: 'unknown',
      evidence: 'shown to superusers only',
      mend: `as a superuser: psql -c "SELECT type, database, user_name, address, auth_method FROM pg_hba_file_rules"`,
    };
  const wide = rules.filter(({ type, address }) => type.startsWith('host') && !LOCAL.test(address ?? ''));
  const named = (methods: readonly string[]) => wide.filter(({ method }) => methods.includes(method));
  const open = named(['trust']);
  const weak = named(['password', 'md5', 'ident']);
  const mend =
    'scram-sha-256 (or cert) in those lines of pg_hba.conf, then: psql -c "SELECT pg_reload_conf()"';
  if (open.length > 0) return { state: 'bad', evidence: shown(open), mend };
  if (weak.length > 0) return { state: 'warn', evidence: shown(weak), mend };
  const local = rules.filter(({ method }) => method === 'trust').length;
  const rest = local === 0 ? '' : `; ${local} for this machine alone let in without a password`;
  return { state: 'ok', evidence: `${rules.length} rules, none lets in strangers${rest}` };
}

/** Rules named at most. */
const RULES_SHOWN = 4;

function shown(rules: readonly AccessRule[]): string {
  const lines = rules
    .slice(0, RULES_SHOWN)
    .map(({ type, address, method }) => `${type} ${address ?? ''} ${method}`);
  return `${lines.join('; ')}${rules.length > RULES_SHOWN ? `; ${rules.length - RULES_SHOWN} more` : ''}`;
}

function exposure({ listens }: PostgresFacts): Judgement {
  if (listens === null) return { state: 'unknown', evidence: 'listen_addresses may not be asked' };
  if (!/(?:^|,)\s*(?:\*|0\.0\.0\.0|::)\s*(?:,|$)/.test(listens))
    return { state: 'ok', evidence: listens === '' ? 'sockets only' : listens };
  return {
    state: 'warn',
    evidence: `listen_addresses = ${listens}: every network of the machine`,
    mend: `${PSQL} "ALTER SYSTEM SET listen_addresses = '127.0.0.1,10.0.0.5'", then restart the server`,
  };
}

function tls({ store, tls: encrypted, loopback }: PostgresFacts): Judgement {
  if (loopback && !encrypted)
    return { state: 'not-applicable', evidence: 'the connection stays on this machine' };
  if (!encrypted)
    return {
      state: 'bad',
      evidence: 'plain text: rows, and a password in the clear, cross the network',
      mend: 'ssl = on in postgresql.conf, hostssl in pg_hba.conf, and sslmode=verify-full in the URL',
    };
  const verify = store.tls?.verify ?? 'none';
  if (verify === 'full' || loopback) return { state: 'ok', evidence: `TLS, sslmode as in the URL` };
  return {
    state: 'warn',
    evidence:
      verify === 'ca'
        ? 'TLS, but the name in the certificate is not checked'
        : 'TLS, but the certificate is not checked: whoever stands between can take its place',
    mend: 'sslmode=verify-full&sslrootcert=/path/ca.pem in the URL',
  };
}
