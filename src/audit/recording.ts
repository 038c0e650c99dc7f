/** A recording: the safety findings that the core draws from it, and what the service printed. */
import { analyse } from '../core/analyse.ts';
import type { CauseCode } from '../core/codes.ts';
import { counted } from '../core/numbers.ts';
import { openRecording } from '../recording/reader.ts';
import { itemMaker, type Judgement } from './catalogue.ts';
import type { Part } from './contract.ts';
import { judgeFindings } from './finding-state.ts';
import { searchLog } from './log-secrets.ts';

interface Seen {
  cache: number;
  requests: number;
}

/** Audits the recording in a folder. Throws the errors of opening it. */
export function auditRecording(folder: string): Part {
  const recording = openRecording(folder);
  const item = itemMaker(recording.folder);
  const search = searchLog();
  const seen: Seen = { cache: 0, requests: 0 };
  for (const operation of recording.operations) {
    if (operation.tier === 'cache') seen.cache++;
    if (operation.tier === 'http') seen.requests++;
    if (operation.tier === 'client' && operation.kind === 'log') search.add(operation.text);
  }
  const { stores } = recording.manifest;
  const { findings } = analyse(recording.operations, { reveal: recording.reveal, stores });
  const safety = findings.filter(({ code }) => SAFETY.includes(code));
  const of = (code: CauseCode, looked: string | null): Judgement =>
    looked === null
      ? { state: 'unknown', evidence: 'it holds none of what this is told from' }
      : judgeFindings(
          safety.filter((finding) => finding.code === code),
          looked,
        );
  return {
    items: [
      item(
        'recording.secrets',
        of('WS301', lookedAt(seen.cache, 'operation on the cache', 'operations on the cache')),
      ),
      item('recording.unprotected-stores', of('WS302', lookedAt(stores.length, 'store', 'stores'))),
      item('recording.private-responses', of('WS303', lookedAt(seen.requests, 'request', 'requests'))),
      item('recording.log-secrets', search.judge('here')),
    ],
    findings: safety,
  };
}

const SAFETY: readonly CauseCode[] = ['WS301', 'WS302', 'WS303'];

function lookedAt(number: number, one: string, many: string): string | null {
  return number === 0 ? null : `${counted(number, one, many)} looked at`;
}
