/** A Markdown file: its front matter, and its text. */
import { NotYaml, readYaml } from '../yamlfile/index.ts';

export interface FrontMatter {
  /** As YAML gives it; null: the file has none. */
  readonly fields: unknown;
  readonly body: string;
  /** Why the front matter could not be read, without a full stop; null: it could. */
  readonly problem: string | null;
}

const FENCE = /^---[ \t]*\r?\n/;
const END = /^(?:---|\.\.\.)[ \t]*\r?$/m;

export function hasFrontMatter(text: string): boolean {
  return FENCE.test(text.replace(/^\ufeff/, ''));
}

/** The mapping between the first line, `---`, and the next such line. Without one, all of it is text. */
export function readFrontMatter(source: string): FrontMatter {
  const text = source.replace(/^\ufeff/, '');
  const [fence] = FENCE.exec(text) ?? [];
  if (fence === undefined) return { fields: null, body: text, problem: null };
  const rest = text.slice(fence.length);
  const end = END.exec(rest);
  if (end === null) return { fields: null, body: text, problem: 'its front matter has no last line ---' };
  const body = rest.slice(end.index + end[0].length).replace(/^\r?\n/, '');
  try {
    return { fields: readYaml(rest.slice(0, end.index)).value, body, problem: null };
  } catch (error) {
    if (!(error instanceof NotYaml)) throw error;
    return { fields: null, body, problem: `line ${error.at.line + 1} of its front matter: ${error.message}` };
  }
}
