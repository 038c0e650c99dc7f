/**
 * Routes as frameworks name them (`http.route`), in one notation: `GET /items/{id}`.
 *
 * `:id` Express, Gin, Rails · `<int:id>` Flask, Django · `{id:int}` ASP.NET, chi, Starlette · `[id]`, `[...rest]` Next.js,
 * SvelteKit · `*` and `*rest` the rest of the path · `(?P<id>\d+)` Django's regular expressions.
 */

const REST =
  /^(?:\*.*|\[\[?\.\.\.[^\]]*\]?\]|<path:[^>]*>|\{[^}]*:(?:path|\.\*|\.\+)\}|\{\*+[^}]*\}|\{[^}]*\.\.\.\}|:[\w-]+(?:\(\.\*\)|[*+]))$/;

/** Routes kept. */
export const MAX_TOLD = 5_000;

/** The route in braces, with a leading slash and without one at the end (unless the route is `/`). */
export function bracedRoute(route: string): string {
  const known = BRACED.get(route);
  if (known !== undefined) return known;
  const braced = braces(route);
  if (BRACED.size < MAX_TOLD) BRACED.set(route, braced);
  return braced;
}

const BRACED = new Map<string, string>();

function braces(route: string): string {
  const path = unanchored(route)
    .split('/')
    .filter((segment) => segment !== '')
    .map(bracedSegment)
    .join('/');
  return `/${path}`;
}

/** `^items/(?P<id>\d+)/$` gives `items/{id}/`. */
function unanchored(route: string): string {
  return route
    .replace(/\(\?P?<(\w+)>(?:[^()\\]|\\.|\([^()]*\))*\)/g, '{$1}')
    .replace(/^\^/, '')
    .replace(/(?:\$|\\Z)$/, '')
    .replace(/\(\.:\w+\)$/, '');
}

function bracedSegment(segment: string): string {
  if (REST.test(segment))
    return `{${
      segment
        .match(/[A-Za-z_]\w*/g)
        ?.filter((word) => word !== 'path')
        .at(-1) ?? 'rest'
    }...}`;
  return segment
    .replace(/<(?:[^:<>]*:)?([^<>]+)>/g, '{$1}')
    .replace(/\{(\w+)[:?=][^}]*\}/g, '{$1}')
    .replace(/\[([\w-]+)\]/g, '{$1}')
    .replace(/(^|[^\w]):([A-Za-z_]\w*)(?:\([^)]*\))?\??/g, '$1{$2}');
}

interface Pattern {
  readonly route: string;
  readonly test: RegExp;
  /** Characters that are literal: of several that fit, the most literal one is the route. */
  readonly literal: number;
}

/** The routes that spans told, to name the requests that no span tells of. */
export class ToldRoutes {
  readonly #known = new Map<string, Pattern>();
  readonly #byMethod = new Map<string, Pattern[]>();

  /** Notes a route; gives its name: `GET /items/{id}`. */
  add(method: string, route: string): string {
    const braced = bracedRoute(route);
    const name = `${method} ${braced}`;
    if (this.#known.has(name) || this.#known.size >= MAX_TOLD) return name;
    const pattern = {
      route: name,
      test: patternOf(braced),
      literal: braced.replace(/\{[^}]*\}/g, '').length,
    };
    this.#known.set(name, pattern);
    const list = this.#byMethod.get(method) ?? [];
    list.push(pattern);
    list.sort((a, b) => b.literal - a.literal);
    this.#byMethod.set(method, list);
    return name;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Whether a path fits a route that was told. */
  fits(method: string, braced: string, path: string): boolean {
    return this.#known.get(`${method} ${braced}`)?.test.test(path) ?? false;
  }

  /** The most literal route that a path fits. */
  of(method: string, path: string): string | null {
    return this.#byMethod.get(method)?.find(({ test }) => test.test(path))?.route ?? null;
  }
}

function patternOf(braced: string): RegExp {
  const pieces = braced.split(/(\{[^}]*\})/).map((piece) => {
    if (/^\{.*\.\.\.\}$/.test(piece)) return '.*';
    if (piece.startsWith('{')) return '[^/]+';
    return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${pieces.join('')}/?$`);
}
