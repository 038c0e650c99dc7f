/** Explains a case's recording as `whystale explain` does, and scores it. */
import { join } from 'node:path';
import { analyse } from '../../src/core/analyse.ts';
import type { Finding } from '../../src/core/finding.ts';
import { openRecording } from '../../src/recording/reader.ts';
import { type CorpusCase, RECORDING_FOLDER } from './case.ts';
import { type CaseScore, scoreCase } from './score.ts';

export function explainedFindings({ folder }: CorpusCase): readonly Finding[] {
  const { operations, reveal, manifest } = openRecording(join(folder, RECORDING_FOLDER));
  return analyse(operations, { reveal, stores: manifest.stores }).findings;
}

export function explainedScore(one: CorpusCase): CaseScore {
  return scoreCase(one, explainedFindings(one));
}
