/**
 * What `watch` shows while it runs: the service's own lines, a table of the key templates that is redrawn in place on a
 * terminal and appended as plain lines elsewhere, and each finding once, when it is proved.
 */
import type { Analysis, Finding, TemplateFigures } from '../core/finding.ts';
import { findingLines } from '../report/finding-text.ts';
import { liveLine, liveTable } from '../report/live-table.ts';
import type { ChildLine } from '../watch/child.ts';
import { passOn } from '../watch/child-output.ts';
import type { WatchStarted } from '../watch/contract.ts';
import type { Frame } from './frame.ts';
import { attachLines, startedLines } from './started-lines.ts';

/** Plain lines are written at most this often, ms. */
const PLAIN_EVERY_MS = 5_000;
/** Templates shown at a time. */
const MAX_ROWS = 12;

export class LiveView {
  readonly #frame: Frame;
  readonly #json: boolean;
  readonly #live: boolean;
  readonly #pass: (line: ChildLine) => void;
  /** Findings drawn while watching, with what was said of their figures. */
  readonly #printed = new Map<string, string>();
  readonly #shown = new Set<string>();
  readonly #plain = new Map<string, string>();
  readonly #quiet: boolean;
  #plainAt = 0;
  #status = '';
  #statusAt = 0;
  #table: readonly string[] = [];
  #closed = false;
  /** Whether what was written last ended in an empty line. */
  #spaced = false;

  constructor(frame: Frame, mode: { readonly json: boolean; readonly quiet?: boolean }) {
    this.#frame = frame;
    this.#json = mode.json;
    this.#quiet = mode.quiet ?? false;
    this.#live = !mode.json && frame.terminal;
    const writer = (write: (text: string) => void) => ({
      write: (text: string) => this.#around(() => write(text)),
    });
    this.#pass = passOn({ stdout: writer(frame.out), stderr: writer(frame.err) }, mode);
  }

  notice(text: string): void {
    this.#spaced = false;
    this.#around(() => this.#frame.err(`whystale: ${text}\n`));
  }

  /** A line of the service; not shown where its own lines are of no interest. */
  line(line: ChildLine): void {
    if (this.#quiet) return;
    this.#spaced = false;
    this.#pass(line);
  }

  started(started: WatchStarted, attached: boolean): void {
    for (const text of startedLines(started)) this.#frame.err(`${text}\n`);
    if (attached) for (const text of attachLines(started)) this.#frame.err(`${text}\n`);
  }

  tick(analysis: Analysis): void {
    if (this.#closed) return;
    if (!this.#json) for (const finding of analysis.findings) this.#finding(finding);
    if (this.#live) this.#around(() => undefined, this.#tableLines(analysis));
    else if (!this.#quiet && performance.now() - this.#plainAt >= PLAIN_EVERY_MS)
      this.#plainLines(analysis.templates);
  }

  /** A line of progress: below the table on a terminal, now and then elsewhere. */
  status(text: string): void {
    this.#status = text;
    if (this.#live || performance.now() - this.#statusAt < PLAIN_EVERY_MS) return;
    this.#statusAt = performance.now();
    this.#frame.err(`whystale: ${text}\n`);
  }

  /** Whether the finding was drawn while watching. */
  hasPrinted(finding: Finding): boolean {
    return this.#printed.has(identity(finding));
  }

  /** Whether it was drawn with the figures that it still has. */
  isUpToDate(finding: Finding): boolean {
    return this.#printed.get(identity(finding)) === finding.summary;
  }

  /** What keeps a paragraph apart from what was written before it. */
  get gap(): string {
    return this.#spaced ? '' : '\n';
  }

  /** Takes the table away; nothing is drawn afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#around(() => undefined, []);
    this.#closed = true;
  }

  #tableLines(analysis: Analysis): readonly string[] {
    const lines = liveTable(analysis, MAX_ROWS, this.#frame.drawing);
    return this.#status === '' ? lines : [...lines, this.#status];
  }

  #finding(finding: Finding): void {
    // The writer's name may still change while its request is under way: one finding a template is enough here.
    const about = `${finding.code} ${finding.template}`;
    if (finding.confidence !== 'proved' || this.#shown.has(about)) return;
    this.#shown.add(about);
    this.#printed.set(identity(finding), finding.summary);
    this.#around(() =>
      this.#frame.out(`${this.gap}${findingLines(finding, this.#frame.drawing).join('\n')}\n\n`),
    );
    this.#spaced = true;
  }

  #plainLines(templates: readonly TemplateFigures[]): void {
    this.#plainAt = performance.now();
    for (const figures of templates.slice(0, MAX_ROWS)) {
      const text = liveLine(figures);
      if (this.#plain.get(figures.template) === text) continue;
      this.#plain.set(figures.template, text);
      this.#frame.err(`whystale: ${text}\n`);
    }
  }

  /** Takes the table off the screen, writes, and draws the table (the same or the next) below. */
  #around(write: () => void, next: readonly string[] = this.#table): void {
    if (!this.#live || this.#closed) {
      write();
      return;
    }
    if (this.#table.length > 0) this.#frame.err(`\u001b[${this.#table.length}F\u001b[0J`);
    write();
    this.#table = next;
    if (next.length > 0) this.#frame.err(`${next.join('\n')}\n`);
  }
}

/** One finding per code, template and writer. */
function identity(finding: Finding): string {
  return `${finding.code} ${finding.template} ${finding.writer ?? ''}`;
}
