/** Values in a statement's tree, and what they are once an execution's values are known. */
import type { Node } from 'libpg-query';
import { arrayElements } from './array.ts';
import type { ValueRef } from './facts.ts';

/** The expression under casts and collations. */
export function stripCasts(node: Node | undefined): Node | undefined {
  let inner = node;
  while (inner) {
    if ('TypeCast' in inner) inner = inner.TypeCast.arg;
    else if ('CollateClause' in inner) inner = inner.CollateClause.arg;
    else break;
  }
  return inner;
}

/** The value an expression is, through casts; null when it must be computed. `constantsKnown` false: constants in the tree
 * mean nothing. */
export function valueRef(node: Node | undefined, constantsKnown: boolean): ValueRef | null {
  const inner = stripCasts(node);
  if (!inner) return null;
  if ('ParamRef' in inner) return inner.ParamRef.number ? { slot: inner.ParamRef.number } : null;
  if (!('A_Const' in inner)) return null;
  const constant = inner.A_Const;
  if (constant.isnull) return { constant: null };
  if (constant.boolval) return { constant: constant.boolval.boolval ? 'true' : 'false' };
  if (!constantsKnown) return null;
  if (constant.ival) return { constant: String(constant.ival.ival ?? 0) };
  if (constant.fval) return { constant: constant.fval.fval ?? '0' };
  if (constant.sval) return { constant: constant.sval.sval ?? '' };
  return null;
}

/** The elements of the array that an expression is. */
export function arrayRefs(node: Node | undefined, constantsKnown: boolean): ValueRef[] | null {
  const inner = stripCasts(node);
  if (!inner) return null;
  if ('A_ArrayExpr' in inner) {
    const elements = (inner.A_ArrayExpr.elements ?? []).map((element) => valueRef(element, constantsKnown));
    return elements.every((element) => element !== null) ? elements : null;
  }
  const whole = valueRef(inner, constantsKnown);
  if (!whole || 'array' in whole) return null;
  if ('slot' in whole) return [{ array: whole.slot }];
  const elements = whole.constant === null ? [] : arrayElements(whole.constant);
  return elements ? elements.map((constant) => ({ constant })) : null;
}
