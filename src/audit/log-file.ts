/** A log file of the service, the newest part of it where it is long. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { itemMaker } from './catalogue.ts';
import type { AuditItem } from './contract.ts';
import { unreadableLog } from './errors.ts';
import { LONGEST_LINE, searchLog } from './log-secrets.ts';

/** Bytes of the file that are read, from its end. */
const LOG_LIMIT = 67_108_864;
const CHUNK = 1_048_576;

/** Looks through the file. Throws WSE804 when it cannot be read. */
export function auditLog(path: string, item: ReturnType<typeof itemMaker>, limit = LOG_LIMIT): AuditItem {
  const search = searchLog();
  const cut = eachLine(path, limit, search.add);
  const judgement = search.judge('never');
  return item(
    'log.secrets',
    cut
      ? { ...judgement, evidence: `${judgement.evidence}; of its last ${limit / 1_048_576} MB` }
      : judgement,
  );
}

/** Whether only the end of the file was read. */
function eachLine(path: string, limit: number, take: (line: string) => void): boolean {
  let file: number | null = null;
  try {
    const { size } = statSync(path);
    file = openSync(path, 'r');
    const start = Math.max(0, size - limit);
    readLines(file, start, size, take);
    return start > 0;
  } catch (cause) {
    throw unreadableLog(path, cause);
  } finally {
    if (file !== null) closeSync(file);
  }
}

function readLines(file: number, start: number, end: number, take: (line: string) => void): void {
  const chunk = Buffer.alloc(CHUNK);
  const decoder = new StringDecoder('utf8');
  let at = start;
  let rest = '';
  // The first line of a later part has lost its beginning.
  let whole = start === 0;
  while (at < end) {
    const read = readSync(file, chunk, 0, Math.min(CHUNK, end - at), at);
    if (read === 0) break;
    at += read;
    const lines = (rest + decoder.write(chunk.subarray(0, read))).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) {
      if (whole) take(line.replace(/\r$/, ''));
      whole = true;
    }
  }
  if (rest !== '' && whole) take(rest);
}
