/** The coverage map as text: a short block for each template, uncovered writes first and marked. */
import type {
  CoverageMap,
  Invalidation,
  MappedSource,
  MappedTemplate,
  MappedWrite,
  Ttl,
} from '../core/map/coverage-map.ts';
import { count, counted, duration } from '../core/numbers.ts';
import { labelledLines } from './labelled.ts';
import { changesText, checkLines, cutStatement } from './map-check-text.ts';
import type { MapDocument } from './map-document.ts';
import type { Drawing, Paint } from './style.ts';
import { displayWidth, visible } from './width.ts';
import { wrapText } from './wrap.ts';

const INDENT = 4;
const LABEL_WIDTH = 11;
/** Statements shown of one write; the JSON document has them all. */
const MAX_STATEMENTS = 3;

/** The text, ending in a newline. */
export function mapText(document: MapDocument, drawing: Drawing): string {
  const blocks = [
    ...document.templates.map((template) => templateLines(template, drawing)),
    unexplainedLines(document, drawing),
    ...(document.check === null ? [] : [checkLines(document.check, drawing)]),
    closingLines(document, drawing),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function templateLines(template: MappedTemplate, drawing: Drawing): string[] {
  return [
    ...headLines(template, drawing),
    ...template.writes
      .filter(({ status }) => status === 'uncovered')
      .flatMap((write) => uncoveredLines(write, drawing)),
    ...template.writes
      .filter(({ status }) => status === 'partial')
      .flatMap((write) => partialLines(write, drawing)),
    ...labelled('key', keyText(template), drawing),
    ...template.sources.flatMap((source, i) => labelled(i === 0 ? 'from' : '', sourceText(source), drawing)),
    ...labelled('filled by', fillsText(template), drawing),
    ...template.writes
      .filter(({ status }) => status === 'covered')
      .flatMap((write, i) => labelled(i === 0 ? 'removed by' : '', coveredText(write), drawing)),
    ...template.writes
      .filter(({ status }) => status === 'undecided')
      .flatMap((write) => labelled('undecided', undecidedText(write), drawing)),
  ];
}

/** Template, serialisation and time to live; on two lines where one is too short. */
function headLines(template: MappedTemplate, { width, style }: Drawing): string[] {
  const uncovered = template.writes.filter(({ status }) => status === 'uncovered').length;
  const name = visible(template.template);
  const facts = [
    template.db === 0 ? '' : `db ${template.db}`,
    template.formats.join(' or '),
    ttlText(template.ttl),
  ].filter((text) => text !== '');
  const rest = visible(facts.join(', '));
  const mark = uncovered === 0 ? '' : `${count(uncovered)} uncovered`;
  const tail = mark === '' ? '' : `   ${style.bad(mark)}`;
  const head = style.name(style.strong(name));
  if (displayWidth(`${name}   ${rest}   ${mark}`) <= width) return [`${head}   ${rest}${tail}`.trimEnd()];
  return [...wrapText(name, width).map((line) => style.name(style.strong(line))), `    ${rest}${tail}`];
}

export function ttlText({ minMs, maxMs, unbounded }: Ttl): string {
  if (minMs === null || maxMs === null) return unbounded > 0 ? 'no time to live' : '';
  const bound = maxMs - minMs < 1000 ? duration(maxMs) : `${duration(minMs)} to ${duration(maxMs)}`;
  return `TTL ${bound}${unbounded > 0 ? ' or none' : ''}`;
}

function keyText({ key, template, segments }: MappedTemplate): string {
  if (key === null) return 'cannot be built from a row: a part of it is no column that was seen';
  if (segments.length === 0) return `${template}, one for all rows`;
  const others = segments.flatMap((columns) => columns.slice(1));
  return others.length === 0 ? key : `${key} (also ${others.join(', ')})`;
}

const ROWS = {
  one: 'one row',
  list: 'a list',
  figure: 'a figure',
  joined: 'joined rows',
} as const;

function sourceText(source: MappedSource): string {
  const by = source.where.length === 0 ? '' : ` by ${source.where.join(', ')}`;
  const columns = source.columns.length === 0 ? '' : `: ${source.columns.join(', ')}`;
  const unused = source.unused.length === 0 ? '' : `; read and not found: ${source.unused.join(', ')}`;
  const absent = source.absent ? '; "no such row" too' : '';
  const likely = source.certain ? '' : ' (likely)';
  return `${source.table}, ${ROWS[source.rows]}${by}${likely}${columns}${unused}${absent}`;
}

function fillsText({ filledBy }: MappedTemplate): string {
  if (filledBy.length === 0) return 'nobody that was seen';
  return filledBy.map(({ by, fills }) => `${cutStatement(by.name)} (${count(fills)} ×)`).join(', ');
}

function uncoveredLines(write: MappedWrite, drawing: Drawing): string[] {
  const { style } = drawing;
  const likely = write.confidence === 'likely' ? ' (likely)' : '';
  return [
    ...marked('UNCOVERED', `${nameOf(write)} ${changesText(write)}${likely}`, drawing, (text) =>
      style.bad(style.strong(text)),
    ),
    ...indented(uncoveredText(write), drawing),
    ...statementLines(write, drawing),
  ];
}

function uncoveredText(write: MappedWrite): string {
  const cached = write.cached === 0 ? 'never while one was cached' : `${count(write.cached)} × while cached`;
  const stale = write.stale === 0 ? 'not yet stale' : `${count(write.stale)} × served stale afterwards`;
  const stray =
    write.invalidated === 0 ? '' : ` ${count(write.invalidated)} × removed, likely for another write.`;
  const removes = write.removes.length === 0 ? '' : ` It removes ${write.removes.join(', ')}.`;
  return `and leaves the key: ${count(write.seen)} × seen, ${cached}, ${stale}.${stray}${removes}`;
}

function partialLines(write: MappedWrite, drawing: Drawing): string[] {
  const failed = write.failed === 0 ? '' : `; ${counted(write.failed, 'removal')} failed`;
  return [
    ...marked('PARTLY', `${nameOf(write)} ${changesText(write)}`, drawing, drawing.style.warn),
    ...indented(`and removed the key ${sharesText(write)}${failed}: ${waysText(write)}.`, drawing),
    ...statementLines(write, drawing),
  ];
}

function coveredText(write: MappedWrite): string {
  return `${nameOf(write)}: ${waysText(write)}, ${sharesText(write)}`;
}

function undecidedText(write: MappedWrite): string {
  return `${nameOf(write)} ${changesText(write)}: seen ${count(write.seen)} ×, too late or too close to others to tell`;
}

/** `34 of 34`; commits that found nothing cached and sent nothing are told apart. */
function sharesText({ seen, invalidated, unclear, cached, status }: MappedWrite): string {
  const rest = seen - invalidated - unclear;
  const quiet = status === 'covered' && rest > 0 ? ', the rest with nothing cached' : '';
  const untold = unclear === 0 ? '' : `, ${count(unclear)} not told`;
  return `${count(invalidated)} of ${count(seen)} ×${cached === 0 && quiet === '' ? ', never while cached' : quiet}${untold}`;
}

function waysText({ invalidations }: MappedWrite): string {
  const most = [...invalidations].sort((a, b) => b.times - a.times);
  return most.map(wayText).join(', ') || 'unknown';
}

function wayText({ how, when }: Invalidation): string {
  return `${how} ${when === 'before-commit' ? 'before' : 'after'} the commit`;
}

function nameOf({ by }: MappedWrite): string {
  return cutStatement(by.name);
}

/** The statements behind a route; where the statement is the name, it stands there already. */
function statementLines(write: MappedWrite, drawing: Drawing): string[] {
  if (write.by.kind === 'statement') return [];
  const shown = write.statements.slice(0, MAX_STATEMENTS).map(cutStatement);
  const more = write.statements.length - shown.length;
  if (more > 0) shown.push(`and ${counted(more, 'more statement')}`);
  return shown.flatMap((statement) => indented(statement, drawing).map(drawing.style.faint));
}

function labelled(label: string, text: string, drawing: Drawing): string[] {
  const column = { indent: INDENT, width: LABEL_WIDTH, paint: drawing.style.faint };
  return labelledLines(label, text, column, drawing);
}

function marked(mark: string, text: string, { width }: Drawing, paint: Paint): string[] {
  const margin = ' '.repeat(INDENT + LABEL_WIDTH);
  return wrapText(visible(text), width - INDENT - LABEL_WIDTH).map((line, i) =>
    i === 0 ? `  ${paint('!')} ${paint(mark)}${' '.repeat(LABEL_WIDTH - mark.length)}${line}` : margin + line,
  );
}

function indented(text: string, { width }: Drawing): string[] {
  const margin = ' '.repeat(INDENT + LABEL_WIDTH);
  return wrapText(visible(text), width - margin.length).map((line) => margin + line);
}

function unexplainedLines({ unexplained }: CoverageMap, { width, style }: Drawing): string[] {
  if (unexplained.length === 0) return [];
  const names = unexplained.map(({ template, db }) => (db === 0 ? template : `${template} (db ${db})`));
  return wrapText(
    visible(`Not known to be fed by rows (locks, counters, sessions): ${names.join(', ')}.`),
    width,
  ).map(style.faint);
}

function closingLines(document: MapDocument, { width, style }: Drawing): string[] {
  const { commits, notices, written } = document;
  const cut =
    commits.judged < commits.seen && document.templates.length > 0 && isCut(commits)
      ? [
          `Of ${count(commits.seen)} commits the last ${count(commits.judged)} were looked at; the others are forgotten.`,
        ]
      : [];
  return [
    ...[...notices, ...cut].flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn)),
    ...(written === null ? [] : wrapText(`Written to ${visible(written)}.`, width)),
    style.strong(summaryLine(document)),
  ];
}

/** Set-up before the cache was used is left out of every map; only a long history is cut. */
function isCut({ seen, judged }: CoverageMap['commits']): boolean {
  return seen > MANY_COMMITS && judged < seen;
}

/** Commits up to which a history is looked at as a whole. */
const MANY_COMMITS = 10_000;

/** `7 templates, 13 writes that change their sources, 1 uncovered.` */
export function summaryLine({ summary }: Pick<CoverageMap, 'summary'>): string {
  const { templates, writes, uncovered } = summary;
  const verb = writes === 1 ? 'write that changes' : 'writes that change';
  return `${counted(templates, 'template')}, ${count(writes)} ${verb} their sources, ${count(uncovered)} uncovered.`;
}
