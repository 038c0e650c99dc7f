/** A score as text. */
import type { CaseScore, Figures, Found, Score } from './score.ts';

const HEADINGS = ['', 'expected', 'found', 'missed', 'extra', 'precision', 'recall'] as const;
const FIRST_WIDTH = 10;
const WIDTH = 11;

export function scoreText(score: Score): string {
  const known = score.cases.filter(({ known }) => known !== null);
  const wrong = score.cases.filter(
    ({ known, missed, extra }) => known === null && missed.length + extra.length > 0,
  );
  const clean = score.cases.filter(({ expected }) => expected.length === 0).length;
  return [
    `${score.cases.length} cases: ${score.cases.length - clean} with a bug, ${clean} clean twins`,
    '',
    row(HEADINGS),
    ...score.codes.map((figures) => line(figures.code, figures)),
    line('all', score.overall),
    line('proved', score.proved),
    ...section('Wrong', wrong),
    ...section('Known to be wrong (not counted)', known),
    '',
    score.good ? 'The goals are met.' : 'The goals are NOT met: precision 1.00 for proved, recall 0.95.',
    '',
  ].join('\n');
}

/** What is wrong with a case, one line each; empty when nothing is. */
export function faults({ missed, extra }: CaseScore): readonly string[] {
  return [
    ...missed.map(({ code, template, confidence }) => `missed ${words([code, template, confidence])}`),
    ...extra.map((finding) => `extra  ${wordsOf(finding)}`),
  ];
}

function wordsOf({ code, template, confidence }: Found): string {
  return words([code, template, confidence]);
}

function words(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ');
}

function section(title: string, cases: readonly CaseScore[]): readonly string[] {
  if (cases.length === 0) return [];
  const lines = cases.flatMap((one) => [
    `  ${one.name}${one.known === null ? '' : `: ${one.known}`}`,
    ...faults(one).map((fault) => `    ${fault}`),
  ]);
  return ['', `${title}:`, ...lines];
}

function line(name: string, { expected, found, missed, extra, precision, recall }: Figures): string {
  return row([name, ...[expected, found, missed, extra].map(String), ratio(precision), ratio(recall)]);
}

function row([first = '', ...rest]: readonly string[]): string {
  return first.padEnd(FIRST_WIDTH) + rest.map((cell) => cell.padStart(WIDTH)).join('');
}

function ratio(value: number | null): string {
  // Cut, not rounded: 0.999 is not 1.
  return value === null ? '-' : (Math.floor(value * 100) / 100).toFixed(2);
}
