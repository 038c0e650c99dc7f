/** What other files that people write share with a scenario: forms of their parts, and what these are read with. */
export { commandOf } from './command.ts';
export { type FileErrors, fileErrors } from './errors.ts';
export { digestOf, type FileForm, readForm, readText } from './form.ts';
export { listOf, milliseconds, type Reading, textOf, wholeNumber } from './reading.ts';
export { readRequests } from './requests.ts';
export {
  CommandSchema,
  counting,
  duration,
  positive,
  RequestSchema,
  ScenarioFileSchema,
  shaped,
  text,
  texts,
} from './schema.ts';
export { readCommand, readService, readSetup, readStores } from './surroundings.ts';
export type { VariableProblem, Variables } from './variables.ts';
