#!/usr/bin/env node
/**
 * whystale: parse the command line, run the command, end with its exit code.
 *
 * No signal handler is installed here: commands that own processes or servers install their own, and for the others
 * the default ends a long analysis at once.
 */
import { processFrame } from './frame.ts';
import { run } from './program.ts';

const exitCode = await run(process.argv.slice(2), processFrame());
// Set, not called: pending output is written out before the process ends.
process.exitCode = exitCode;
