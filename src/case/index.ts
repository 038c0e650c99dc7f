/** Cases: `case.yaml`, read, checked, shown, made and closed. */
export { type Surroundings, surroundings } from './check.ts';
export { type ChecklistTools, runChecklist } from './checklist.ts';
export type * from './checklist-contract.ts';
export { CHECKLIST_KINDS, type ChecklistKind, defaultChecklist } from './checklists.ts';
export { type Closing, closeCase, closedText } from './close.ts';
export type * from './contract.ts';
export { CASE_FILE, COMPARISONS_FOLDER, REHEARSALS_FOLDER, RUNS_FOLDER, VARIABLE_KINDS } from './contract.ts';
export { createCase, newCaseFile } from './create.ts';
export type * from './document.ts';
export { type CaseDraft, draftText, EMPTY_DRAFT } from './draft.ts';
export { noFinding, noName, questionsEnded, wrongFlag } from './errors.ts';
export { draftFromFinding, nameOfFinding } from './from-finding.ts';
export { CASES_FOLDER, locateCase, shownPath } from './locate.ts';
export { slugOf } from './names.ts';
export {
  parseCase,
  parseWrittenCase,
  readCase,
  readWrittenCase,
  type StoredCase,
  type WrittenCase,
} from './read.ts';
export { checkCase, listCases, showCase } from './report.ts';
export { caseJsonSchema } from './schema.ts';
export { signedText, signStep } from './sign.ts';
