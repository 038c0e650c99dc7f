/** Texts without what is this run's own: the folder, the stores' addresses, their databases and credentials. Pure. */
import { formatEndpoint } from '../proxy/endpoint.ts';
import { DEFAULT_PORTS, namesEndpoint } from '../watch/proxied-value.ts';
import type { Store } from '../watch/stores.ts';
import { decodePart, splitUrl } from '../watch/url-text.ts';
import { byText } from './sheet.ts';

/** Text → the same text with placeholders. */
export type Neutral = (text: string) => string;

/** Shorter texts would be found in others by chance: the root folder, a lone slash. */
const SHORTEST_LITERAL = 2;

export interface OwnTexts {
  /** Folders of this run, with the placeholder of each. */
  readonly folders: readonly (readonly [path: string, placeholder: string])[];
  readonly stores: readonly Store[];
  readonly given: readonly { readonly text: string; readonly placeholder: string }[];
}

/** @returns a function that puts placeholders in the place of this run's own texts; longer ones first */
export function neutralTexts({ folders, stores, given }: OwnTexts): Neutral {
  const literals = new Map<string, string>();
  for (const { text, placeholder } of given) literals.set(text, placeholder);
  for (const store of stores) {
    literals.set(store.url, `{${store.kind}}`);
    literals.set(formatEndpoint(store.endpoint), `{${store.kind}.address}`);
  }
  for (const [path, placeholder] of folders) if (!literals.has(path)) literals.set(path, placeholder);
  const ordered = [...literals]
    .filter(([text]) => text.length >= SHORTEST_LITERAL)
    .sort(([a], [b]) => b.length - a.length || byText(a, b));
  const patterns = ordered.map(([text, placeholder]) => [bounded(text), placeholder] as const);
  return (text) =>
    patterns.reduce((rest, [pattern, placeholder]) => rest.replace(pattern, () => placeholder), text);
}

/** Not inside a longer name, number or path. */
function bounded(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w.-])${escaped}(?![\\w-]|\\.\\w)`, 'g');
}

/** Query parameters that say where and who, not how. */
const PLACE_PARAMETERS =
  /^(?:host|hostaddr|port|user|username|password|db|dbname|database|virtual_host|.*(?:file|cert|key|passw).*)$/i;

/**
 * The value of a URL that names a store of this run: each run has a store of its own, so address, database and credentials are
 * not compared; scheme (the driver) and query (pool sizes, time-outs) are. Null: not such a value.
 *
 * @param ours the variable was set by us, whatever address it names
 */
export function neutralUrl(value: string, stores: readonly Store[], ours: boolean): string | null {
  const parts = splitUrl(value.trim());
  if (parts === null) return null;
  const host = decodePart(parts.host);
  const store = stores.find(({ kind, endpoint }) =>
    namesEndpoint(endpoint, host, parts.port ?? DEFAULT_PORTS[kind]),
  );
  if (store === undefined && !ours) return null;
  const query = parts.query.filter((part) => !PLACE_PARAMETERS.test(part.split('=')[0] ?? ''));
  return `${parts.scheme}://{store}${query.length === 0 ? '' : `?${query.toSorted(byText).join('&')}`}`;
}
