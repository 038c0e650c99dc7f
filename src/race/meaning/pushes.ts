/** What servers send by themselves, as a resource: who publishes, who listens, and what is delivered touch it. */
import type { Access } from '../explore/footprint.ts';

export const PUSHES = 'push:*';

export const LISTENS: Access = { resource: PUSHES, mode: 'read' };
export const PUSHED: Access = { resource: PUSHES, mode: 'write' };
