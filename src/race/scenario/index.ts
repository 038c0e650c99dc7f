/** Scenario files: read, and described as JSON Schema. */
export type * from './contract.ts';
export { type JsonPath, parseJsonPath, valueAtPath } from './json-path.ts';
export { parseScenario, readScenario } from './read.ts';
export { readSchedule, type ScheduleFile } from './schedule-file.ts';
export { scenarioJsonSchema } from './schema.ts';
