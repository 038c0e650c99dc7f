/** Statements as PostgreSQL's own parser reads them. Texts are few and come again and again, so trees are kept. */
import { loadModule, type Node, parseSync } from 'libpg-query';
import { nesting } from '../../../observe/sql/nesting.ts';
import { MAX_NESTING, MAX_PARSED_TEXT } from '../../../observe/sql/parser.ts';

/** Texts whose trees are kept; the least recently used goes first. */
const MAX_KEPT = 2_000;

export interface ParsedStatement {
  readonly node: Node;
  /** As it stands in the text. */
  readonly text: string;
}

const kept = new Map<string, readonly ParsedStatement[] | null>();

/** Loads the parser; synchronous from then on. Must have been awaited before {@link parsed}. */
export async function loadSql(): Promise<void> {
  await loadModule();
}

/** The statements of a text; null when they cannot be read. */
export function parsed(sql: string): readonly ParsedStatement[] | null {
  let found = kept.get(sql);
  if (found !== undefined) kept.delete(sql);
  else found = parse(sql);
  kept.set(sql, found);
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
  return found;
}

function parse(sql: string): readonly ParsedStatement[] | null {
  if (sql.trim() === '') return [];
  if (sql.length > MAX_PARSED_TEXT || nesting(sql) > MAX_NESTING) return null;
  try {
    const bytes = Buffer.from(sql);
    return (parseSync(sql).stmts ?? []).flatMap(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
      if (stmt === undefined) return [];
      const end = length === undefined || length === 0 ? bytes.length : from + length;
      return [{ node: stmt, text: bytes.toString('utf8', from, end).trim() }];
    });
  } catch {
    return null;
  }
}
