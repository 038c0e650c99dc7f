/** How loud a finding is in reports that know three levels: SARIF, annotations of a CI run. */
import { CODES } from '../core/codes.ts';
import type { Finding } from '../core/finding.ts';

export type Severity = 'error' | 'warning' | 'note';

/** What is proved stale or unsafe is an error, what is likely so a warning; costs and what is only possible are notes. */
export function severityOf({ code, confidence }: Pick<Finding, 'code' | 'confidence'>): Severity {
  if (CODES[code].group === 'cost' || confidence === 'possible') return 'note';
  return confidence === 'proved' ? 'error' : 'warning';
}
