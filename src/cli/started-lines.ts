/** What is said once everything listens: which stores, which addresses, what was changed for the service. */
import type { WatchStarted } from '../watch/contract.ts';

export function startedLines(started: WatchStarted): readonly string[] {
  const engines = started.engines.map(
    ({ product, version, embedded }) => `whystale: ${product} ${version}${embedded ? ', embedded' : ''}`,
  );
  const changed = started.changed.map(
    ({ name, after, why }) =>
      `whystale: ${name}=${after}${why === 'tls' ? ' (the proxy on loopback has no TLS)' : ''}`,
  );
  const http = started.http.map(
    ({ listen, target }) => `whystale: HTTP on ${listen}, passed on to ${target}`,
  );
  const streams = started.streams.map((line) => `whystale: ${line}`);
  return [...engines, ...changed, ...http, ...streams];
}

/** What to set where the service runs, when there is no command to run. The user gave the credentials; they are theirs. */
export function attachLines(started: WatchStarted): readonly string[] {
  return [
    'whystale: attached. Set these for the service, and restart it:',
    `  REDIS_URL=${started.urls.redis}`,
    `  DATABASE_URL=${started.urls.postgres}`,
    ...otlpLines(started),
    'whystale: watching until Ctrl-C.',
  ];
}

function otlpLines({ values }: WatchStarted): readonly string[] {
  if (values.otlp === undefined) return [];
  return [`  OTEL_EXPORTER_OTLP_ENDPOINT=${values.otlp}`, '  OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'];
}
