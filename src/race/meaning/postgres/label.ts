/** What a person reads of a statement: `UPDATE items id=1`. Random values are masked. */
import { isSecretName } from '../cells.ts';
import { masked } from '../mask.ts';
import type { Draft, Touched } from './draft.ts';

/** Tables shown of one statement. */
const MAX_TABLES = 4;
/** Characters shown of one value. */
const MAX_VALUE = 36;

/** `id=1 slug=blue-lamp` with what is random or secret in it masked. */
function whereText(where: string): string {
  return where.replace(/(\w+)=((?:(?! \w+=)[\s\S])*)/g, (_, column: string, value: string) => {
    if (isSecretName(column)) return `${column}=…`;
    const shown = value.split(',').map(masked).join(',');
    return `${column}=${shown.length > MAX_VALUE ? `${shown.slice(0, MAX_VALUE - 1)}…` : shown}`;
  });
}

function tableText({ name, where }: Touched): string {
  return where === '' ? name : `${name} ${whereText(where)}`;
}

/** `verb` with the tables it is about; of a statement without any, the functions it calls. */
export function statementLabel(verb: string, draft: Draft): string {
  const locks = draft.clause !== '' && verb === 'SELECT' ? ` ${draft.clause}` : '';
  const tables = [...new Set(draft.touched.map(tableText))];
  const more = tables.length - MAX_TABLES;
  if (tables.length > 0)
    return `${verb} ${tables.slice(0, MAX_TABLES).join(', ')}${more > 0 ? `, … ${more} more` : ''}${locks}`;
  const calls = [...new Set(draft.called)].slice(0, MAX_TABLES);
  return calls.length > 0 ? `${verb} ${calls.join(', ')}` : verb;
}
