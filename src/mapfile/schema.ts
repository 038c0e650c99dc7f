/**
 * The form of the map file, as a schema: for reading with errors that point at the place, and as JSON Schema for editors
 * (schemas/whystale.map.schema.json, see `mapFileJsonSchema`).
 */
import { z } from 'zod';
import type { CommittedMap } from '../core/map/committed.ts';
import { MAP_VERSION } from '../core/map/committed.ts';

const text = z.string().min(1);
const texts = z.array(text);
const yes = z.literal(true);

const VARIABLE = /\{id\}|\{hash\}/g;

const writeFields = {
  by: text
    .optional()
    .describe(
      'Route (`PUT /items/{id}`) or client past the proxies; absent where only the statements are known.',
    ),
  statements: texts.describe('Shapes of the statements that change what feeds the template.'),
  changes: texts.describe('`items.price`, `insert items`, `delete items`.'),
};

const TtlSchema = z
  .strictObject({
    class: z.enum(['none', 'bounded', 'mixed', 'unknown']),
    max: z
      .string()
      .regex(/^\d+[smhd]$/, 'a duration such as 60s, 10m, 12h or 7d')
      .optional(),
  })
  .describe('Times to live of the fills; `mixed`: some have none. `max` is rounded up where it varies.');

const SourceSchema = z.strictObject({
  table: text,
  rows: z
    .enum(['one', 'list', 'figure', 'joined'])
    .describe(
      '`one` by its key, a `list` by a predicate, a `figure` computed over rows, or rows `joined` to others.',
    ),
  where: texts.describe('Columns by which the rows are chosen.'),
  columns: texts.describe('Columns whose values stand in what is cached.'),
  unused: texts.optional().describe('Columns that are read and do not stand in it.'),
  absent: yes.optional().describe('"No such row" is cached too.'),
  likely: yes.optional().describe('Known by time and key only.'),
});

const TemplateSchema = z
  .strictObject({
    template: text,
    db: z.number().int().nonnegative().describe('Redis database.'),
    key: text
      .nullable()
      .describe('How the key is built from a row: `item:{items.id}`; null: it cannot be built.'),
    segments: z
      .array(texts)
      .describe(
        'Columns of each variable part of the key, in order; any of them builds it. Empty: not known.',
      ),
    values: texts.describe('Serialisation.'),
    ttl: TtlSchema,
    sources: z.array(SourceSchema),
    filledBy: texts.describe('Routes, else statements.'),
    invalidatedBy: z.array(
      z.strictObject({
        ...writeFields,
        how: texts.describe('`DEL after commit`.'),
        sometimes: yes.optional().describe('Not every time.'),
      }),
    ),
    uncovered: z
      .array(
        z.strictObject({
          ...writeFields,
          accepted: text.optional().describe('Why this is meant to be so. Written by a person, and kept.'),
        }),
      )
      .describe('Writes that change what feeds the template and leave its keys in place.'),
    notSeen: yes.optional().describe('The recording that was written last did not show the template.'),
  })
  .refine(({ template, segments }) => (template.match(VARIABLE)?.length ?? 0) === segments.length, {
    message: 'as many entries as the template has variable parts',
    path: ['segments'],
  });

export const MapFileSchema = z.strictObject({
  version: z.literal(MAP_VERSION),
  templates: z.array(TemplateSchema),
  withoutSources: texts
    .optional()
    .describe('Templates that nothing is known to feed: locks, counters, sessions.'),
}) satisfies z.ZodType<CommittedMap>;

/** The schema for editors and other tools. */
export function mapFileJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(MapFileSchema);
  return {
    $schema,
    title: 'whystale map',
    description: 'Which rows feed which cache keys, and which writes invalidate them.',
    ...schema,
  };
}
