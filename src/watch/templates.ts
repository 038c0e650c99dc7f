/**
 * `{redis}`, `{postgres}`, their parts, `{port}` and `{otlp}` in `--env NAME=TEMPLATE` and in scenario files.
 */
import { WhystaleError } from '../errors.ts';
import type { ProxiedStore } from './proxied-value.ts';

/** Name without braces → text. */
export type TemplateValues = Readonly<Record<string, string>>;

/**
 * The values for these stores. A named store is also `{postgres.NAME}`, `{postgres.NAME.host}`, `{postgres.NAME.port}`.
 *
 * @param urlOf the URL that the child uses for a store
 */
export function templateValues(
  stores: readonly ProxiedStore[],
  urlOf: (proxied: ProxiedStore) => string,
  port?: number,
): TemplateValues {
  const values: Record<string, string> = port === undefined ? {} : { port: String(port) };
  for (const kind of ['redis', 'postgres'] as const) {
    for (const proxied of stores.filter(({ store }) => store.kind === kind).toReversed()) {
      const { name } = proxied.store;
      const url = urlOf(proxied);
      Object.assign(values, partsOf(kind, proxied, url));
      if (name !== null) Object.assign(values, partsOf(`${kind}.${name}`, proxied, url));
    }
  }
  return values;
}

function partsOf(prefix: string, { store, proxy }: ProxiedStore, url: string): TemplateValues {
  return {
    [prefix]: url,
    [`${prefix}.host`]: proxy.host,
    [`${prefix}.port`]: String(proxy.port),
    [`${prefix}.user`]: store.user ?? '',
    [`${prefix}.password`]: store.password ?? '',
    [`${prefix}.database`]: store.database ?? '',
  };
}

/** Only names that are ours are replaced: `/items/{id}` and JSON are left alone. */
const TEMPLATE = /\{((?:redis|postgres)(?:\.[A-Za-z0-9_-]+)*|port|otlp)\}/g;

/**
 * Replaces the templates in a text.
 *
 * @throws WhystaleError WSE425 when a template of ours has no value
 */
export function expand(text: string, values: TemplateValues): string {
  return text.replace(TEMPLATE, (whole, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    const known = Object.keys(values).map((known) => `{${known}}`);
    throw new WhystaleError({
      code: 'WSE425',
      what: `The template ${whole} stands for nothing here.`,
      expected: `One of ${known.join(', ') || '(none: no store is in use)'}.`,
      retry: 'after-fix',
      next: 'Correct the name, or give the store it belongs to.',
      exitCode: 2,
    });
  });
}

/**
 * Reads `NAME=TEMPLATE`.
 *
 * @throws WhystaleError WSE426 when it is none
 */
export function parseAssignment(text: string): readonly [name: string, template: string] {
  const match = /^([A-Za-z_][A-Za-z0-9_.]*)=(.*)$/s.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) return [match[1], match[2]];
  throw new WhystaleError({
    code: 'WSE426',
    what: `${JSON.stringify(text.split('=')[0])} is no assignment.`,
    expected: 'NAME=TEMPLATE, for example CACHE_URL={redis}.',
    retry: 'after-fix',
    next: 'Write --env NAME=TEMPLATE.',
    exitCode: 2,
  });
}
