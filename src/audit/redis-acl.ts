/**
 * What an ACL user of Redis may do, read from the reply to ACL GETUSER, of version 6 or 7. Pure.
 *
 * @see https://redis.io/docs/latest/commands/acl-getuser/
 */
import { type CommandCategories, dangerousCommands } from '../watch/store-protection.ts';

/** One set of rules: of the user, or of a selector (version 7). */
export interface AclRules {
  readonly commands: string;
  readonly keys: readonly string[];
}

export interface AclUser {
  readonly flags: readonly string[];
  /** The root permissions, then each selector: a command runs when one of them allows it. */
  readonly rules: readonly AclRules[];
}

/** Reads the reply; null when it is none (no such user, another form). */
export function readAclUser(reply: unknown): AclUser | null {
  const fields = fieldsOf(reply);
  const flags = fields?.get('flags');
  const root = fields === null ? null : rulesOf(fields);
  if (fields === null || root === null || !Array.isArray(flags)) return null;
  const selectors: unknown = fields.get('selectors');
  const more = (Array.isArray(selectors) ? selectors : []).flatMap((one: unknown) => {
    const inner = fieldsOf(one);
    return (inner === null ? null : rulesOf(inner)) ?? [];
  });
  return { flags: flags.map(String), rules: [root, ...more] };
}

function fieldsOf(reply: unknown): ReadonlyMap<string, unknown> | null {
  if (!Array.isArray(reply)) return null;
  const fields = new Map<string, unknown>();
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(String(reply[at]), reply[at + 1]);
  return fields;
}

function rulesOf(fields: ReadonlyMap<string, unknown>): AclRules | null {
  const commands = fields.get('commands');
  if (typeof commands !== 'string') return null;
  const keys = fields.get('keys');
  // Version 6 lists bare patterns, version 7 writes one text of rules.
  const patterns = Array.isArray(keys)
    ? keys.map((pattern) => `~${pattern}`)
    : typeof keys === 'string'
      ? keys.split(/\s+/).filter((pattern) => pattern !== '')
      : [];
  return { commands, keys: patterns };
}

/** Whether a client is let in as this user without a password. */
export function isOpen(user: AclUser): boolean {
  return user.flags.includes('on') && user.flags.includes('nopass');
}

const EVERYTHING = /^(?:~|%(?:R|W|RW|WR)~)\*+$/i;

/** The patterns, where one of them means every key; empty otherwise. */
export function patternsForAll(user: AclUser): readonly string[] {
  const patterns = user.rules.flatMap(({ keys }) => keys).filter((pattern) => EVERYTHING.test(pattern));
  return user.flags.includes('allkeys') && patterns.length === 0 ? ['~*'] : [...new Set(patterns)];
}

/** All patterns of a user, for the evidence. */
export function patternsOf(user: AclUser): readonly string[] {
  return [...new Set(user.rules.flatMap(({ keys }) => keys))];
}

const ADMIN = ['@all', '@admin', '@dangerous', '@slow'] as const;

/** Commands by which a client changes the server, sees what others do, or moves data elsewhere. */
export const SERVER_COMMANDS: CommandCategories = {
  ACL: ADMIN,
  CONFIG: ADMIN,
  DEBUG: ADMIN,
  MIGRATE: ['@all', '@keyspace', '@write', '@slow', '@dangerous'],
  MODULE: ADMIN,
  MONITOR: ADMIN,
  REPLICAOF: ADMIN,
  SHUTDOWN: ADMIN,
};

/** Commands that touch every key at once. */
export const KEYSPACE_COMMANDS: CommandCategories = {
  FLUSHALL: ['@all', '@keyspace', '@write', '@slow', '@dangerous'],
  FLUSHDB: ['@all', '@keyspace', '@write', '@slow', '@dangerous'],
  KEYS: ['@all', '@keyspace', '@read', '@slow', '@dangerous'],
};

export const SCRIPT_COMMANDS: CommandCategories = {
  EVAL: ['@all', '@slow', '@scripting'],
};

export const AUDITED_COMMANDS: readonly string[] = [
  ...Object.keys(SERVER_COMMANDS),
  ...Object.keys(KEYSPACE_COMMANDS),
  ...Object.keys(SCRIPT_COMMANDS),
];

/** Single subcommands that are as much as the command; a rule may allow them alone. */
const SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  ACL: ['setuser', 'deluser', 'load'],
  CONFIG: ['set', 'get'],
  MODULE: ['load', 'loadex'],
};

/** Which of the commands the user may run, in order. */
export function allowedCommands(user: AclUser, commands: CommandCategories): readonly string[] {
  const allowed = new Set(user.rules.flatMap((rules) => dangerousCommands(rules.commands, commands)));
  return Object.keys(commands).filter(
    (command) => allowed.has(command) || user.rules.some((rules) => allowsPart(rules, command)),
  );
}

function allowsPart({ commands }: AclRules, command: string): boolean {
  const words = commands.toLowerCase().split(/\s+/);
  return (SUBCOMMANDS[command] ?? []).some((part) => {
    const name = `${command.toLowerCase()}|${part}`;
    return words.lastIndexOf(`+${name}`) > words.lastIndexOf(`-${name}`);
  });
}
