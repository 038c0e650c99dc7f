/** Which values may be shown. When in doubt: none; a hash compares as well. Pure. */
import { looksIssued, secretForms } from '../observe/payload/secret-forms.ts';
import { hintOf } from '../observe/payload/secret-names.ts';

/** Words of names whose values are not shown, whatever they look like. */
const SECRET_WORDS = new Set(
  `account acct auth authorization bearer card cert certificate code cookie cred creds credential credentials cvv dsn hash iban
  id jwt key keys licence license login nonce otp pan pass passphrase passwd password pepper phone pin private pw pwd salt secret
  secrets seed session sid signature signing ssn token tokens user username`.split(/\s+/),
);
const SECRET_PARTS = /passw|passphrase|secret|token|credential|apikey|privatekey|conninfo/i;

/** Whether a name tells that its value may be a secret. */
export function namesSecret(name: string): boolean {
  if (SECRET_PARTS.test(name) || hintOf(name) !== null) return true;
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return words.some((word) => SECRET_WORDS.has(word));
}

/** Too short to be a secret that is worth the name, and a unit at most. */
const NUMBER = /^[+-]?\d{1,7}(?:\.\d{1,4})?(?:ns|us|ms|s|m|h|d|k|kb|kib|mb|mib|gb|gib|%)?$/i;
const WORDS = new Set(
  `true false yes no on off null none auto default enabled disabled
  production prod staging stage development dev test testing local ci
  trace debug verbose info notice warn warning error fatal critical silent quiet json text pretty plain
  redis memory postgres lru lfu lru_cache utc utf-8 utf8 c c.utf-8 posix`.split(/\s+/),
);
/** Texts that stand for what is this run's own. */
const PLACEHOLDERS = /^(?:[a-z][a-z0-9+:.-]{0,40}:\/\/)?(?:\{[a-z][a-z.]*\}[/:,]?)+$/;

/** Whether the value of an environment variable or a word of a command may be shown. */
export function isPlainValue(name: string, value: string): boolean {
  if (value === '' || PLACEHOLDERS.test(value)) return true;
  if (namesSecret(name)) return false;
  return isOrdinary(value);
}

/** A number, a switch or a level: found everywhere, and nobody's secret. */
export function isOrdinary(value: string): boolean {
  return NUMBER.test(value) || WORDS.has(value.toLowerCase());
}

const SETTING = /^["$\w.,:% +-]{0,200}$/;
/** `Europe/Berlin`, `Etc/UTC`. */
const TIME_ZONE = /^[A-Z]\w+(?:\/[A-Z][\w+-]*){1,2}$/;
const SECRET_SETTING = /pass|secret|token|auth|credential|private|conninfo/i;

/** Whether the text of a server's own setting may be shown; extensions and modules may keep anything under a name with a point. */
export function isPlainSetting(name: string, value: string): boolean {
  if (NUMBER.test(value) && !SECRET_SETTING.test(name)) return true;
  if (name.includes('.') || SECRET_SETTING.test(name)) return false;
  if (TIME_ZONE.test(value)) return true;
  return (
    SETTING.test(value) &&
    secretForms(value).length === 0 &&
    !value.split(/[\s,]+/).some((word) => looksIssued(word))
  );
}
