/** What the first words say of a statement that cannot be parsed: cut off, too long, or of a dialect. */
import { type EffectFacts, NO_PREDICATE, plainFacts, type StatementFacts } from './facts.ts';
import { type Names, shownName } from './names.ts';

const FIRST_WORD = /^[\s(]*([a-zA-Z]+)/;
const NAME = String.raw`(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))`;
const TARGET = new RegExp(
  String.raw`^\s*(insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?)\s+${NAME}(?:\s*\.\s*${NAME})?`,
  'i',
);

/** The target of a write, when the text begins with it. */
function effects(shape: string, names: Names): EffectFacts[] {
  const match = TARGET.exec(shape);
  if (!match) return [];
  const first = part(match[2], match[3]);
  const second = match[4] === undefined && match[5] === undefined ? undefined : part(match[4], match[5]);
  const [schema, name] = second === undefined ? [undefined, first] : [first, second];
  const info = names.table(schema, name);
  const word = match[1]!.toLowerCase();
  const action = word.startsWith('insert') ? 'insert' : word.startsWith('update') ? 'update' : 'delete';
  const columns = action === 'delete' ? [] : (info?.columns ?? []);
  const set = Object.fromEntries(columns.map((column) => [column, '?' as const]));
  return [{ table: info?.name ?? shownName(schema, name), action, set, where: NO_PREDICATE, perRow: false }];
}

function part(quoted: string | undefined, plain: string | undefined): string {
  return quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"');
}

/** Facts of a text that is not understood; opaque unless it is a schema change. */
export function guessedFacts(shape: string, names: Names): StatementFacts {
  switch (FIRST_WORD.exec(shape)?.[1]?.toLowerCase()) {
    case undefined:
      return plainFacts('other', { trivial: shape.trim() === '', opaque: shape.trim() !== '' });
    case 'select':
    case 'table':
    case 'values':
    case 'fetch':
      return plainFacts('read', { opaque: true });
    case 'insert':
    case 'update':
    case 'delete':
      return plainFacts('write', { opaque: true, effects: effects(shape, names) });
    case 'merge':
    case 'truncate':
    case 'with':
    case 'do':
    case 'call':
    case 'execute':
      return plainFacts('write', { opaque: true });
    case 'create':
    case 'alter':
    case 'drop':
    case 'comment':
    case 'grant':
    case 'revoke':
      return plainFacts('ddl');
    default:
      return plainFacts('other', { opaque: true });
  }
}
