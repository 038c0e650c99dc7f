/** The form of the section `rehearse` of a case: how the change is deployed to staging, looked at, and taken back. */
import { z } from 'zod';
import {
  CommandSchema,
  duration,
  positive,
  RequestSchema,
  shaped,
  text,
  texts,
} from '../race/scenario/parts.ts';
import { ExpectedSchema } from './expectation.ts';
import { RateSchema } from './rate.ts';

const [RequestText, RequestFields] = RequestSchema.options;

const address = shaped(
  String.raw`^https?:\/\/[^\s/?#]+\/?$`,
  'http:// or https:// and a host, without a path',
);

const TimedCommandSchema = z.union([
  ...CommandSchema.options,
  z.strictObject({
    command: CommandSchema,
    within: duration.optional().describe('How long it may take: 30m where nothing is said.'),
  }),
]);

const SourceSchema = z.union([
  text.describe('A file of NAME=VALUE lines, relative to this file.'),
  z.strictObject({ command: CommandSchema.describe('A command that prints NAME=VALUE lines.') }),
]);

const CheckSchema = z.union([
  RequestText,
  RequestFields.extend({ name: text.optional(), expect: ExpectedSchema.optional() }),
  z.strictObject({
    name: text.optional(),
    sql: text.describe('A statement that reads: first column of the first row.'),
    expect: z.unknown().describe('What it must give.'),
  }),
  z.strictObject({
    name: text.optional(),
    write: RequestSchema.describe('Writes a value.'),
    read: RequestSchema.describe('Reads it.'),
    path: text.describe('Names the value in the body of what is read: `$.price`.'),
    value: z
      .unknown()
      .describe(
        'What must stand there; `{unique}` in it and in the requests is a number of its own each time.',
      ),
    within: duration.optional().describe('How long the old value may be seen: 0s where nothing is said.'),
  }),
]);

const READY_FORM = 'a request such as GET /healthz, or a URL';

export const RehearseSchema = z
  .strictObject({
    config: z
      .strictObject({
        staging: SourceSchema,
        production: SourceSchema,
        names: texts
          .optional()
          .describe('Those that are compared, `*` for any characters; all where nothing is said.'),
        allow: texts.optional().describe('Those that may differ, besides `allow` of the case.'),
      })
      .optional()
      .describe('The configuration of both, which is compared before anything is deployed.'),
    deploy: TimedCommandSchema.describe('The command that deploys the change to staging.'),
    ready: z
      .union([
        shaped(String.raw`^\s*([A-Za-z]+\s+\/\S*|https?:\/\/\S+)\s*$`, READY_FORM),
        z.strictObject({
          request: RequestText.optional(),
          url: shaped(String.raw`^\s*https?:\/\/\S+\s*$`, 'a URL').optional(),
          headers: RequestFields.shape.headers,
          within: duration.optional().describe('60s where nothing is said.'),
        }),
      ])
      .describe('Answered with a status of 2xx or 3xx once staging is ready.'),
    url: address.optional().describe('Where staging answers; `url` of the case where nothing is said.'),
    postgres: text.optional().describe('URL of the database of staging, for checks in SQL.'),
    before: z
      .union([...CheckSchema.options, z.array(CheckSchema).min(1)])
      .describe(
        'What tells the old behaviour: it holds before the deployment, and again after the rollback.',
      ),
    check: z
      .union([...CheckSchema.options, z.array(CheckSchema).min(1)])
      .optional()
      .describe('What must hold once it is deployed; the requests of the case where nothing is said.'),
    figures: z
      .strictObject({
        rate: RateSchema.optional().describe('Arrivals: `10/s` where nothing is said.'),
        seconds: positive.optional().describe('5 where nothing is said.'),
        p50: duration.optional().describe('The median must not be above.'),
        p99: duration.optional().describe('The 99th percentile must not be above.'),
        timesBaseline: z
          .number()
          .positive()
          .optional()
          .describe("The median must not be above this many times the baseline's."),
      })
      .optional()
      .describe('A short measurement of the requests of the case.'),
    rollback: TimedCommandSchema.optional().describe(
      'The command that takes the change back; `rollback` of the case where nothing is said.',
    ),
  })
  .describe('How it is rehearsed on staging.');

export type RehearseFile = z.infer<typeof RehearseSchema>;
export type CheckFile = z.infer<typeof CheckSchema>;
export type TimedCommandFile = z.infer<typeof TimedCommandSchema>;
