/** Payloads: digests of values and what can be read inside cached documents. */
export { createDigester, type RevealingDigester } from './digester.ts';
