/** The security checklist of a cache. */
export { audit } from './audit.ts';
export { CATALOGUE, type ItemName } from './catalogue.ts';
export {
  type AuditFailOn,
  type AuditItem,
  type AuditReport,
  exitCodeOf,
  type ItemState,
} from './contract.ts';
export { wrongValue } from './errors.ts';
export { type AuditFlags, type AuditRequest, readRequest } from './request.ts';
