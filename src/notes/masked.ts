/**
 * Credentials that are written out in a case: masked before its page is made. Only what is known by its form, or stands under a telling
 * name and looks the part; `${VARIABLES}` and words in their place are left. A text with one of them is masked whole by the rules that
 * recordings are masked by, which are wider.
 */
import { counted } from '../core/numbers.ts';
import { isPlaceholder, secretForms, withoutForms } from '../observe/payload/secret-forms.ts';
import { hintOf, namedSecret } from '../observe/payload/secret-names.ts';
import { MASK, maskForms } from '../recording/mask.ts';
import type { Draft } from './contract.ts';

const URL_PASSWORD = /:\/\/[^\s:/@"'<>]{0,256}:(?!\d{1,5}\/)([^\s"'<>@/]{1,1024})@/g;
/** `name=value`, `name: value`, `"name": "value"`, `--name value`. */
const NAMED =
  /(?<![\w.-])(?:["']?([A-Za-z][\w.-]{1,60})["']?\s{0,3}(?:=>|[=:])|--([a-z][\w-]{1,60})\s)\s{0,3}(?:"([^"]{4,1024})"|'([^']{4,1024})'|((?:[Bb]earer |[Bb]asic )?[^\s"',;&)}\]]{4,1024}))/g;
const HINT = /:\/\/|pass|pwd|secret|token|key|credential|auth|cookie|sess|card/i;

/** Variables of programs whose names are one word: `PGPASSWORD`. */
const PASSWORD = /(?:password|passwd|passphrase)$|^REDISCLI_AUTH$/i;

export function holdsSecret(text: string): boolean {
  if (secretForms(text).length > 0) return true;
  if (!HINT.test(text)) return false;
  for (const [, password = ''] of text.matchAll(URL_PASSWORD)) if (!isPlaceholder(password)) return true;
  for (const [, set, flag, double, single, plain] of text.matchAll(NAMED)) {
    const name = set ?? flag ?? '';
    const value = double ?? single ?? plain ?? '';
    const hint = PASSWORD.test(name) ? 'password' : hintOf(name);
    if (hint !== null && !isPlaceholder(value) && namedSecret(hint, name, value) !== null) return true;
  }
  return false;
}

export function maskedText(text: string): string {
  if (!holdsSecret(text)) return text;
  const masked = maskForms(text);
  // Forms that those rules do not know lose their text.
  return secretForms(masked).length > 0 ? withoutForms(masked) : masked;
}

/** Markdown before it is read: an address with a password in it would be taken apart. */
export function maskedLines(source: string, told: (says: string) => void): string {
  if (!HINT.test(source) && secretForms(source).length === 0) return source;
  const lines = source.split('\n');
  const masked = lines.map(maskedText);
  const found = masked.filter((line, i) => line !== lines[i]).length;
  if (found > 0) told(says(`${counted(found, 'line')} of the text`));
  return masked.join('\n');
}

function says(where: string): string {
  return `what looks like a credential was masked as ${MASK} in ${where}: write a variable in its place`;
}

/** The note without credentials; how many texts held some is told. */
export function maskedDraft(draft: Draft, told: (says: string) => void): Draft {
  const { title, fields, body } = draft;
  const found = textsWithSecrets({ title, fields, body });
  if (found === 0) return draft;
  const masked = { title: maskedText(title), fields: inside(fields), body: inside(body) };
  told(says(counted(found, 'text')));
  return { ...draft, ...masked };
}

/** Names of what is no text of the note: where a picture lies. */
const PATHS = 'from';

/** Looked at first: hardly a note holds any, and one that holds none stays as it is. */
function textsWithSecrets(value: unknown, name = ''): number {
  if (typeof value === 'string') return name !== PATHS && holdsSecret(value) ? 1 : 0;
  if (typeof value !== 'object' || value === null) return 0;
  let found = 0;
  if (Array.isArray(value)) for (const item of value) found += textsWithSecrets(item, name);
  else for (const key of Object.keys(value)) found += textsWithSecrets(value[key as keyof typeof value], key);
  return found;
}

/** The same data with every text in it masked. */
function inside<T>(value: T): T {
  const visit = (one: unknown, name: string): unknown => {
    if (typeof one === 'string') return name === PATHS ? one : maskedText(one);
    if (Array.isArray(one)) return one.map((item) => visit(item, name));
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [key, visit(item, key)]));
  };
  return visit(value, '') as T;
}
