/** What analysis wants to know of a database: the meaning of the names in a statement. Synchronous, from memory. */

export interface UniqueKey {
  /** Name of the constraint or index. */
  readonly name: string;
  readonly columns: readonly string[];
}

export interface TableInfo {
  /** As shown everywhere: schema-qualified unless in `public`. */
  readonly name: string;
  readonly kind: 'table' | 'view';
  /** In the order of their attribute numbers. */
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly uniqueKeys: readonly UniqueKey[];
  /** A view's query. */
  readonly definition?: string;
}

/** `builtin`: of PostgreSQL itself · `writes`: somebody's, and it may change rows · `reads`: somebody's, and it may not. */
export type Routine = 'builtin' | 'aggregate' | 'reads' | 'writes';

export interface Names {
  /** Changes whenever an answer may have changed. */
  readonly version: number;
  /** The table or view that a name in a statement denotes; null when there is none or nothing is known. */
  table(schema: string | undefined, name: string): TableInfo | null;
  /** What kind of function a name denotes; null when nothing is known. */
  routine(schema: string | undefined, name: string): Routine | null;
}

/** For when no catalog can be read: names stand for themselves. */
export const NO_NAMES: Names = {
  version: 0,
  table: () => null,
  routine: () => null,
};

/** A name as shown: qualified unless in `public`. */
export function shownName(schema: string | undefined, name: string): string {
  return schema === undefined || schema === '' || schema === 'public' ? name : `${schema}.${name}`;
}
