/** The use case behind `whystale audit`: every part that was named, one report. Nothing is changed anywhere. */
import { isLoopback } from '../watch/store-protection.ts';
import type { Store } from '../watch/stores.ts';
import { type ItemName, itemMaker } from './catalogue.ts';
import { type AuditItem, type AuditReport, type ItemState, type Part, verdictOf } from './contract.ts';
import { auditHttp, type HttpTarget } from './http.ts';
import type { Fields } from './http-ask.ts';
import { tryLimits } from './http-limits.ts';
import { auditLog } from './log-file.ts';
import { auditPostgres } from './postgres.ts';
import { auditRecording } from './recording.ts';
import { auditRedis } from './redis.ts';
import type { AuditRequest } from './request.ts';

/**
 * Looks at all that is named.
 *
 * @throws WhystaleError WSE804 for a log, and those of opening a recording; a store or service that does not answer is an item
 */
export async function audit(request: AuditRequest): Promise<AuditReport> {
  const files = [
    ...(request.recording === null ? [] : [auditRecording(request.recording)]),
    ...request.logs.map((path): Part => ({ items: [auditLog(path, itemMaker(path))] })),
  ];
  const parts: Part[] = [];
  for (const [at, store] of request.redis.entries())
    parts.push(await auditRedis(store, request.admin, labelOf(store, at, request.redis.length)));
  for (const [at, store] of request.postgres.entries())
    parts.push(await auditPostgres(store, labelOf(store, at, request.postgres.length)));
  if (request.http !== null) parts.push(await httpPart(request.http, request));
  return reportOf([...parts, ...files], request.secrets);
}

function labelOf({ name }: Store, at: number, count: number): string | null {
  return name ?? (count > 1 ? String(at + 1) : null);
}

async function httpPart(http: HttpTarget, { upload, owned }: AuditRequest): Promise<Part> {
  const { base, paths } = http;
  const item = itemMaker(base.href.replace(/\/$/, ''));
  const part = await auditHttp(http, item);
  if (part.unreachable !== undefined) return part;
  const port = Number(base.port) || (base.protocol === 'https:' ? 443 : 80);
  if (!owned && !(await isLoopback({ host: base.hostname, port })))
    return { ...part, items: [...part.items, ...LIMITS.map((name) => item(name, NOT_TRIED))] };
  const judged = await tryLimits({ base, upload, path: paths[0] ?? '/', fields: fieldsOf(http) });
  return { ...part, items: [...part.items, ...judged.map(([name, judgement]) => item(name, judgement))] };
}

const LIMITS: readonly ItemName[] = [
  'http.body-limit',
  'http.chunked-body-limit',
  'http.header-limit',
  'http.url-limit',
];

const NOT_TRIED = {
  state: 'unknown',
  evidence: 'not tried: the service is on another machine',
  mend: 'if it is yours, and may be sent 64 MB: --i-own-this-service',
} as const;

function fieldsOf({ fields, authorization, cookie }: HttpTarget): Fields {
  return [
    ...fields,
    ...(authorization === null ? [] : [['authorization', authorization] as const]),
    ...(cookie === null ? [] : [['cookie', cookie] as const]),
  ];
}

function reportOf(parts: readonly Part[], secrets: readonly string[]): AuditReport {
  const hide = hiding(secrets);
  const items = parts
    .flatMap((part) => part.items)
    .map(
      (item): AuditItem => ({
        ...item,
        evidence: hide(item.evidence),
        mend: item.mend === null ? null : hide(item.mend),
      }),
    );
  const count = (state: ItemState) => items.filter((item) => item.state === state).length;
  const findings = parts.flatMap((part) => part.findings ?? []);
  return {
    format: 'whystale-audit/1',
    verdict: verdictOf(items),
    summary: {
      bad: count('bad'),
      warn: count('warn'),
      unknown: count('unknown'),
      ok: count('ok'),
      'not-applicable': count('not-applicable'),
    },
    unreachable: parts.flatMap(({ unreachable }) => unreachable ?? []),
    items,
    findings: findings.map((finding, at) => ({ ...finding, id: `F${at + 1}` })),
  };
}

/** The last guard: what is known to be a credential is taken out of whatever a server or a library said. */
function hiding(secrets: readonly string[]): (text: string) => string {
  const spelled = [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]))].sort(
    (a, b) => b.length - a.length,
  );
  return (text) => spelled.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
