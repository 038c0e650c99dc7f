/** What could differ between two measured runs: taken as a fingerprint, and compared. */
export { compareFingerprints, kindsThatDiffer } from './compare.ts';
export * from './contract.ts';
export { LEFT_OUT } from './left-out.ts';
export type { FingerprintRequest } from './request.ts';
export { takeFingerprint } from './take.ts';
