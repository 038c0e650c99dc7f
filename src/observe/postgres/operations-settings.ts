/** SET and RESET as far as they matter to the history: isolation and search path. */

import { type Execution, refValues } from '../sql/bind.ts';
import { isolationLevel } from '../sql/control.ts';
import type { IsolationLevel, SettingFacts } from '../sql/facts.ts';
import type { SessionState } from './operations-session.ts';

function texts(run: Execution, setting: SettingFacts): string[] {
  return setting.values.flatMap((ref) => refValues(run, ref) ?? []).filter((text) => text !== null);
}

/** Schemas of a search path as a session without `$user` schema has it. */
function pathOf(values: readonly string[]): string[] {
  const names = values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  return names.filter((name) => name !== '' && name !== '$user');
}

/** Applies a setting to the session. Gives back the isolation level when the open transaction's was changed. */
export function applySetting(
  session: SessionState,
  setting: SettingFacts,
  run: Execution,
): IsolationLevel | undefined {
  const values = texts(run, setting);
  switch (setting.name) {
    case '*':
      session.defaultIsolation = undefined;
      session.searchPath = undefined;
      return undefined;
    case 'search_path':
      if (setting.scope === 'transaction' && session.open)
        session.open.pathBefore ??= session.searchPath ?? [];
      session.searchPath = values.length === 0 ? undefined : pathOf(values);
      return undefined;
    case 'default_transaction_isolation':
      session.defaultIsolation = isolationLevel(values[0] ?? '') ?? undefined;
      return undefined;
    case 'transaction_isolation': {
      const level = isolationLevel(values[0] ?? '') ?? undefined;
      if (!session.open || !level) return undefined;
      session.open.isolation = level;
      return level;
    }
    default:
      return undefined;
  }
}
