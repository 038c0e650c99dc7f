/**
 * What a sample of keys holds that it should not: the sample is told to the core as a history of reads, so that WS301 is
 * decided and worded as in `explain`. Values end here; what goes on is masked.
 */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { analyse } from '../core/analyse.ts';
import type { Finding } from '../core/finding.ts';
import { count, counted } from '../core/numbers.ts';
import type { CacheKey, CacheRead, Operation, Payload, SecretFound } from '../core/operation.ts';
import { createDigester } from '../observe/payload/index.ts';
import { secretForms, withoutForms } from '../observe/payload/secret-forms.ts';
import { maskForms } from '../recording/mask.ts';
import type { itemMaker, Judgement } from './catalogue.ts';
import type { Part } from './contract.ts';
import { judgeFindings } from './finding-state.ts';
import { type Sample, type SampledValue, takeSample } from './sample.ts';

/** Samples the database and judges it. */
export async function sampleItems(
  redis: Redis,
  db: number,
  item: ReturnType<typeof itemMaker>,
): Promise<Part> {
  const sample = await takeSample(redis);
  const { names, values } = secretsIn(sample, db, randomBytes(16));
  return {
    items: [
      item('redis.key-secrets', judged(names, sample, namesLookedAt(sample))),
      item('redis.value-secrets', judgedValues(values, sample)),
    ],
    findings: [...names, ...values],
  };
}

interface Found {
  /** WS301 of names, and of values. */
  readonly names: readonly Finding[];
  readonly values: readonly Finding[];
}

/** WS301 over a sample. `hashKey`: 16 random bytes. */
export function secretsIn(sample: Sample, db: number, hashKey: Uint8Array): Found {
  const digester = createDigester(hashKey);
  const values = new Map(sample.values.map((value) => [value.key, value]));
  const names: Operation[] = [];
  const reads: Operation[] = [];
  let id = 0;
  for (const name of sample.names) {
    const { key, secrets } = shownKey(name, digester);
    const value = values.get(name);
    if (secrets.length > 0) {
      names.push(keyOf(++id, db, key, secrets), readOf(++id, db, key, null));
    }
    if (value !== undefined) reads.push(readOf(++id, db, key, payloadOf(value, digester)));
  }
  return { names: ws301(names), values: ws301(reads) };
}

/**
 * The name as it may be shown. Stricter than in a recording, where equal keys must stay equal: hashes, and whatever follows
 * a word such as `password`, are taken out as well.
 */
function shownKey(
  name: string,
  digester: Digester,
): { readonly key: string; readonly secrets: readonly SecretFound[] } {
  const masked = digester.key(name);
  const known = digester.secretsOf?.(masked) ?? [];
  const pieces = withoutSecrets(masked).split(SEPARATORS);
  const forms = [masked, ...pieces].flatMap(secretForms);
  const bare = forms.length === 0 ? masked : pieces.map(withoutSecrets).join('');
  const key = PLAIN_ID.test(bare) ? bare : maskForms(bare);
  return { key, secrets: [...known, ...forms.map((form) => ({ ...form, place: '' }))] };
}

/** What stands between the parts of a name: a form is known by what stands before it, and that may be a slash. */
const SEPARATORS = /([:/|,;&?=@{}\s"']+)/;

function withoutSecrets(text: string): string {
  return secretForms(text).length === 0 ? text : withoutForms(text).replace(/ +/g, '…');
}

type Digester = ReturnType<typeof createDigester>;

/** `reset_token:17` names a token by its number. */
const PLAIN_ID = /^[\w.:{}-]*:(?:\d{1,19}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

function ws301(operations: readonly Operation[]): readonly Finding[] {
  return analyse(operations).findings.filter(({ code }) => code === 'WS301');
}

const base = (id: number, db: number) =>
  ({
    id,
    session: 'redis:audit',
    invoke: 2 * id,
    return: 2 * id + 1,
    status: 'ok',
    tier: 'cache',
    db,
  }) as const;

function keyOf(id: number, db: number, key: string, secrets: readonly SecretFound[]): CacheKey {
  return { ...base(id, db), command: 'SCAN', kind: 'key', key, parts: [], secrets };
}

function readOf(id: number, db: number, key: string, payload: Payload | null): CacheRead {
  return {
    ...base(id, db),
    command: 'SCAN',
    kind: 'read',
    key,
    value: 'h:000000000001',
    size: 0,
    ...(payload === null ? {} : { payload }),
  };
}

/** What of a value is kept: which secrets it holds, and where. */
function payloadOf({ key, parts, fields }: SampledValue, digester: Digester): Payload {
  const looked =
    fields === null ? parts.map((part) => digester.inspect(part, key)) : [digester.inspectFields(fields)];
  const secrets = looked.flatMap((payload) => payload.secrets ?? []);
  return { format: looked[0]?.format ?? 'binary', leaves: [], ...(secrets.length === 0 ? {} : { secrets }) };
}

function namesLookedAt({ names, size }: Sample): string {
  const all = size === null || size <= names.length ? '' : ` of ${count(size)}`;
  return `${count(names.length)}${all} ${names.length === 1 && all === '' ? 'name' : 'names'} looked at`;
}

function judged(findings: readonly Finding[], sample: Sample, looked: string): Judgement {
  const { names, refused, size } = sample;
  if (refused !== null && names.length === 0)
    return { state: 'unknown', evidence: `SCAN: ${maskForms(refused)}`, mend: 'allow the user SCAN: +scan' };
  if (names.length === 0)
    return size === 0 || size === null
      ? {
          state: 'unknown',
          evidence: 'the database is empty',
          mend: 'run the audit while the service is in use',
        }
      : { state: 'unknown', evidence: 'no key was listed' };
  const judgement = judgeFindings(findings, looked);
  return findings.length === 0 ? judgement : { ...judgement, evidence: `${judgement.evidence} (${looked})` };
}

function judgedValues(findings: readonly Finding[], sample: Sample): Judgement {
  const { names, values, unread } = sample;
  const left = unread === 0 ? '' : `, ${count(unread)} more could not be read`;
  const looked = `values of ${values.length} of ${counted(names.length, 'key')} looked at${left}`;
  if (names.length > 0 && values.length === 0)
    return {
      state: 'unknown',
      evidence: looked,
      mend: 'allow the user to read: +type +getrange +hscan +lrange +sscan +zrange +xrange',
    };
  return judged(findings, sample, looked);
}
