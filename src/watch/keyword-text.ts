/**
 * Connection texts of the form `host=… port=…` (libpq, blanks between, values may be quoted) and `Host=…;Port=…`
 * (ADO.NET, semicolons between), split so that single values can be exchanged and the rest stays as it was written.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 */

/** One `name=value`. */
interface Keyword {
  /** In lower case. */
  readonly name: string;
  /** Without quotes and escapes. */
  readonly value: string;
  /** As written, without the separator. */
  readonly raw: string;
}

const BLANK_PAIR =
  /\s*(([A-Za-z_][A-Za-z_0-9]*)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*)))(?=\s|$)/gsy;
const SEMICOLON_PAIR = /\s*(([A-Za-z][A-Za-z0-9_ ]*?)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;]*)))\s*(?:;|$)/gy;
const NAMES_A_STORE = /^(?:host|hostaddr|server|data source|dbname)$/;

/** Pairs in order, names in lower case; null when the text is no such text or names neither host nor database. */
export function splitKeywords(text: string): readonly (readonly [name: string, value: string])[] | null {
  return parse(text)?.map(({ name, value }) => [name, value] as const) ?? null;
}

/**
 * The text with some values exchanged; `null` removes a pair. Names are in lower case; pairs that are not there are not
 * added. Null when the text is none of these forms.
 */
export function replaceKeywords(text: string, changes: ReadonlyMap<string, string | null>): string | null {
  const pairs = parse(text);
  if (pairs === null) return null;
  const semicolons = text.includes(';');
  const written = pairs.flatMap((pair) => {
    const change = changes.get(pair.name);
    if (change === undefined) return [pair.raw];
    if (change === null) return [];
    return [`${pair.raw.slice(0, pair.raw.indexOf('='))}=${semicolons ? change : quote(change)}`];
  });
  return written.join(semicolons ? ';' : ' ') + (/;\s*$/.test(text) ? ';' : '');
}

function parse(text: string): readonly Keyword[] | null {
  const pattern = text.includes(';') ? SEMICOLON_PAIR : BLANK_PAIR;
  const escaped = pattern === BLANK_PAIR;
  const pairs: Keyword[] = [];
  pattern.lastIndex = 0;
  let end = 0;
  for (let match = pattern.exec(text); match !== null && match[0] !== ''; match = pattern.exec(text)) {
    const value = (match[3] ?? match[4] ?? match[5] ?? '').trim();
    pairs.push({
      name: (match[2] ?? '').toLowerCase(),
      value: escaped ? value.replace(/\\(.)/gs, '$1') : value,
      raw: match[1] ?? '',
    });
    end = pattern.lastIndex;
    if (end >= text.length) break;
  }
  const whole = pairs.length > 0 && text.slice(end).trim() === '';
  return whole && pairs.some(({ name }) => NAMES_A_STORE.test(name)) ? pairs : null;
}

function quote(value: string): string {
  if (value !== '' && !/[\s'\\]/.test(value)) return value;
  return `'${value.replace(/['\\]/g, '\\$&')}'`;
}
