/** Commands whose moment nobody else can tell: they touch the connection, or tell of the server and not of keys. */

/** All of the command. */
const WHOLE = new Set(
  (
    'HELLO AUTH SELECT PING ECHO INFO COMMAND TIME MULTI DISCARD UNWATCH RESET QUIT READONLY READWRITE ASKING ROLE ' +
    'LASTSAVE LOLWUT LATENCY SLOWLOG CLUSTER WAIT WAITAOF SAVE BGSAVE BGREWRITEAOF UNSUBSCRIBE PUNSUBSCRIBE ' +
    'SUNSUBSCRIBE'
  ).split(' '),
);

/** Commands with subcommands: those named here are meant, or, after `!`, all but those. */
const PARTS: Readonly<Record<string, string>> = {
  CLIENT: '!KILL PAUSE UNPAUSE UNBLOCK',
  CONFIG: 'GET REWRITE RESETSTAT HELP',
  SCRIPT: 'LOAD EXISTS HELP',
  FUNCTION: 'LOAD LIST STATS DUMP HELP',
  ACL: 'WHOAMI LIST USERS GETUSER CAT GENPASS DRYRUN LOG HELP',
  MEMORY: 'DOCTOR STATS MALLOC-STATS PURGE HELP',
  MODULE: 'LIST HELP',
  OBJECT: 'HELP',
  XINFO: 'HELP',
  XGROUP: 'HELP',
  PUBSUB: 'HELP',
};

/** Whether a command passes at once. `sub`: its first argument, in upper case. */
export function isSilent(name: string, sub: string): boolean {
  if (WHOLE.has(name)) return true;
  const parts = PARTS[name];
  if (parts === undefined) return false;
  const listed = parts.replace(/^!/, '').split(' ').includes(sub);
  return parts.startsWith('!') ? !listed : listed;
}

/** Whether the scenario names it: by its name, or name and subcommand. */
export function isNamed(silent: readonly string[], name: string, sub: string): boolean {
  return silent.some((one) => {
    const wanted = one.trim().toUpperCase().replace(/\s+/g, ' ');
    return wanted === name || wanted === `${name} ${sub}`;
  });
}
