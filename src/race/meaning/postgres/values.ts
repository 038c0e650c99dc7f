/** Values of key columns as a statement writes them: literals and parameters, bare or under one plain cast. */
import type { A_Const, Node, ParamRef } from 'libpg-query';
import { arrayElements } from '../../../observe/sql/array.ts';
import { TypeOid } from '../../../wire/postgres/index.ts';
import { binaryKey, canonicalKey, castType, keyKind, sameKind } from './key-values.ts';
import { parts } from './walk.ts';

/** A parameter as it was bound: text, bytes in binary format, or NULL. */
export type Bound = string | Uint8Array | null;

export interface ParameterValues {
  /** By number, from 1; undefined when it is not known. */
  value(number: number): Bound | undefined;
  /** Type OID as the client declared it; 0 when it left it to the server. */
  declared(number: number): number;
}

export const NO_PARAMETERS: ParameterValues = { value: () => undefined, declared: () => 0 };

const UNDECLARED: ReadonlySet<number> = new Set([0, TypeOid.unknown]);

/** Array types of the key types. */
const ARRAYS: Readonly<Record<number, number>> = {
  [TypeOid.int2]: 1005,
  [TypeOid.int4]: 1007,
  [TypeOid.int8]: 1016,
  [TypeOid.text]: 1009,
  [TypeOid.varchar]: 1015,
  [TypeOid.uuid]: 2951,
};

function constantText({ ival, fval, sval }: A_Const, type: number): string | null {
  if (sval) return sval.sval ?? '';
  if (keyKind(type) !== 'integer') return null;
  return ival ? String(ival.ival ?? 0) : (fval?.fval ?? null);
}

function boundText(bound: Bound | undefined, type: number): string | null {
  if (bound === undefined || bound === null) return null;
  return typeof bound === 'string' ? bound : binaryKey(type, bound);
}

/** The parameter's text as a value of `type`; `cast`: the statement casts it to that type. */
function parameterText(
  { number = 0 }: ParamRef,
  type: number,
  cast: boolean,
  parameters: ParameterValues,
): string | null {
  const declared = parameters.declared(number);
  const fits = UNDECLARED.has(declared) || sameKind(declared, type) || (cast && keyKind(declared) === 'text');
  return fits ? boundText(parameters.value(number), UNDECLARED.has(declared) ? type : declared) : null;
}

/** Name of a cast's type; null when it has a modifier or is an array. */
function plainType(node: Extract<Node, { TypeCast: unknown }>): string | null {
  const { typeName } = node.TypeCast;
  const modified = (typeName?.typmods?.length ?? 0) > 0 || (typeName?.arrayBounds?.length ?? 0) > 0;
  return modified ? null : (parts(typeName?.names).at(-1) ?? null);
}

function rawText(node: Node, type: number, parameters: ParameterValues): string | null {
  if ('A_Const' in node) return constantText(node.A_Const, type);
  if ('ParamRef' in node) return parameterText(node.ParamRef, type, false, parameters);
  if (!('TypeCast' in node) || node.TypeCast.arg === undefined) return null;
  const cast = castType(plainType(node) ?? '');
  if (!sameKind(cast, type)) return null;
  const { arg } = node.TypeCast;
  if ('A_Const' in arg) return constantText(arg.A_Const, cast);
  return 'ParamRef' in arg ? parameterText(arg.ParamRef, cast, true, parameters) : null;
}

/** The value that a node gives a column of this type, in its one spelling; null when that cannot be told. */
export function keyValue(node: Node | undefined, type: number, parameters: ParameterValues): string | null {
  const text = node === undefined ? null : rawText(node, type, parameters);
  return text === null ? null : canonicalKey(type, text);
}

function castOfArray(node: Node): { readonly inner: Node; readonly element: number } | null {
  if (!('TypeCast' in node) || node.TypeCast.arg === undefined) return { inner: node, element: 0 };
  const { typeName, arg } = node.TypeCast;
  if ((typeName?.typmods?.length ?? 0) > 0 || typeName?.arrayBounds?.length !== 1) return null;
  return { inner: arg, element: castType(parts(typeName.names).at(-1) ?? '') };
}

/** The values of `= ANY (array)`; null when they cannot be told. */
export function keyValues(
  node: Node | undefined,
  type: number,
  parameters: ParameterValues,
): readonly string[] | null {
  const cast = node === undefined ? null : castOfArray(node);
  if (cast === null) return null;
  const { inner, element } = cast;
  if (element !== 0 && !sameKind(element, type)) return null;
  if ('A_ArrayExpr' in inner)
    return known((inner.A_ArrayExpr.elements ?? []).map((one) => keyValue(one, type, parameters)));
  const text = arrayText(inner, element === 0 ? type : element, parameters);
  const elements = text === null ? null : arrayElements(text);
  return elements === null
    ? null
    : known(elements.map((one) => (one === null ? null : canonicalKey(type, one))));
}

function arrayText(node: Node, type: number, parameters: ParameterValues): string | null {
  if ('A_Const' in node) return node.A_Const.sval?.sval ?? null;
  if (!('ParamRef' in node)) return null;
  const array = ARRAYS[type] ?? 0;
  const number = node.ParamRef.number ?? 0;
  const declared = parameters.declared(number);
  const kind = Object.entries(ARRAYS).find(([, oid]) => oid === declared)?.[0];
  if (!UNDECLARED.has(declared) && (kind === undefined || !sameKind(Number(kind), type))) return null;
  return boundText(parameters.value(number), UNDECLARED.has(declared) ? array : declared);
}

function known(values: readonly (string | null)[]): readonly string[] | null {
  return values.every((value) => value !== null) ? values : null;
}

/** Arguments of EXECUTE as parameters: literals only. */
export function argumentValues(args: readonly Node[]): ParameterValues {
  const value = (number: number): Bound | undefined => {
    const arg = args[number - 1];
    if (arg === undefined || !('A_Const' in arg)) return undefined;
    const { ival, sval, isnull } = arg.A_Const;
    if (isnull) return null;
    return sval ? (sval.sval ?? '') : ival ? String(ival.ival ?? 0) : undefined;
  };
  return { value, declared: () => 0 };
}
