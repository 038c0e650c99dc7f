/** Consistency checkers for histories of registers, whoever recorded them. */
export { checkHistory } from './check.ts';
export {
  type CheckOptions,
  type CheckResult,
  type CheckVerdict,
  type HistoryRecord,
  type Model,
  SEARCH_STEPS,
  type Violation,
} from './record.ts';
