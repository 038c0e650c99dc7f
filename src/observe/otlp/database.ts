/** What a database client's span says of its command, without values. */
import type { Attributes } from '../../wire/otlp/index.ts';
import { createRecentMap } from '../payload/recent-map.ts';
import { MAX_TEXT, shapes } from '../sql/shape.ts';
import { integerOf, textOf } from './attributes.ts';
import { LIMITS } from './limits.ts';
import { numberPlaceholders } from './placeholders.ts';

export interface DatabaseFields {
  readonly system?: string;
  readonly statement?: string;
  readonly port?: number;
}

/** Speak Redis' protocol: the first word of the text is the command. */
const REDIS_FAMILY = new Set(['redis', 'valkey', 'keydb', 'dragonfly']);
/** Speak PostgreSQL's dialect. Of any other the text is not looked at: what is a literal there is not known here. */
const POSTGRES_FAMILY = new Set([
  'postgresql',
  'postgres',
  'cockroachdb',
  'yugabytedb',
  'redshift',
  'aws.redshift',
  'greenplum',
  'edb',
]);

/** Names of systems as spans may say them. */
const SYSTEM = /^[\w.-]{1,64}$/;
const COMMAND = /^[A-Za-z][\w.|-]{0,40}$/;
/** What instrumentations of pipelines call the whole, which is no command. */
const WHOLE = new Set(['PIPELINE', 'MULTI', 'TRANSACTION', 'BATCH']);

/** Makes the reader of one recording; it remembers the shapes of recent statements. */
export function createDatabaseReader(): (attributes: Attributes) => DatabaseFields {
  const known = createRecentMap<string, string>(LIMITS.statements);
  const shapeOf = (text: string): string => {
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    const shape = statementShape(text);
    if (text.length <= LIMITS.statement) known.set(text, shape);
    return shape;
  };
  return (attributes) => {
    const system = textOf(attributes, 'system')?.toLowerCase();
    if (system === undefined || !SYSTEM.test(system)) return {};
    const statement = statementOf(system, attributes, shapeOf);
    const port = integerOf(attributes, 'port', 1, 65_535);
    return {
      system,
      ...(statement === undefined ? {} : { statement }),
      ...(port === undefined ? {} : { port }),
    };
  };
}

/** Shape of a text as StatementFields has it; of several statements the shapes, joined by `; `. */
function statementShape(text: string): string {
  return shapes(numberPlaceholders(text.slice(0, MAX_TEXT)))
    .map(({ shape }) => shape)
    .join('; ');
}

function statementOf(
  system: string,
  attributes: Attributes,
  shapeOf: (text: string) => string,
): string | undefined {
  const query = textOf(attributes, 'query');
  const operation = textOf(attributes, 'operation');
  if (REDIS_FAMILY.has(system)) return commandsOf(query) ?? commandsOf(operation);
  if (POSTGRES_FAMILY.has(system) && query !== undefined) return shapeOf(query) || undefined;
  return operation !== undefined && COMMAND.test(operation) ? operation.toUpperCase() : undefined;
}

/**
 * The command's name in upper case. A text of several lines is a pipeline: its distinct commands, joined by a blank.
 * `PIPELINE SET` and `MULTI GET` name what the pipeline consists of.
 */
function commandsOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const names = new Set<string>();
  for (const line of text.split('\n', LIMITS.pipeline)) {
    const [first = '', second = ''] = line.trimStart().split(/\s/, 2);
    const name = WHOLE.has(first.toUpperCase()) && second !== '' ? second : first;
    if (COMMAND.test(name)) names.add(name.toUpperCase());
  }
  return names.size === 0 ? undefined : [...names].join(' ');
}
