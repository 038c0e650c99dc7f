/**
 * The variables by which an OpenTelemetry SDK finds the receiver, and the collector that the caller's variables name.
 * Pure.
 *
 * Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
import { sameHost } from './proxied-value.ts';

export const OTLP_VARIABLES = {
  endpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  protocol: 'OTEL_EXPORTER_OTLP_PROTOCOL',
  tracesEndpoint: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  tracesProtocol: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
} as const;

export const TRACES_PATH = '/v1/traces';
/** gRPC's own port; SDKs whose default is gRPC are given it without a protocol. */
const GRPC_PORT = '4317';
/** Signals that keep their way to the collector when it speaks gRPC. */
const OTHER_SIGNALS = ['METRICS', 'LOGS'] as const;

type TextRecord = Readonly<Record<string, string>>;

/** Where the caller's service exports to, when whystale is not there. */
export interface Collector {
  /** The URL for a path of ours; null when that signal has no collector that could be reached over HTTP. */
  target(path: string): URL | null;
  /** Set when spans cannot be passed on: why. */
  readonly refusal: string | null;
}

/**
 * What the child's environment says of OTLP.
 *
 * @param caller the caller's environment
 * @param url of the receiver, without path
 */
export function otlpVariables(caller: NodeJS.ProcessEnv, url: string): TextRecord {
  const { endpoint, protocol, tracesEndpoint, tracesProtocol } = OTLP_VARIABLES;
  const spoken = (name: string) => (given(caller, name) === 'http/json' ? 'http/json' : 'http/protobuf');
  return {
    ...(speaksGrpc(caller, OTLP_VARIABLES.endpoint, OTLP_VARIABLES.protocol) ? keptSignals(caller) : {}),
    [endpoint]: url,
    [protocol]: spoken(protocol),
    ...(given(caller, tracesEndpoint) === null ? {} : { [tracesEndpoint]: `${url}${TRACES_PATH}` }),
    ...(given(caller, tracesProtocol) === null ? {} : { [tracesProtocol]: spoken(tracesProtocol) }),
  };
}

/** Metrics and logs that go to a gRPC collector by the common variable go there by their own from now on. */
function keptSignals(caller: NodeJS.ProcessEnv): TextRecord {
  const base = given(caller, OTLP_VARIABLES.endpoint) ?? '';
  const kept = OTHER_SIGNALS.flatMap((signal) => {
    const endpoint = `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`;
    const protocol = `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`;
    if (given(caller, endpoint) !== null) return [];
    return [[endpoint, base] as const, [protocol, given(caller, protocol) ?? 'grpc'] as const];
  });
  return Object.fromEntries(kept);
}

/**
 * The collector of the caller's environment; null when there is none, or when it is the receiver itself.
 *
 * @param own where the receiver is reached
 */
export function collectorOf(
  caller: NodeJS.ProcessEnv,
  own: { readonly host: string; readonly port: number },
): Collector | null {
  const { endpoint, protocol, tracesEndpoint, tracesProtocol } = OTLP_VARIABLES;
  const foreign = (name: string): URL | null => {
    const url = httpUrl(given(caller, name));
    return url === null || isOwn(url, own) ? null : url;
  };
  const base = foreign(endpoint);
  const traces = foreign(tracesEndpoint);
  if (base === null && traces === null) return null;
  const baseGrpc = speaksGrpc(caller, endpoint, protocol);
  const tracesGrpc =
    traces === null
      ? given(caller, tracesProtocol) === 'grpc' || baseGrpc
      : speaksGrpc(
          caller,
          tracesEndpoint,
          given(caller, tracesProtocol) === null ? protocol : tracesProtocol,
        );
  const shown = traces ?? base;
  return {
    target: (path) => {
      if (path === TRACES_PATH) return tracesGrpc ? null : (traces ?? below(base, path));
      return baseGrpc ? null : below(base, path);
    },
    refusal: tracesGrpc
      ? `The collector at ${shown?.host ?? ''} is spoken to over gRPC: while watched, spans are not passed on to it. Give its OTLP/HTTP endpoint (usually port 4318) to have them passed on.`
      : null,
  };
}

function speaksGrpc(caller: NodeJS.ProcessEnv, endpointName: string, protocolName: string): boolean {
  const url = httpUrl(given(caller, endpointName));
  if (url === null) return false;
  const protocol = given(caller, protocolName);
  return protocol === null ? url.port === GRPC_PORT : protocol === 'grpc';
}

function below(base: URL | null, path: string): URL | null {
  if (base === null) return null;
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
  return url;
}

function isOwn(url: URL, own: { readonly host: string; readonly port: number }): boolean {
  return Number(url.port) === own.port && sameHost(url.hostname, own.host);
}

function httpUrl(text: string | null): URL | null {
  if (text === null || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}

/** An empty variable counts as not set, as the specification says. */
function given(env: NodeJS.ProcessEnv, name: string): string | null {
  return env[name]?.trim() || null;
}

/** What keeps spans from coming, as far as the variables tell it. */
export function whyNoSpans(env: Readonly<Record<string, string | undefined>>, url: string): string {
  const exporter = env.OTEL_TRACES_EXPORTER?.trim();
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true')
    return 'OTEL_SDK_DISABLED=true switches the SDK off.';
  if (exporter && !/\botlp/i.test(exporter))
    return `OTEL_TRACES_EXPORTER=${exporter} exports them elsewhere: set OTEL_TRACES_EXPORTER=otlp.`;
  if (/always_off$/.test(env.OTEL_TRACES_SAMPLER?.trim() ?? ''))
    return 'OTEL_TRACES_SAMPLER switches them off: set OTEL_TRACES_SAMPLER=always_on.';
  return `Instrument the service with an OpenTelemetry SDK, and let it export over OTLP/HTTP (not gRPC): ${OTLP_VARIABLES.endpoint}=${url}, ${OTLP_VARIABLES.protocol}=http/protobuf.`;
}
