/** Writes docs/cli.md: `node dist/cli/write-reference.js`, after a build. */
import { writeFileSync } from 'node:fs';
import { processFrame } from './frame.ts';
import { createProgram } from './program.ts';
import { cliReference } from './reference.ts';

writeFileSync(
  new URL('../../docs/cli.md', import.meta.url),
  cliReference(await createProgram(processFrame())),
);
