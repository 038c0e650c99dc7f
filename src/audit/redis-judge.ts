/** Judges what a Redis told. Pure. */
import type { CommandCategories } from '../watch/store-protection.ts';
import type { ItemName, Judgement } from './catalogue.ts';
import {
  allowedCommands,
  KEYSPACE_COMMANDS,
  patternsForAll,
  patternsOf,
  SCRIPT_COMMANDS,
  SERVER_COMMANDS,
} from './redis-acl.ts';
import type { RedisFacts } from './redis-facts.ts';

const CLI = 'redis-cli -u "$REDIS_URL"';
const ASK_ADMIN = 'give a login that may ask: --redis-admin redis://ADMIN:PASSWORD@HOST:PORT';

/** Every judgement, in the order of the checklist. */
export function judgeRedis(facts: RedisFacts): readonly (readonly [ItemName, Judgement])[] {
  return [
    ['redis.login', login(facts)],
    ['redis.user', user(facts)],
    ['redis.server-commands', commands(facts, SERVER_COMMANDS, SERVER_MEND, () => 'bad')],
    ['redis.keyspace-commands', commands(facts, KEYSPACE_COMMANDS, KEYSPACE_MEND, keyspaceState)],
    ['redis.scripts', commands(facts, SCRIPT_COMMANDS, SCRIPT_MEND, () => 'warn')],
    ['redis.renamed', renamed(facts)],
    ['redis.key-patterns', keyPatterns(facts)],
    ['redis.protected-mode', protectedMode(facts)],
    ['redis.exposure', exposure(facts)],
    ['redis.tls', tls(facts)],
  ];
}

function login({ open, loopback, settings, store }: RedisFacts): Judgement {
  if (open === null)
    return { state: 'unknown', evidence: 'whether it asks for credentials was not told', mend: ASK_ADMIN };
  if (!open) return { state: 'ok', evidence: 'it asks for a password' };
  const mend = `make a user for the application, then close the default one: ${CLI} ACL SETUSER default resetpass off (in the file: requirepass, or an aclfile)`;
  if ('path' in store.endpoint)
    return {
      state: 'warn',
      evidence: 'the default user has no password; the socket is protected by the rights of its file alone',
      mend,
    };
  // Without protected mode the default user is let in from every address that the server listens on.
  const reached = !loopback || (settings.get('protected-mode') === 'no' && listensWidely(settings));
  return reached
    ? { state: 'bad', evidence: 'the default user has no password, and other machines can reach it', mend }
    : {
        state: 'warn',
        evidence: 'the default user has no password: every process of this machine is let in',
        mend,
      };
}

function user({ user: name }: RedisFacts): Judgement {
  if (name === null) return { state: 'unknown', evidence: 'the server has no ACL, or does not say who asks' };
  if (name !== 'default') return { state: 'ok', evidence: `${name}, a user of its own` };
  return {
    state: 'warn',
    evidence: 'the application is the default user, with whoever else knows the address',
    mend: `${CLI} ACL SETUSER app on '>PASSWORD' '~app:*' +@all -@admin -@dangerous`,
  };
}

const SERVER_MEND = (name: string) => `${CLI} ACL SETUSER ${name} -@admin -@dangerous`;
const KEYSPACE_MEND = (name: string) => `${CLI} ACL SETUSER ${name} -flushall -flushdb -keys`;
const SCRIPT_MEND = (name: string) =>
  `unless the application runs scripts: ${CLI} ACL SETUSER ${name} -@scripting`;

/** KEYS blocks, a flush destroys. */
function keyspaceState(allowed: readonly string[]): 'bad' | 'warn' {
  return allowed.some((command) => command !== 'KEYS') ? 'bad' : 'warn';
}

function commands(
  facts: RedisFacts,
  list: CommandCategories,
  mend: (user: string) => string,
  stateOf: (allowed: readonly string[]) => 'bad' | 'warn',
): Judgement {
  const { acl, absent } = facts;
  const name = facts.user ?? 'default';
  const usable = (command: string) => !(absent?.has(command) ?? false) && !switchedOff(facts, command);
  if (acl === null) return byTrial(facts, Object.keys(list), mend(name), stateOf);
  const allowed = allowedCommands(acl, list).filter(usable);
  if (allowed.length === 0)
    return { state: 'ok', evidence: `user ${name} may run none of ${Object.keys(list).join(', ')}` };
  return {
    state: stateOf(allowed),
    evidence: `user ${name} may run ${allowed.join(', ')}`,
    mend: mend(name),
  };
}

/** Since version 7 these two are off unless the configuration turns them on. */
function switchedOff({ settings }: RedisFacts, command: string): boolean {
  if (command === 'DEBUG') return settings.get('enable-debug-command') === 'no';
  return command === 'MODULE' && settings.get('enable-module-command') === 'no';
}

/** Where the rules may not be asked: what the harmless questions showed. */
function byTrial(
  { tried, user: name, absent }: RedisFacts,
  list: readonly string[],
  mend: string,
  stateOf: (allowed: readonly string[]) => 'bad' | 'warn',
): Judgement {
  const allowed = list.filter((command) => tried.get(command) === 'allowed' && absent?.has(command) !== true);
  if (allowed.length > 0) {
    return { state: stateOf(allowed), evidence: `user ${name ?? '?'} may run ${allowed.join(', ')}`, mend };
  }
  const refused = list.filter((command) => tried.get(command) === 'refused' || absent?.has(command) === true);
  if (refused.length === list.length)
    return { state: 'ok', evidence: `${refused.join(', ')} ${refused.length === 1 ? 'is' : 'are'} refused` };
  const rest = list.filter((command) => !refused.includes(command));
  const known = refused.length === 0 ? '' : `${refused.join(', ')} refused; `;
  return {
    state: 'unknown',
    evidence: `${known}ACL GETUSER may not be asked, and ${rest.join(', ')} will not be tried`,
    mend: ASK_ADMIN,
  };
}

function renamed({ absent }: RedisFacts): Judgement {
  if (absent === null)
    return {
      state: 'unknown',
      evidence: 'rename-command cannot be seen: COMMAND INFO may not be asked',
      mend: ASK_ADMIN,
    };
  if (absent.size === 0)
    return { state: 'not-applicable', evidence: 'all have their own names; the rules of the user decide' };
  return {
    state: 'ok',
    evidence: `not there under their names: ${[...absent].join(', ')} (what they are called now cannot be seen)`,
  };
}

/** Patterns named at most. */
const PATTERNS_SHOWN = 5;

function keyPatterns({ acl, user: name }: RedisFacts): Judgement {
  if (acl === null) return { state: 'unknown', evidence: 'ACL GETUSER may not be asked', mend: ASK_ADMIN };
  const wide = patternsForAll(acl);
  const patterns = patternsOf(acl);
  if (wide.length === 0) {
    const shown = patterns.slice(0, PATTERNS_SHOWN).join(' ');
    const more = patterns.length > PATTERNS_SHOWN ? ` and ${patterns.length - PATTERNS_SHOWN} more` : '';
    return { state: 'ok', evidence: patterns.length === 0 ? 'none' : `${shown}${more}` };
  }
  return {
    state: 'warn',
    evidence: `${wide.join(' ')}: every key, also those of other applications on this server`,
    mend: `${CLI} ACL SETUSER ${name ?? 'app'} resetkeys '~app:*'`,
  };
}

function protectedMode({ settings, open }: RedisFacts): Judgement {
  const mode = settings.get('protected-mode');
  if (mode === undefined)
    return { state: 'unknown', evidence: 'CONFIG GET may not be asked', mend: ASK_ADMIN };
  if (mode === 'yes') return { state: 'ok', evidence: 'on' };
  if (open === false)
    return { state: 'ok', evidence: 'off, but without credentials nobody is let in anyway' };
  return {
    state: 'bad',
    evidence: 'off, and the default user has no password: whoever reaches an address is let in',
    mend: `${CLI} CONFIG SET protected-mode yes (and in the file: protected-mode yes)`,
  };
}

function exposure(facts: RedisFacts): Judgement {
  const bind = facts.settings.get('bind');
  if ('path' in facts.store.endpoint && bind === undefined)
    return {
      state: 'unknown',
      evidence: 'reached over a socket; CONFIG GET may not be asked',
      mend: ASK_ADMIN,
    };
  if (bind === undefined)
    return { state: 'unknown', evidence: 'CONFIG GET may not be asked', mend: ASK_ADMIN };
  const shown = bind === '' ? 'every address (bind is empty)' : `bind ${bind}`;
  if (!listensWidely(facts.settings)) return { state: 'ok', evidence: shown };
  // Protected mode answers strangers with an error as long as there is no password.
  const guarded = facts.open === false || facts.settings.get('protected-mode') === 'yes';
  return {
    state: guarded ? 'warn' : 'bad',
    evidence: `${shown}: every network of the machine${guarded ? '' : ', and nobody is asked for a password'}`,
    mend: 'name the addresses of the networks that need it: bind 127.0.0.1 10.0.0.5 (redis.conf), and let a firewall do the rest',
  };
}

function listensWidely(settings: ReadonlyMap<string, string>): boolean {
  const bind = settings.get('bind');
  return bind !== undefined && (bind === '' || /(?:^|\s)-?(?:\*|0\.0\.0\.0|::\*?|::0)(?=\s|$)/.test(bind));
}

function tls({ store, loopback }: RedisFacts): Judgement {
  if (store.tls !== null)
    return store.tls.verify === 'none'
      ? {
          state: 'warn',
          evidence: 'TLS, but the certificate is not checked: whoever stands between can take its place',
          mend: 'name the authority in the URL: ?ssl_ca_certs=/path/ca.pem, without ssl_cert_reqs=none',
        }
      : { state: 'ok', evidence: 'TLS with a certificate that is checked' };
  if (loopback) return { state: 'not-applicable', evidence: 'the connection stays on this machine' };
  return {
    state: 'bad',
    evidence: 'plain text: values, and the password, cross the network in the clear',
    mend: 'turn on TLS (tls-port, tls-cert-file, tls-key-file in redis.conf) and use rediss://',
  };
}
