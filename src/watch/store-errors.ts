/** Coded errors about store values. None of them shows a credential. */
import { WhystaleError } from '../errors.ts';
import { redactText } from './url-text.ts';

type Kind = 'redis' | 'postgres';

const EXAMPLES: Readonly<Record<Kind, string>> = {
  redis: 'redis://127.0.0.1:6379/0',
  postgres: 'postgresql://user:password@127.0.0.1:5432/database',
};

/** The value is no URL, or a part of it cannot be read. */
export function unreadableStore(kind: Kind, text: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE421',
    what: `The ${kind} store ${JSON.stringify(redactText(text))} cannot be read: ${why}.`,
    expected: `A URL such as ${EXAMPLES[kind]}, or embedded.`,
    retry: 'after-fix',
    next: `Correct --${kind} or its variable; percent-encode / ? # and % in passwords.`,
    exitCode: 2,
  });
}

/** The URL is one of something else. */
export function foreignScheme(kind: Kind, scheme: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE422',
    what: `${scheme}:// is no ${kind === 'redis' ? 'Redis' : 'PostgreSQL'} scheme.`,
    expected: `A URL such as ${EXAMPLES[kind]}.`,
    retry: 'after-fix',
    next: `Give the URL of a ${kind === 'redis' ? 'Redis or Valkey' : 'PostgreSQL'} server with --${kind}.`,
    exitCode: 2,
  });
}

/** Cluster, sentinel or several hosts in one URL. */
export function unsupportedTopology(kind: Kind, what: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE423',
    what: `${what} is not supported.`,
    expected: `One server per --${kind}; give primary and replicas as --${kind} values of their own.`,
    retry: 'after-fix',
    next: `Give each server its own: --${kind} primary=${EXAMPLES[kind]} --${kind} replica=….`,
    exitCode: 2,
  });
}
