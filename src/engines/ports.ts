/** Free ports on loopback. */
import { createServer } from 'node:net';
import { LOOPBACK } from './engine.ts';

/**
 * Asks the operating system for a port that is free now. Another process may take it before it is used: who starts a
 * server on it must be ready to try again.
 */
export function freePort(host: string = LOOPBACK): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
