/**
 * The form of `case.yaml`, as a schema: for reading with errors that point at the place, and as JSON Schema for editors
 * (schemas/whystale.case.schema.json). It describes what a person writes; reading fills in the rest. How a service is run is
 * written as in a race scenario.
 */
import { z } from 'zod';
import {
  CommandSchema,
  counting,
  duration,
  positive,
  RequestSchema,
  ScenarioFileSchema,
  shaped,
  text,
  texts,
} from '../race/scenario/parts.ts';
import { VARIABLE_KINDS } from './contract.ts';
import { ExpectedSchema } from './expectation.ts';
import { RateSchema } from './rate.ts';
import { RehearseSchema } from './rehearse-schema.ts';

const run = ScenarioFileSchema.shape;

const DATE_FORM = 'a date such as 2026-01-31';
const date = shaped(String.raw`^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?$`, DATE_FORM);

export const ROUTE_FORM = 'a method and a path, such as GET /items/{id}';

const CommandNoteSchema = z.union([
  text.describe('The command.'),
  z.array(text).min(1).describe('The words of the command.'),
  z.strictObject({
    command: CommandSchema.optional(),
    note: text.optional().describe('What it does not bring back, and who must know.'),
  }),
]);

const SignatureSchema = z.strictObject({
  by: text.describe('Who.'),
  at: date.describe('The day: `2026-01-31`.'),
  note: text.optional(),
});

const ChecklistItemSchema = z.union([
  text.describe('A judgement that nobody has signed yet.'),
  z.strictObject({
    step: text,
    command: CommandSchema.optional(),
    signed: SignatureSchema.nullable().optional(),
  }),
]);

export const CaseFileSchema = z.strictObject({
  title: text
    .optional()
    .describe('What it is about, in one line; the name of the folder where nothing is said.'),
  status: z.enum(['open', 'closed']).optional().describe('`whystale case close` closes it.'),
  closed: date.optional().describe('When it was closed.'),
  outcome: text.optional().describe('What came of it.'),
  owner: text.optional().describe('Who answers for it.'),
  route: shaped(String.raw`^\s*[A-Za-z]+\s+\/\S*\s*$`, ROUTE_FORM)
    .optional()
    .describe('The one route that is looked at: `GET /items/{id}`.'),
  symptom: text.optional().describe('Where the user notices it.'),
  input: z
    .union([...RequestSchema.options, z.array(RequestSchema).min(1)])
    .optional()
    .describe('The requests that are measured, in turn.'),
  expected: ExpectedSchema.optional().describe('What the answer must be to count as right.'),
  slow: z
    .union([
      text.describe('The statement that is slow.'),
      z.strictObject({
        sql: text.optional().describe('The statement that is slow.'),
        command: CommandSchema.optional().describe('The command that fails.'),
      }),
    ])
    .optional(),
  change: z
    .strictObject({
      what: text.optional(),
      kind: z.enum(VARIABLE_KINDS).optional().describe('Which kind of variable it turns.'),
      before: text.optional().describe('Git revision without the change.'),
      after: text.optional().describe('Git revision with it.'),
    })
    .optional()
    .describe('The one change.'),
  rollback: CommandNoteSchema.optional().describe('What takes the change back.'),
  assumptions: texts.optional().describe('What is taken to be so.'),
  links: texts.optional(),
  finding: z
    .strictObject({
      id: text,
      code: z.string().regex(/^WS\d{3}$/, 'a code such as WS104'),
      template: text.optional(),
      key: text.optional(),
      recording: text.optional().describe('Relative to this file.'),
    })
    .optional()
    .describe('Where the case comes from.'),
  race: text.optional().describe('A race scenario, relative to this file.'),
  service: run.service.optional(),
  url: shaped(String.raw`^https?:\/\/[^\s/?#]+\/?$`, 'http:// or https:// and a host, without a path')
    .optional()
    .describe('A service that runs already, in place of `service`.'),
  stores: run.stores,
  setup: run.setup,
  warmup: run.warmup.describe('Sent once the service is ready, before anything is measured.'),
  load: z
    .strictObject({
      rate: RateSchema.optional().describe('Arrivals of the warm phase: `50/s`.'),
      seconds: positive.optional().describe('Length of the warm phase.'),
      cold: counting.optional().describe('Requests of the cold phase.'),
      warmup: counting.optional().describe('Requests that are sent and not counted.'),
      timeout: duration.optional().describe('An answer that takes longer is an error.'),
    })
    .optional()
    .describe('How it is measured.'),
  checklist: z
    .array(ChecklistItemSchema)
    .optional()
    .describe('Commands that are run, and judgements that a person signs.'),
  allow: texts.optional().describe('Variables that may differ although they are not the change.'),
  rehearse: RehearseSchema.optional(),
  note: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Fields of its page among the field notes (docs/notes.md); they do not bear on what is measured.',
    ),
});

export type CaseFile = z.infer<typeof CaseFileSchema>;

/** The schema for editors and other tools. */
export function caseJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(CaseFileSchema, { io: 'input' });
  return {
    $schema,
    title: 'whystale case',
    description: 'One measured change to one route.',
    ...schema,
  };
}
