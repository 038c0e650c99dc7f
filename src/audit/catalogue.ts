/**
 * Every item of the checklist: title, rule and where the rule comes from. docs/audit.md has a row for each.
 *
 * To add an item: a row here and in docs/audit.md, and a judgement in the file of its part.
 */
import type { AuditItem, ItemState } from './contract.ts';

interface Entry {
  readonly title: string;
  readonly source: string;
  readonly matters: boolean;
}

const REDIS = 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/';
const REDIS_ACL = `${REDIS}acl/`;
const POSTGRES = 'https://www.postgresql.org/docs/current/';
const RFC9110 = 'https://www.rfc-editor.org/rfc/rfc9110';
const RFC9111 = 'https://www.rfc-editor.org/rfc/rfc9111';
const OWASP = 'https://cheatsheetseries.owasp.org/cheatsheets/';

const must = (title: string, source: string): Entry => ({ title, source, matters: true });
const should = (title: string, source: string): Entry => ({ title, source, matters: false });

export const CATALOGUE = {
  'redis.connection': should('Connection', REDIS),
  'redis.login': must('Login', `${REDIS}#authentication`),
  'redis.user': should('User of the application', REDIS_ACL),
  'redis.server-commands': must('Commands over the server', `${REDIS_ACL}#command-categories`),
  'redis.keyspace-commands': must('Commands over all keys', `${REDIS_ACL}#command-categories`),
  'redis.scripts': should('Scripts', `${REDIS_ACL}#command-categories`),
  'redis.renamed': should('Renamed commands', `${REDIS}#disallowing-specific-commands`),
  'redis.key-patterns': should('Keys that the user may touch', `${REDIS_ACL}#key-permissions`),
  'redis.protected-mode': must('Protected mode', `${REDIS}#protected-mode`),
  'redis.exposure': must('Addresses it listens on', `${REDIS}#network-security`),
  'redis.tls': must('TLS', `${REDIS}encryption/`),
  'redis.unprotected-store': must('Unprotected store (WS302)', 'docs/findings.md'),
  'redis.key-secrets': must('Secrets in key names (WS301)', 'docs/findings.md'),
  'redis.value-secrets': must('Secrets in values (WS301)', 'docs/findings.md'),
  'postgres.connection': should('Connection', `${POSTGRES}auth-pg-hba-conf.html`),
  'postgres.login': must('Login', `${POSTGRES}auth-trust.html`),
  'postgres.password': must('How the password crosses', `${POSTGRES}auth-password.html`),
  'postgres.role': must('Role of the application', `${POSTGRES}role-attributes.html`),
  'postgres.access-rules': should('Rules of pg_hba.conf', `${POSTGRES}auth-pg-hba-conf.html`),
  'postgres.exposure': should(
    'Addresses it listens on',
    `${POSTGRES}runtime-config-connection.html#GUC-LISTEN-ADDRESSES`,
  ),
  'postgres.tls': must('TLS', `${POSTGRES}libpq-ssl.html`),
  'postgres.unprotected-store': must('Unprotected store (WS302)', 'docs/findings.md'),
  'http.connection': should('Connection', RFC9110),
  'http.private-response': must('Private responses (WS303)', `${RFC9111}#section-3.5`),
  'http.set-cookie': must('Responses that set cookies', `${RFC9111}#section-7.3`),
  'http.vary-authorization': must('Vary: Authorization', `${RFC9111}#section-3.5`),
  'http.vary-cookie': must('Vary: Cookie', `${RFC9110}#section-12.5.5`),
  'http.vary-accept': must('Vary: Accept', `${RFC9110}#section-12.5.5`),
  'http.vary-accept-language': must('Vary: Accept-Language', `${RFC9110}#section-12.5.5`),
  'http.body-limit': must('Limit of a declared body', `${RFC9110}#section-15.5.14`),
  'http.chunked-body-limit': must('Limit of a body without length', `${RFC9110}#section-15.5.14`),
  'http.header-limit': must('Limit of header fields', 'https://www.rfc-editor.org/rfc/rfc6585#section-5'),
  'http.url-limit': must('Limit of the URL', `${RFC9110}#section-15.5.15`),
  'recording.secrets': must('Secrets in the cache (WS301)', 'docs/findings.md'),
  'recording.unprotected-stores': must('Unprotected stores (WS302)', 'docs/findings.md'),
  'recording.private-responses': must('Private responses (WS303)', 'docs/findings.md'),
  'recording.log-secrets': must('Secrets in what the service prints', `${OWASP}Logging_Cheat_Sheet.html`),
  'log.secrets': must('Secrets in the log', `${OWASP}Logging_Cheat_Sheet.html`),
} as const satisfies Readonly<Record<string, Entry>>;

export type ItemName = keyof typeof CATALOGUE;

/** What an item is judged to be. */
export interface Judgement {
  readonly state: ItemState;
  readonly evidence: string;
  readonly mend?: string;
}

/** Makes items about one thing. `label` tells it from others of its kind. */
export function itemMaker(
  about: string,
  label: string | null = null,
): (name: ItemName, judgement: Judgement) => AuditItem {
  return (name, { state, evidence, mend }) => {
    const { title, source, matters } = CATALOGUE[name];
    const [kind = '', rest = ''] = name.split(/\.(.*)/s);
    const id = label === null ? name : `${kind}[${label}].${rest}`;
    const asks = state !== 'ok' && state !== 'not-applicable';
    return {
      id,
      name,
      title,
      about,
      state,
      evidence,
      mend: asks && mend !== undefined ? mend : null,
      source,
      matters,
    };
  };
}
