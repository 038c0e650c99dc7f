/** What the tests of the audit share: secrets that must never be shown, and a request. */

import type { AuditItem } from '../../src/audit/contract.ts';
import { type AuditFlags, type AuditReport, audit, readRequest } from '../../src/audit/index.ts';

/** Planted secrets: random, well-formed, and found in no other place. */
export const PLANTED = {
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.cGxhbnRlZHNpZ25hdHVyZTEyMw',
  hash: `$2b$12$${'Pl4nt3dHashOfAPasswordThatNobodyKnowsAbcdefghijklmno1'.slice(0, 53)}`,
  apiKey: ['sk', 'live', 'Pl4nt3dKey9876543210abcd'].join('_'),
  password: 'Pl4nt3d-passw0rd!',
  card: '4111111111111111',
} as const;

const NONE: AuditFlags = { redis: [], postgres: [], path: [], header: [], log: [] };

export function audited(flags: Partial<AuditFlags>): Promise<AuditReport> {
  return audit(readRequest({ ...NONE, ...flags }, {}));
}

export function find(report: AuditReport, id: string): AuditItem {
  const item = report.items.find((one) => one.id === id);
  if (item === undefined) throw new Error(`no ${id} in ${report.items.map((one) => one.id).join(' ')}`);
  return item;
}

/** State by id. */
export function states(report: AuditReport): Readonly<Record<string, string>> {
  return Object.fromEntries(report.items.map(({ id, state }) => [id, state]));
}
