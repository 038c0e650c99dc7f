/**
 * The findings document as workflow commands of GitHub Actions, which make annotations of a run
 * (docs.github.com, "Workflow commands for GitHub Actions"). whystale knows no source file, so none is named.
 */
import type { Finding } from '../core/finding.ts';
import { withShortDigests } from './digests.ts';
import type { FindingsDocument } from './findings-document.ts';
import { severityOf } from './severity.ts';
import { visible } from './width.ts';

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;
type AnnotationCommand = (typeof COMMANDS)[keyof typeof COMMANDS];

/** One command a line; empty when there is nothing to say. */
export function documentGithub(document: FindingsDocument): string {
  const lines = [
    ...document.findings.map(findingAnnotation),
    ...document.notices.map((notice) => annotation('warning', 'whystale', visible(notice))),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function findingAnnotation(whole: Finding): string {
  const finding = withShortDigests(whole);
  const { code, cause, template, confidence, summary, explanation, remedy } = finding;
  const fix = remedy.recipe === undefined ? remedy.title : `${remedy.title} (${remedy.recipe})`;
  const paragraphs = [summary, `Why: ${explanation}`, `Fix: ${fix}`].map(visible);
  return annotation(
    COMMANDS[severityOf(finding)],
    visible(`${code} ${cause} ${template} (${confidence})`),
    paragraphs.join('\n'),
  );
}

/** A workflow command. Text that reads like another command, or like the end of a title, stays text. */
export function annotation(command: AnnotationCommand, title: string, message: string): string {
  return `::${command} title=${escapeProperty(title)}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
