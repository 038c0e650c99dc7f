/** What a command is going to do, if the reply says that it did: operations without time and outcome. */
import type { Digest, Payload } from '../../core/operation.ts';
import type { Reading, Rule, Semantics } from './semantics.ts';

export interface ReadEffect {
  readonly kind: 'read';
  readonly key: string;
}

export interface WriteEffect {
  readonly kind: 'write';
  readonly key: string;
  /** Database, when it is not the connection's. */
  readonly db?: number;
  readonly value?: Digest;
  readonly size: number;
  readonly ttl: number | null | 'keep';
  readonly condition?: 'nx' | 'xx';
  readonly fields?: Readonly<Record<string, Digest>>;
  readonly payload?: Payload;
}

export interface DeleteEffect {
  readonly kind: 'delete';
  readonly key: string;
  /** True when success alone tells that the key was there (RENAME). */
  readonly certain?: boolean;
}

export interface ExpireEffect {
  readonly kind: 'expire';
  readonly key: string;
  readonly ttl: number | null;
}

export interface FlushEffect {
  readonly kind: 'flush';
  readonly all: boolean;
}

export interface ScriptEffect {
  readonly kind: 'script';
  readonly keys: readonly string[];
  readonly candidates: readonly {
    readonly value: Digest;
    readonly size: number;
    readonly payload?: Payload;
    /** When the arguments may be the fields of a hash. */
    readonly fields?: Readonly<Record<string, Digest>>;
  }[];
}

export type Effect = ReadEffect | WriteEffect | DeleteEffect | ExpireEffect | FlushEffect | ScriptEffect;

/** What the plan of a command tells beyond its row. */
export interface Plan {
  readonly effects: readonly Effect[];
  /** Fields asked for, when the reply carries their values in this order. */
  readonly names?: readonly string[];
  readonly reads?: Reading;
  readonly rule?: Rule;
}

/** A command on its way: what it will mean once its reply is there. */
export interface Pending {
  readonly command: string;
  readonly semantics: Semantics;
  readonly plan: Plan;
  readonly reads: Reading;
  readonly rule: Rule;
  readonly invoke: number;
  /** Argument that a control command needs: database, protocol version, channels. */
  readonly argument: number;
  /** True when the server was told not to answer. */
  readonly silent: boolean;
  /** What it holds, see intake.ts. */
  readonly weight: number;
}

export const NOTHING: Plan = { effects: [] };
