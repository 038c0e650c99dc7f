/** A digester whose digests can be read: `h:` and the text. */
import type { Payload } from '../../src/core/operation.ts';
import type { Digester } from '../../src/observe/context.ts';

const EMPTY: Payload = { format: 'binary', leaves: [] };

export const READABLE_DIGEST: Digester = {
  scalar: (text) => `h:${text}`,
  identity: (bytes) => `h:${Buffer.from(bytes).toString('latin1')}`,
  inspect: () => EMPTY,
  inspectFields: () => EMPTY,
  key: (name) => name,
};
