/** The environments of instances (their stores are their gates) and of set-up commands (their stores are the stores). */
import { dirname } from 'node:path';
import { childEnvironment, type ProxiedStore } from '../../watch/environment.ts';
import { proxiedValue } from '../../watch/proxied-value.ts';
import { STORE_VARIABLES, type Store } from '../../watch/stores.ts';
import { expand, type TemplateValues, templateValues } from '../../watch/templates.ts';
import type { Gate } from '../gate/contract.ts';
import type { ActorSpec, RequestSpec, Scenario } from '../scenario/contract.ts';

/** What a process is started with. */
export interface Launch {
  readonly words: readonly [string, ...string[]];
  readonly variables: Readonly<Record<string, string>>;
  /** What `{redis}`, `{port}`… stand for. */
  readonly values: TemplateValues;
}

/** An actor's instance, behind its gates. */
export function instanceEnvironment(
  scenario: Scenario,
  actor: ActorSpec,
  stores: readonly { readonly store: Store; readonly gate: Gate }[],
  port: number,
  env: NodeJS.ProcessEnv,
): Launch {
  const { service } = scenario;
  const { env: variables, values } = childEnvironment({
    env,
    stores: stores.map(({ store, gate }) => ({ store, proxy: gate.endpoint })),
    templates: Object.entries({ ...service.env, ...actor.env }),
    port,
  });
  return { words: expandWords(service.command, values), variables, values };
}

/**
 * A set-up command, past the gates. It is given libpq's variables too, so that a bare `psql -f schema.sql` reaches the scratch
 * database and never the one that the caller's shell names.
 */
export function commandEnvironment(
  command: readonly [string, ...string[]],
  scenario: Scenario,
  stores: { readonly redis: Store; readonly postgres: Store },
  env: NodeJS.ProcessEnv,
): Launch {
  const direct = [stores.redis, stores.postgres].map((store) => ({ store, proxy: directAddress(store) }));
  const values = templateValues(direct, ({ store }) => store.url);
  const variables = Object.fromEntries(
    Object.entries({
      ...env,
      ...urls(direct, env),
      ...libpq(stores.postgres),
    }).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const own = withoutPort(scenario.service.env, values);
  return { words: expandWords(command, values), variables: { ...variables, ...own }, values };
}

/** The service's variables that name no port: a command has none. */
function withoutPort(env: Readonly<Record<string, string>>, values: TemplateValues): Record<string, string> {
  const entries = Object.entries(env).filter(([, text]) => !text.includes('{port}'));
  return Object.fromEntries(entries.map(([name, text]) => [name, expand(text, values)]));
}

/** The caller's own value stays where it names the store already, perhaps with a driver's scheme. */
function urls(direct: readonly ProxiedStore[], env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    direct.flatMap(({ store }) => {
      const variable = STORE_VARIABLES[store.kind];
      const own = env[variable] ?? '';
      const elsewhere = { store, proxy: { host: 'store.invalid', port: 1 } };
      return proxiedValue(own, [elsewhere]) === own ? [[variable, store.url]] : [];
    }),
  );
}

function libpq(store: Store): Record<string, string | undefined> {
  const { host, port } = directAddress(store);
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: store.user ?? undefined,
    PGPASSWORD: store.password ?? undefined,
    PGDATABASE: store.database ?? undefined,
    PGHOSTADDR: undefined,
    PGSERVICE: undefined,
  };
}

/** A socket is named by its folder and port, as libpq does, or by its path. */
function directAddress({ kind, endpoint }: Store): { readonly host: string; readonly port: number } {
  if (!('path' in endpoint)) return endpoint;
  if (kind === 'redis') return { host: endpoint.path, port: 0 };
  return { host: dirname(endpoint.path), port: Number(endpoint.path.split('.').at(-1)) };
}

function expandWords(words: readonly [string, ...string[]], values: TemplateValues): [string, ...string[]] {
  const [program, ...rest] = words;
  return [expand(program, values), ...rest.map((word) => expand(word, values))];
}

/** A request with this instance's values in its texts. */
export function expandRequest(request: RequestSpec, values: TemplateValues): RequestSpec {
  const headers = Object.entries(request.headers).map(([name, text]) => [name, expand(text, values)]);
  return {
    ...request,
    path: expand(request.path, values),
    headers: Object.fromEntries(headers),
    body: request.body === null ? null : expand(request.body, values),
  };
}
