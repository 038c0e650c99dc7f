/**
 * Remedies where the libraries are not known: what is sent to each store, as SQL and as Redis commands.
 */
import type { RemedyCode } from '../finding.ts';
import { FILL, LOCK_MS } from './dialect.ts';
import type { KeyPattern } from './key-pattern.ts';
import { isShort, LONGEST, type Statement, shortened } from './statement.ts';

const SQL = { language: 'sql', driver: 'PostgreSQL' } as const;
const REDIS = { language: 'redis', driver: 'Redis' } as const;

/** A key as a command names it: the template, quoted where redis-cli would need it. */
export function plainKey({ pieces, template }: KeyPattern, prefix = ''): string {
  const text = pieces.length === 0 ? template : pieces.map(pieceText).join('');
  return /\s|"|'/.test(text) ? JSON.stringify(prefix + text) : prefix + text;
}

function pieceText(piece: KeyPattern['pieces'][number]): string {
  return 'name' in piece ? `{${piece.name}}` : piece.text;
}

function sqlLine(statement: Statement): string {
  return isShort(statement) ? `${statement.shape.trim()};` : `-- ${shortened(statement.shape, LONGEST.code)}`;
}

export function plainRemoval(write: Statement | null, keys: readonly KeyPattern[]): RemedyCode[] {
  const commit = write === null ? [] : write.block ? ['BEGIN;', sqlLine(write), 'COMMIT;'] : [sqlLine(write)];
  const removal = { ...REDIS, lines: ['# once COMMIT has returned; safe to repeat', delOf(keys)] };
  return commit.length === 0 ? [removal] : [{ ...SQL, lines: commit }, removal];
}

function delOf(keys: readonly KeyPattern[]): string {
  return `DEL ${keys.map((key) => plainKey(key)).join(' ')}`;
}

export function plainRetry(keys: readonly KeyPattern[]): RemedyCode[] {
  return [{ ...REDIS, lines: ['# on an error or no answer: again, it does no harm', delOf(keys)] }];
}

export function plainFence(key: KeyPattern, read: Statement | null, seconds: number): RemedyCode[] {
  const [name, generation] = [plainKey(key), plainKey(key, 'gen:')];
  return [
    {
      ...REDIS,
      lines: [
        `MGET ${name} ${generation}`,
        `# on a miss: ${read === null ? 'the SELECT' : shortened(read.shape)}`,
        `EVAL "${FILL.join(' ')}" 2 ${name} ${generation} <generation> <value> ${seconds}`,
        '# the writer, after COMMIT:',
        `SET ${generation} <random> EX 600`,
        `DEL ${name}`,
      ],
    },
  ];
}

export function plainFlight(key: KeyPattern, read: Statement | null, seconds: number): RemedyCode[] {
  const [name, lock] = [plainKey(key), plainKey(key, 'lock:')];
  return [
    {
      ...REDIS,
      lines: [
        `SET ${lock} <token> NX PX ${LOCK_MS}`,
        `# OK: ${read === null ? 'run the statement' : shortened(read.shape)}, then`,
        `SET ${name} <value> EX ${seconds}`,
        '# nil: wait a moment, then',
        `GET ${name}`,
      ],
    },
  ];
}

export function plainSet(key: KeyPattern, options: string): RemedyCode[] {
  return [{ ...REDIS, lines: [`SET ${plainKey(key)} <value> ${options}`] }];
}

/** A trigger for writers that do not know the cache. Null where the key holds more than the table's columns. */
export function outboxTrigger(table: string, key: KeyPattern): RemedyCode | null {
  const parts: string[] = [];
  for (const piece of key.pieces) {
    if ('text' in piece) parts.push(`'${piece.text.replaceAll("'", "''")}'`);
    else if (piece.column?.startsWith(`${table}.`) !== true) return null;
    else {
      const column = sqlName(piece.column.slice(table.length + 1));
      parts.push(`COALESCE(NEW.${column}, OLD.${column})`);
    }
  }
  const name = sqlName(`invalidate_${table.replace(/\W+/g, '_')}`);
  const on = table.split('.').map(sqlName).join('.');
  return {
    ...SQL,
    lines: [
      'CREATE TABLE IF NOT EXISTS invalidations (id bigserial PRIMARY KEY, key text NOT NULL);',
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN`,
      `  INSERT INTO invalidations (key) VALUES (${parts.join(' || ')});`,
      '  RETURN NULL; END $$;',
      `CREATE TRIGGER ${name} AFTER INSERT OR UPDATE OR DELETE ON ${on}`,
      `  FOR EACH ROW EXECUTE FUNCTION ${name}();`,
    ],
  };
}

function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
