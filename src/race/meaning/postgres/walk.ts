/** What the walk through a statement carries along. */
import type { Node } from 'libpg-query';
import type { Draft } from './draft.ts';
import type { Schema } from './schema.ts';
import type { ParameterValues } from './values.ts';

/** Nesting of queries, views and function bodies that is followed. */
export const MAX_DEPTH = 24;

export interface Walk {
  readonly schema: Schema;
  readonly path: readonly string[];
  readonly parameters: ParameterValues;
  readonly draft: Draft;
  /** Names of common table expressions in sight. */
  readonly ctes: ReadonlySet<string>;
  /** Locks that the queries around take on the rows found here. */
  readonly locking: 'write' | 'share' | null;
  /** True for what the user did not write: views, functions, policies. */
  readonly behind: boolean;
  readonly depth: number;
}

/** A walk one level further in; beyond the bound the statement may do anything. */
export function inside(walk: Walk, more: Partial<Walk> = {}): Walk | null {
  if (walk.depth >= MAX_DEPTH) {
    walk.draft.opaque = true;
    return null;
  }
  return { ...walk, ...more, depth: walk.depth + 1 };
}

/** Texts of a list of name parts. */
export function parts(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));
}
