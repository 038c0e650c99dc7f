/**
 * Secrets in lines of a log. Known forms anywhere; what stands under a telling name in JSON, in `name=value` and in URLs.
 * Only what and where is kept, never the text. Pure but for the digester's key.
 */
import { randomBytes } from 'node:crypto';
import { counted } from '../core/numbers.ts';
import type { SecretKind } from '../core/operation.ts';
import { SECRET_NAMES } from '../core/safety/secrets.ts';
import { createDigester } from '../observe/payload/index.ts';
import { isPlaceholder, secretForms } from '../observe/payload/secret-forms.ts';
import { hintOf, namedSecret } from '../observe/payload/secret-names.ts';
import type { Judgement } from './catalogue.ts';

/** Characters of a line that are looked at. */
export const LONGEST_LINE = 65_536;

interface Place {
  readonly kind: SecretKind;
  /** Name that it stands under; empty without one. */
  readonly under: string;
  readonly line: number;
}

/** Takes lines one at a time. */
export interface LogSearch {
  readonly add: (line: string) => void;
  readonly judge: (masked: 'here' | 'never') => Judgement;
}

/** `name=value`, `name: value`, `"name": "value"`. */
const ASSIGNED =
  /(?<![\w.-])["']?([A-Za-z][\w.-]{1,60})["']?\s{0,3}(?:=>|[=:])\s{0,3}(?:"([^"\\]{4,4096})"|'([^'\\]{4,4096})'|((?:[Bb]earer |[Bb]asic )?[^\s"',;&)}\]]{4,4096}))/g;
const URL_PASSWORD = /:\/\/[^\s:/@"'<>]{0,256}:(?!\d{1,5}\/)([^\s"'<>@/]{1,1024})@/g;
/** What whystale writes in place of a credential; services use the same sign. */
const MASKED = /(?:[=:]\s{0,3}["']?|(?:bearer|basic) |:)\*\*\*/i;

/** A search over one log. */
export function searchLog(): LogSearch {
  const digester = createDigester(randomBytes(16));
  const places: Place[] = [];
  const hit = new Set<number>();
  let lines = 0;
  let masked = 0;
  return {
    add: (whole) => {
      const line = whole.slice(0, LONGEST_LINE);
      lines++;
      if (MASKED.test(line)) masked++;
      const found = secretsOf(line, (bytes) => digester.inspect(bytes, '').secrets ?? []);
      if (found.length > 0) hit.add(lines);
      for (const { kind, under } of found)
        if (!places.some((known) => known.kind === kind && known.under === under))
          places.push({ kind, under, line: lines });
    },
    judge: (marks) => judged(places, { lines, hit: hit.size, masked: marks === 'here' ? masked : 0 }),
  };
}

type Found = Omit<Place, 'line'>;

function secretsOf(
  line: string,
  inspect: (bytes: Uint8Array) => readonly { readonly kind: SecretKind; readonly place: string }[],
): readonly Found[] {
  const found: Found[] = [];
  const note = (kind: SecretKind, under: string): void => {
    const known = found.some((other) => other.kind === kind && (other.under === under || under === ''));
    if (!known) found.push({ kind, under });
  };
  const brace = line.indexOf('{');
  if (brace >= 0) for (const { kind, place } of inspect(Buffer.from(line.slice(brace)))) note(kind, place);
  for (const [, name = '', double, single, plain] of line.matchAll(ASSIGNED)) {
    const hint = hintOf(name);
    const value = double ?? single ?? plain ?? '';
    const secret = hint === null || isPlaceholder(value) ? null : namedSecret(hint, name, value);
    if (secret !== null) note(secret.kind, shown(name));
  }
  for (const [, password = ''] of line.matchAll(URL_PASSWORD))
    if (!isPlaceholder(password)) note('password', 'a URL');
  for (const { kind } of secretForms(line)) note(kind, '');
  return found;
}

/** Names are words of the program; what looks like anything else is not shown. */
function shown(name: string): string {
  return name.length <= 40 && /^[A-Za-z_][A-Za-z_.-]*\d{0,2}$/.test(name) ? name : '';
}

/** Kinds named at most. */
const SHOWN = 5;
const MEND =
  'leave them out where the line is written, or filter them: redact (pino), a logging.Filter (Python), log_parameter_max_length = 0 (PostgreSQL); then remove the old logs and revoke what was in them';

function judged(
  places: readonly Place[],
  { lines, hit, masked }: { readonly lines: number; readonly hit: number; readonly masked: number },
): Judgement {
  if (lines === 0)
    return { state: 'unknown', evidence: 'no line', mend: 'let the service do its work, then look again' };
  if (places.length > 0) {
    const named = places
      .slice(0, SHOWN)
      .map(
        ({ kind, under, line }) =>
          `${SECRET_NAMES[kind]}${under === '' ? '' : ` under ${under}`} (line ${line})`,
      );
    const more = places.length > SHOWN ? ` and ${places.length - SHOWN} more` : '';
    return {
      state: 'bad',
      evidence: `${counted(hit, 'line')} of ${lines} ${hit === 1 ? 'holds' : 'hold'} secrets: ${named.join(', ')}${more}`,
      mend: MEND,
    };
  }
  if (masked > 0)
    return {
      state: 'warn',
      evidence: `${counted(masked, 'line')} of ${lines} where a credential was masked as it was recorded: the service may print it`,
      mend: `look at the service's own log: --log FILE. ${MEND}`,
    };
  return { state: 'ok', evidence: `${counted(lines, 'line')} looked at` };
}
