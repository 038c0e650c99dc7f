/**
 * The form of a scenario file (DESIGN 5.4), as a schema: for reading with errors that point at the place, and as JSON Schema for
 * editors (schemas/whystale.scenario.schema.json). It describes what a person writes; reading fills in the rest.
 */
import { z } from 'zod';
import { FAULT_KINDS } from '../explore/contract.ts';

/** `${VAR}` may stand in any text: an editor that knows no values must let it pass. */
const OR_VARIABLE = String.raw`|\$\{`;

export function shaped(pattern: string, message: string) {
  return z.string().regex(new RegExp(`${pattern}${OR_VARIABLE}`), message);
}

export const text = z.string().min(1);
export const texts = z.union([text, z.array(text)]);
const value = z.union([z.string(), z.number(), z.boolean()]);
const yes = z.literal(true);
export const counting = z.union([z.int().nonnegative(), shaped(String.raw`^\d+$`, 'a whole number')]);
export const positive = z.union([
  z.int().positive(),
  shaped(String.raw`^[1-9]\d*$`, 'a whole number above 0'),
]);

export const DURATION_FORM = 'a duration such as 500ms, 30s or 2m';
export const duration = z.union([
  shaped(String.raw`^\s*\d+(\.\d+)?\s?(us|ms|s|m|h)\s*$`, DURATION_FORM),
  z.literal(0, DURATION_FORM),
]);

export const REQUEST_FORM = 'a method and a path, such as GET /items/1';
const requestText = shaped(String.raw`^\s*[A-Za-z]+\s+\/\S*\s*$`, REQUEST_FORM).describe(
  'Method and path: `GET /items/1`.',
);

const headers = z.record(z.string(), value);
const env = z
  .record(z.string(), value)
  .describe('Variables; `{redis}`, `{postgres}`, `{port}` and their parts are filled in.');

const content = {
  json: z.unknown().optional().describe('Body, sent as JSON.'),
  form: z
    .record(z.string(), z.union([value, z.array(value)]))
    .optional()
    .describe('Body, sent as a form.'),
};

const requestFields = {
  headers: headers.optional(),
  ...content,
  body: z.string().optional().describe('Body, sent as it is.'),
};

export const RequestSchema = z.union([
  requestText,
  z.strictObject({ request: requestText, ...requestFields }),
]);

export const CommandSchema = z
  .union([text, z.array(text).min(1)])
  .describe('Words, or a text; a text with shell syntax is run by sh.');

const StepSchema = z.union([
  text.describe('An SQL file.'),
  z.strictObject({
    sql: texts.optional().describe('SQL files, each sent whole.'),
    command: CommandSchema.optional(),
  }),
]);

const RedisResetSchema = z.union([
  z.literal('flushdb'),
  z.strictObject({ delete: texts.describe('Patterns of the keys that are removed.') }),
  z.array(z.union([text, z.array(value).min(1)])).describe('Commands.'),
]);

const ResetSchema = z
  .union([
    text.describe('An SQL file.'),
    z.array(StepSchema),
    z.strictObject({
      sql: texts.optional().describe('SQL files, each sent whole.'),
      command: CommandSchema.optional(),
      redis: RedisResetSchema.optional().describe('`flushdb` where nothing is said.'),
    }),
  ])
  .describe('Done before every execution.');

const ActorSchema = z.union([
  requestText,
  z.array(RequestSchema).min(1).describe('Requests, one after the other.'),
  z.strictObject({
    request: requestText.optional(),
    requests: z.array(RequestSchema).min(1).optional().describe('One after the other.'),
    ...requestFields,
    env: env.optional(),
    role: z.enum(['reader', 'writer']).optional().describe('A reader changes nothing.'),
  }),
]);

const OracleSchema = z.union([
  requestText,
  z.strictObject({
    request: requestText,
    headers: headers.optional(),
    ...content,
    path: z.string().optional().describe('What is compared, `$.name`; the whole body where nothing is said.'),
    status: yes.optional().describe('The status is compared.'),
    body: yes.optional().describe('The whole body is compared.'),
    sql: text.optional().describe('Gives the truth: first column of the first row.'),
    model: z.enum(['final-state', 'read-your-writes', 'monotonic-reads', 'bounded-staleness']).optional(),
    delta: duration.optional().describe('For bounded staleness.'),
  }),
]);

const START = z.enum(['cold', 'warm']);
const FAULT = z.enum(FAULT_KINDS);

export const ACTOR_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

export const ScenarioFileSchema = z.strictObject({
  service: z.strictObject({
    command: CommandSchema,
    cwd: text.optional().describe('Relative to this file; its folder where nothing is said.'),
    env: env.optional(),
    ready: z
      .union([
        requestText,
        z.strictObject({
          request: requestText,
          headers: headers.optional(),
          within: duration.optional(),
        }),
      ])
      .optional()
      .describe('Answered with a status of 2xx or 3xx once an instance is ready.'),
  }),
  stores: z
    .strictObject({ redis: text.optional(), postgres: text.optional() })
    .optional()
    .describe('`embedded`, or the URL of a scratch database.'),
  setup: z
    .union([...StepSchema.options, z.array(StepSchema)])
    .optional()
    .describe('Done once, before the instances start.'),
  reset: ResetSchema.optional(),
  warmup: z
    .union([...RequestSchema.options, z.array(RequestSchema)])
    .optional()
    .describe('Sent to each instance after the reset, before anything is held.'),
  actors: z.record(z.string().regex(ACTOR_NAME, 'letters, digits, - and _'), ActorSchema),
  start: z.union([START, z.array(START).min(1)]).optional(),
  oracle: OracleSchema,
  silent: z
    .strictObject({ redis: texts.optional(), sql: texts.optional() })
    .optional()
    .describe('Further messages that need no ordering: Redis commands, beginnings of SQL statements.'),
  scripts: z
    .enum(['anything', 'declared'])
    .optional()
    .describe('`declared`: a script touches its KEYS and nothing else.'),
  faults: z.union([FAULT, z.array(FAULT)]).optional(),
  faultBudget: counting.optional().describe('Faults per execution at most.'),
  limits: z
    .strictObject({
      executions: positive.optional(),
      seconds: positive.optional(),
      execution: duration.optional().describe('How long one execution may take.'),
    })
    .optional(),
  settle: duration.optional().describe('How long timers of the service are waited for.'),
});

export type ScenarioFile = z.infer<typeof ScenarioFileSchema>;
export type RequestFile = z.infer<typeof RequestSchema>;
export type ActorFile = z.infer<typeof ActorSchema>;
export type StepFile = z.infer<typeof StepSchema>;
export type CommandFile = z.infer<typeof CommandSchema>;
export type ValueFile = z.infer<typeof value>;

/** The schema for editors and other tools. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(ScenarioFileSchema, { io: 'input' });
  return {
    $schema,
    title: 'whystale scenario',
    description: 'A service, its requests, and what must hold whatever their order.',
    ...schema,
  };
}
