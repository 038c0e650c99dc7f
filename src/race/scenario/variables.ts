/** `${VAR}` in the texts of a scenario: the value of a variable, `${VAR:-otherwise}`, and `$${` for the two characters. */
import type { Path } from '../../yamlfile/index.ts';

export interface VariableProblem {
  readonly path: Path;
  /** As it stands in the file. */
  readonly text: string;
  readonly problem: string;
  readonly expected: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Replaces variables in every text within plain data; names of fields stay. What cannot be replaced stays, and is told. */
export function expandVariables(
  value: unknown,
  variables: Variables,
): { readonly value: unknown; readonly problems: readonly VariableProblem[] } {
  const problems: VariableProblem[] = [];
  const within = (inner: unknown, path: Path): unknown => {
    if (typeof inner === 'string') return expandText(inner, path, variables, problems);
    if (Array.isArray(inner)) return inner.map((item, index) => within(item, [...path, index]));
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([name, field]) => [name, within(field, [...path, name])]),
    );
  };
  return { value: within(value, []), problems };
}

function expandText(text: string, path: Path, variables: Variables, problems: VariableProblem[]): string {
  return text.replace(REFERENCE, (whole, inside: string | undefined) => {
    if (whole === '$${') return '${';
    const [, name, otherwise] = NAME.exec(inside ?? '') ?? [];
    if (name === undefined || !whole.endsWith('}')) {
      const expected = `A name such as \${TOKEN} or \${PORT:-8080}; $\${ stands for the two characters.`;
      problems.push({ path, text: whole, problem: `${whole} names no variable`, expected });
      return whole;
    }
    const value = variables[name];
    if (otherwise !== undefined && (value === undefined || value === '')) return otherwise;
    if (value !== undefined) return value;
    const expected = `A value for ${name} in the environment, or \${${name}:-otherwise} here.`;
    problems.push({ path, text: whole, problem: `the variable ${name} is not set`, expected });
    return whole;
  });
}
