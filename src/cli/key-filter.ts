/** Which findings concern a key: its own, else those of a template that the key fits. */
import type { Finding } from '../core/finding.ts';

/** Variable segments of a template, as core/templates writes them. */
const VARIABLE = /\{[a-z]+\d*\}/;

export function concerning(finding: Finding, key: string): boolean {
  return finding.key === key || (finding.keys > 1 && fits(finding.template, key));
}

/** Whether a key may have been named after the template. */
export function fits(template: string, key: string): boolean {
  const literals = template.split(VARIABLE).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('.+?')}$`, 's').test(key);
}
