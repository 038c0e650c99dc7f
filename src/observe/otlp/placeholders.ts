/**
 * Placeholders of drivers, which spans show, as PostgreSQL's `$n`, which the wire has: `%s` and `%(name)s` of Python's
 * DB-API, `?` of JDBC and of agents that sanitise, `:name` and `@name` of others. Then both have one shape. Only a sign
 * that stands where an operand must stand is a placeholder: `?` between two operands is jsonb's operator, `%` the modulo.
 */
import { tokens } from '../sql/lexer.ts';

const CANDIDATE = /%\(\w+\)s|%[sbt](?!\w)|\?(?![|&](?!\|))|(?<![\w:\]"'])[:@][A-Za-z_]\w*/g;
/** Python's escape of the modulo sign, where there are placeholders. */
const DOUBLED = /%%/g;

/** Words after which an operand follows. */
const BEFORE_OPERAND = new Set(
  (
    'select distinct where on and or not having in like ilike similar to escape between when then else case limit ' +
    'offset fetch first next values set from returning by interval any all some using zone return call execute'
  ).split(' '),
);
/** How far back the word before a candidate is looked for. */
const LONGEST_WORD = 12;

/** The text with its placeholders numbered; the same text when there are none. Linear in the text. */
export function numberPlaceholders(sql: string): string {
  if (!/[%?:@]/.test(sql)) return sql;
  const parts: { readonly text: string; readonly code: boolean }[] = [];
  let from = 0;
  let count = 0;
  const rewrite = (end: number): void => {
    const text = sql.slice(from, end).replace(CANDIDATE, (sign, at: number) => {
      if (!expectsOperand(sql, from + at)) return sign;
      count++;
      return `$${count}`;
    });
    parts.push({ text, code: true });
  };
  for (const { kind, start, end } of tokens(sql)) {
    if (kind !== 'text' && kind !== 'name' && kind !== 'bits') continue;
    rewrite(start);
    parts.push({ text: sql.slice(start, end), code: false });
    from = end;
  }
  rewrite(sql.length);
  if (count === 0) return sql;
  return parts.map(({ text, code }) => (code ? text.replace(DOUBLED, '%') : text)).join('');
}

function expectsOperand(sql: string, at: number): boolean {
  let end = at;
  while (end > 0 && /\s/.test(sql[end - 1] as string)) end--;
  if (end === 0) return true;
  if (/[=<>(,[+\-*/|~!&^%]/.test(sql[end - 1] as string)) return true;
  const word = /[A-Za-z]+$/.exec(sql.slice(Math.max(0, end - LONGEST_WORD), end))?.[0];
  return word !== undefined && BEFORE_OPERAND.has(word.toLowerCase());
}
