/**
 * PostgreSQL's own parser (libpg-query, compiled to WebAssembly): loaded once, synchronous afterwards.
 */
import { loadModule, type Node, parseSync } from 'libpg-query';
import { nesting } from './nesting.ts';

/** Longest text given to the parser, in characters: its time is not linear in all texts. */
export const MAX_PARSED_TEXT = 1 << 16;

/** Deepest nesting given to the parser; its stack overflows at a few thousand. */
export const MAX_NESTING = 500;

/** A statement's tree. */
export interface ParsedStatement {
  readonly node: Node;
  /** False when constants in the tree stand in for values and mean nothing. */
  readonly constantsKnown: boolean;
}

export type Parser = (shape: string) => ParsedStatement | null;

function parseOne(text: string): Node | null {
  try {
    const statements = parseSync(text).stmts ?? [];
    return statements[0]?.stmt ?? null;
  } catch {
    return null;
  }
}

/** Where the grammar wants a literal and takes no parameter (COPY, FETCH, DO, `timestamp(3)`), stand-ins are tried. */
function withStandIns(shape: string, standIn: string): string {
  return shape.replace(/\$\d+/g, standIn);
}

function parseShape(shape: string): ParsedStatement | null {
  if (shape.length > MAX_PARSED_TEXT || nesting(shape) > MAX_NESTING) return null;
  const node = parseOne(shape);
  if (node) return { node, constantsKnown: true };
  for (const standIn of ["'x'", '1']) {
    const stood = parseOne(withStandIns(shape, standIn));
    if (stood) return { node: stood, constantsKnown: false };
  }
  return null;
}

/** Loads the parser. Parsing never fails: text that is no SQL gives null. */
export async function loadParser(): Promise<Parser> {
  await loadModule();
  return parseShape;
}
