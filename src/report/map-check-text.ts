/** A recording against the committed map, as text: what fails, then what is worth knowing. */
import type { EntryOfTemplate, TemplateRef, WriteOfTemplate } from '../core/map/compare.ts';
import type { MappedWrite } from '../core/map/coverage-map.ts';
import { count, counted } from '../core/numbers.ts';
import type { MapCheck } from './map-document.ts';
import type { Drawing, Paint } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

/** The lines of a comparison, the verdict first. */
export function checkLines(check: MapCheck, drawing: Drawing): string[] {
  const { style } = drawing;
  return [
    ...verdictLines(check, drawing),
    ...check.fresh.flatMap((one) => entry('new', freshText(one), drawing, style.bad)),
    ...check.mended.flatMap((one) => entry('covered now', entryText(one), drawing, style.good)),
    ...check.known.flatMap((one) => entry('known', freshText(one), drawing, style.warn)),
    ...check.accepted.flatMap((one) => entry('accepted', acceptedText(one), drawing, style.faint)),
    ...check.newTemplates.flatMap((one) => entry('new template', refText(one), drawing, style.faint)),
    ...check.goneTemplates.flatMap((one) => entry('not seen', refText(one), drawing, style.faint)),
    ...check.sourcesChanged.flatMap((one) =>
      entry('sources', `${refText(one)}: ${differenceText(one.added, one.removed)}`, drawing, style.faint),
    ),
  ];
}

function verdictLines({ verdict, reason, file, fresh, seen }: MapCheck, { width, style }: Drawing): string[] {
  const text = {
    failed: `FAILED: ${counted(fresh.length, 'uncovered write')} not in ${file}.`,
    passed: `Passed: no uncovered write beyond ${file} (${counted(seen, 'template')} of it seen).`,
    undecided: `UNDECIDED against ${file}: ${reason ?? ''}`,
  }[verdict];
  const paint = { failed: style.bad, passed: style.good, undecided: style.warn }[verdict];
  return wrapText(visible(text), width).map((line) => style.strong(paint(line)));
}

const LABEL_WIDTH = 14;
/** Characters shown of a name or statement. */
const MAX_STATEMENT = 150;

export function cutStatement(statement: string): string {
  return statement.length > MAX_STATEMENT ? `${statement.slice(0, MAX_STATEMENT - 1)}…` : statement;
}

function entry(label: string, text: string, { width }: Drawing, paint: Paint): string[] {
  const margin = ' '.repeat(2 + LABEL_WIDTH);
  return wrapText(visible(text), width - margin.length).map((line, i) =>
    i === 0 ? `  ${paint(label)}${' '.repeat(LABEL_WIDTH - label.length)}${line}` : margin + line,
  );
}

/** `changes items.name, inserts into orders`. */
export function changesText({ changes }: Pick<MappedWrite, 'changes'>): string {
  const rows = (verb: string) =>
    changes.filter((change) => change.startsWith(`${verb} `)).map((change) => change.slice(verb.length + 1));
  const columns = changes.filter((change) => !/^(?:insert|delete) /.test(change));
  const [inserted, deleted] = [rows('insert'), rows('delete')];
  return [
    ...(columns.length > 0 ? [`changes ${columns.join(', ')}`] : []),
    ...(inserted.length > 0 ? [`inserts into ${inserted.join(', ')}`] : []),
    ...(deleted.length > 0 ? [`deletes from ${deleted.join(', ')}`] : []),
  ].join(' and ');
}

function refText({ template, db }: TemplateRef): string {
  return db === 0 ? template : `${template} (db ${db})`;
}

function freshText({ write, ...ref }: WriteOfTemplate): string {
  const stale =
    write.stale > 0
      ? `${count(write.stale)} × stale`
      : write.cached > 0
        ? `${count(write.cached)} × while cached`
        : 'never while cached';
  const likely = write.confidence === 'likely' ? ', likely' : '';
  return `${refText(ref)}: ${cutStatement(write.by.name)} ${changesText(write)} and leaves the key (${count(write.seen)} × seen, ${stale}${likely})`;
}

function entryText({ entry: { by, statements, changes }, ...ref }: EntryOfTemplate): string {
  return `${refText(ref)}: ${by ?? cutStatement(statements.join('; '))}, ${changes.join(', ')}`;
}

function acceptedText(one: EntryOfTemplate): string {
  return `${entryText(one)}: ${one.entry.accepted ?? ''}`;
}

function differenceText(added: readonly string[], removed: readonly string[]): string {
  return [...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)].join(' ');
}
