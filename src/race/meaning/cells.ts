/** Values as people are shown them in results: short, on one line, secrets masked. */
import { secretForms } from '../../observe/payload/secret-forms.ts';
import { hintOf } from '../../observe/payload/secret-names.ts';
import { MAX_RESULT, shortened } from './mask.ts';

const HIDDEN = '…';
/** Printable text, and what JSON and people put between. */
const PRINTABLE = /^[\t\n\r\x20-\x7e\u00a0-\uffff]*$/;

/** Whether a column or field of this name holds what nobody should see. */
export function isSecretName(name: string): boolean {
  return hintOf(name) !== null;
}

/** A value's text for people. `name`: of its column or key; `longest` in characters. */
export function shownText(text: string, name = '', longest = MAX_RESULT): string {
  const looked = text.slice(0, 4 * MAX_RESULT);
  if ((name !== '' && isSecretName(name)) || secretForms(looked).length > 0) return HIDDEN;
  const line = shortened(looked.replace(/\s+/g, ' ').trim(), longest);
  return line === '' ? "''" : line;
}

/** Bytes for people: text as text, all else by its size. `size`: of the whole value. */
export function shownBytes(bytes: Uint8Array, size: number, name = ''): string {
  const text = Buffer.from(bytes).toString('utf8');
  const cut = size > bytes.length;
  // A cut may have split the last character.
  const readable =
    PRINTABLE.test(cut ? text.replace(/\ufffd+$/, '') : text) && !text.includes('\ufffd\ufffd');
  return readable ? shownText(text, name) : `${size} bytes`;
}
