/** The committed map: reading, writing, JSON Schema. */
export { readMapFile, writeMapFile } from './file.ts';
export { parseMapFile } from './parse.ts';
export { renderMapFile } from './render.ts';
export { mapFileJsonSchema } from './schema.ts';
