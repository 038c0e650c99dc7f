/**
 * The part of SARIF 2.1.0 that whystale writes, object by object as the standard defines it (section numbers are those of
 * docs.oasis-open.org/sarif/sarif/v2.1.0/os), closed: a property that the standard does not name, or names for another
 * object, is refused. Beside it the rules that bind objects to one another.
 */
import { z } from 'zod';

const propertyBag = z.looseObject({ tags: z.array(z.string()).optional() }); // 3.8
const text = z.string().min(1);
/** 3.11: braces are placeholders unless doubled (3.11.5), of which there are none without arguments. */
const messageText = text.refine((string) => !/[{}]/.test(string.replaceAll('{{', '').replaceAll('}}', '')), {
  message: 'has a single brace, which is a placeholder',
});
const message = z.strictObject({ text: messageText, markdown: messageText.optional() }); // 3.11
const multiformat = z.strictObject({ text: messageText, markdown: messageText.optional() }); // 3.12
const level = z.enum(['none', 'note', 'warning', 'error']); // 3.27.10
const relativeUri = z.string().regex(/^(?!\/)(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+$/); // RFC 3986, 4.2

const artifactLocation = z.strictObject({ uri: relativeUri, uriBaseId: text }); // 3.4
const region = z.strictObject({ startLine: z.number().int().min(1) }); // 3.30
const physicalLocation = z.strictObject({ artifactLocation, region }); // 3.29
const logicalLocation = z.strictObject({ name: text, fullyQualifiedName: text, kind: text }); // 3.33
const location = z.strictObject({
  physicalLocation: physicalLocation.optional(),
  logicalLocations: unique(z.array(logicalLocation).min(1)).optional(),
  message: message.optional(),
}); // 3.28

const threadFlowLocation = z.strictObject({
  location,
  executionOrder: z.number().int().min(0),
  importance: z.enum(['important', 'essential', 'unimportant']),
  properties: propertyBag,
}); // 3.38
const threadFlow = z.strictObject({ id: text, message, locations: z.array(threadFlowLocation).min(1) }); // 3.37
const codeFlow = z.strictObject({ message, threadFlows: z.array(threadFlow).min(1) }); // 3.36

const result = z.strictObject({
  ruleId: text,
  ruleIndex: z.number().int().min(0),
  level,
  message,
  locations: z.array(location).min(1),
  partialFingerprints: z.record(text, text),
  codeFlows: z.array(codeFlow).min(1).optional(),
  properties: propertyBag,
}); // 3.27

const reportingDescriptor = z.strictObject({
  id: text,
  name: text,
  shortDescription: multiformat,
  fullDescription: multiformat,
  help: multiformat,
  defaultConfiguration: z.strictObject({ level }),
  properties: propertyBag,
}); // 3.49

const toolComponent = z.strictObject({
  name: text,
  version: text,
  semanticVersion: z.string().regex(/^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/),
  rules: unique(z.array(reportingDescriptor)),
}); // 3.19

const run = z.strictObject({
  tool: z.strictObject({ driver: toolComponent }),
  invocations: z.array(
    z.strictObject({
      executionSuccessful: z.boolean(),
      toolExecutionNotifications: z.array(z.strictObject({ level, message })),
    }),
  ),
  originalUriBaseIds: z.record(text, z.strictObject({ description: message })).optional(),
  results: z.array(result),
  properties: propertyBag,
}); // 3.14

export const SarifModel = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.array(run).length(1),
}); // 3.13

export type SarifText = z.infer<typeof SarifModel>;

/** What the log breaks of the rules between objects; empty when it keeps them. */
export function brokenBonds(log: SarifText): string[] {
  return log.runs.flatMap((theRun) =>
    theRun.results.flatMap((one, index) => [
      ...brokenBondsOf(one, theRun).map((what) => `result ${index}: ${what}`),
    ]),
  );
}

function brokenBondsOf(one: z.infer<typeof result>, theRun: z.infer<typeof run>): string[] {
  const broken: string[] = [];
  // 3.27.6: ruleIndex points at the rule that ruleId names.
  if (theRun.tool.driver.rules[one.ruleIndex]?.id !== one.ruleId)
    broken.push('ruleIndex is not that of ruleId');
  const steps = (one.codeFlows ?? []).flatMap(({ threadFlows }) =>
    threadFlows.flatMap((flow) => flow.locations),
  );
  const all = [...one.locations, ...steps.map((step) => step.location)];
  for (const { physicalLocation: place } of all) {
    const base = place?.artifactLocation.uriBaseId;
    if (base !== undefined && theRun.originalUriBaseIds?.[base] === undefined)
      broken.push(`${base} is not told`);
  }
  // 3.38.11: steps of different thread flows are ordered by it, and two never share one here.
  const order = steps.map(({ executionOrder }) => executionOrder);
  if (new Set(order).size !== order.length) broken.push('two steps have one executionOrder');
  for (const { threadFlows } of one.codeFlows ?? []) {
    const ids = threadFlows.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) broken.push('two thread flows have one id');
    for (const { locations, id } of threadFlows)
      if (locations.some((step, at) => step.executionOrder <= (locations[at - 1]?.executionOrder ?? -1)))
        broken.push(`${id} is out of order`);
  }
  return broken;
}

function unique<T>(array: z.ZodArray<z.ZodType<T>>) {
  return array.refine((items) => new Set(items.map((item) => JSON.stringify(item))).size === items.length, {
    message: 'has equal items',
  });
}
