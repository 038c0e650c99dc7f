/** The codecs as a library: bytes ↔ messages, sans I/O. */
export * as otlp from './otlp/index.ts';
export * as postgres from './postgres/index.ts';
export * as redis from './redis/index.ts';
