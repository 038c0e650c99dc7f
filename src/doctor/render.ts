/** The report of `whystale doctor` as lines of text. */
import type { Check, DoctorReport } from './check.ts';

const MARKS: Readonly<Record<Check['state'], string>> = { ok: 'ok  ', lack: 'LACK', unknown: '?   ' };
const TITLES: Readonly<Record<string, string>> = {
  system: 'Machine',
  engines: 'Embedded engines',
  redis: 'Redis',
  postgres: 'PostgreSQL',
};

/** Lines without colour; a lack is followed by what it is for and by the command that mends it. */
export function renderReport(report: DoctorReport): readonly string[] {
  const lines: string[] = [];
  let group = '';
  for (const check of report.checks) {
    const own = groupOf(check);
    if (own !== group) lines.push(...(group === '' ? [] : ['']), own);
    group = own;
    lines.push(...checkLines(check));
  }
  return [...lines, '', summary(report)];
}

function groupOf({ id }: Check): string {
  const [, kind = '', name] = /^(\w+)(?:\[([^\]]*)\])?/.exec(id) ?? [];
  const title = TITLES[kind] ?? kind;
  return name === undefined ? title : `${title} ${name}`;
}

const TITLE_WIDTH = 26;

function checkLines(check: Check): readonly string[] {
  const indent = ' '.repeat(8);
  const first = `  ${MARKS[check.state]}  ${check.title.padEnd(TITLE_WIDTH)} ${check.evidence}`;
  if (check.state !== 'lack') return [first];
  return [
    first,
    ...(check.use === undefined ? [] : [`${indent}for   ${check.use}`]),
    ...(check.mend === undefined ? [] : [`${indent}mend  ${check.mend}`]),
  ];
}

function summary(report: DoctorReport): string {
  const lacks = report.checks.filter(({ state }) => state === 'lack');
  const required = lacks.filter((check) => check.required).length;
  if (lacks.length === 0) return 'Nothing is missing.';
  if (required === 0) return `Ready. ${count(lacks.length)} would give more, see mend above.`;
  return `Not ready: ${count(required)} must be mended first.`;
}

function count(number: number): string {
  return number === 1 ? '1 thing' : `${number} things`;
}
