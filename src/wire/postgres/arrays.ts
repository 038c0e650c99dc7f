/**
 * Binary arrays → text (array_send and array_out in the server's source): dimensions, a null flag, the element type,
 * size and lower bound of each dimension, then the elements in row-major order.
 */
import type { BodyReader } from './reader.ts';

export interface ArrayRules {
  /** int2vector and oidvector are written with spaces and without braces. */
  readonly spaced: boolean;
  readonly maxElements: number;
  /** Text of one element; undefined when its type is not known. */
  readonly element: (type: number, from: number, to: number) => string | undefined;
}

/** MAXDIM of the server. */
const MAX_DIMENSIONS = 6;

interface Dimension {
  readonly size: number;
  readonly lower: number;
}

export function arrayText(reader: BodyReader, rules: ArrayRules): string | undefined {
  const dimensions = reader.int32();
  reader.int32(); // whether NULLs occur
  const type = reader.uint32();
  if (reader.failed || dimensions < 0 || dimensions > MAX_DIMENSIONS) return undefined;
  if (dimensions === 0) return rules.spaced ? '' : '{}';
  const shape: Dimension[] = [];
  let total = 1;
  for (let i = 0; i < dimensions; i++) {
    const size = reader.int32();
    const lower = reader.int32();
    if (reader.failed || size < 0) return undefined;
    shape.push({ size, lower });
    total *= size;
  }
  if (total > rules.maxElements) return undefined;
  const elements = readElements(reader, total, type, rules);
  if (elements === undefined) return undefined;
  return rules.spaced ? elements.join(' ') : bounds(shape) + nest(elements, shape, 0, { at: 0 });
}

function readElements(
  reader: BodyReader,
  total: number,
  type: number,
  rules: ArrayRules,
): string[] | undefined {
  const elements: string[] = [];
  for (let i = 0; i < total; i++) {
    const length = reader.int32();
    if (length < 0) {
      elements.push('NULL');
      continue;
    }
    const from = reader.skip(length);
    if (reader.failed) return undefined;
    const text = rules.element(type, from, from + length);
    if (text === undefined) return undefined;
    elements.push(rules.spaced ? text : quoted(text));
  }
  return reader.failed ? undefined : elements;
}

function quoted(text: string): string {
  const plain = text !== '' && !/[{}",\\ \t\n\r\v\f]/.test(text) && text.toUpperCase() !== 'NULL';
  return plain ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** Lower bounds are written when one of them is not 1. */
function bounds(shape: readonly Dimension[]): string {
  if (shape.every((dimension) => dimension.lower === 1)) return '';
  return `${shape.map(({ size, lower }) => `[${lower}:${lower + size - 1}]`).join('')}=`;
}

function nest(
  elements: readonly string[],
  shape: readonly Dimension[],
  depth: number,
  next: { at: number },
): string {
  const parts: string[] = [];
  const { size } = shape[depth] as Dimension;
  for (let i = 0; i < size; i++) {
    if (depth === shape.length - 1) parts.push(elements[next.at++] as string);
    else parts.push(nest(elements, shape, depth + 1, next));
  }
  return `{${parts.join(',')}}`;
}
