/**
 * The attributes that are read, current name first. Everything else that spans carry is never decoded.
 *
 * Sources: OpenTelemetry semantic conventions 1.x (https://opentelemetry.io/docs/specs/semconv/http/http-spans/,
 * https://opentelemetry.io/docs/specs/semconv/database/database-spans/), and the names that they replaced
 * (…/semconv/non-normative/http-migration/, …/semconv/non-normative/db-migration/).
 */
import type { Attributes, AttributeValue } from '../../wire/otlp/index.ts';

const NAMES = {
  method: ['http.request.method', 'http.method'],
  route: ['http.route'],
  path: ['url.path', 'http.target'],
  code: ['http.response.status_code', 'http.status_code'],
  system: ['db.system.name', 'db.system'],
  query: ['db.query.text', 'db.statement'],
  operation: ['db.operation.name', 'db.operation'],
  port: ['server.port', 'net.peer.port'],
  service: ['service.name'],
} as const;

export type AttributeName = keyof typeof NAMES;

/** All names, for the decoder. */
export const WANTED: ReadonlySet<string> = new Set(Object.values(NAMES).flat());

function attributeOf(attributes: Attributes, name: AttributeName): AttributeValue | undefined {
  for (const key of NAMES[name]) {
    const value = attributes.get(key);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** The attribute as text; undefined when it is absent or empty. */
export function textOf(attributes: Attributes, name: AttributeName): string | undefined {
  const value = attributeOf(attributes, name);
  return value === undefined ? undefined : String(value);
}

/** The attribute as an integer within the bounds; some instrumentations send numbers as text. */
export function integerOf(
  attributes: Attributes,
  name: AttributeName,
  least: number,
  most: number,
): number | undefined {
  const value = attributeOf(attributes, name);
  if (value === undefined || typeof value === 'boolean') return undefined;
  const number = Number(value);
  return Number.isInteger(number) && number >= least && number <= most ? number : undefined;
}
