/** Cuts a byte stream into lines, with a bound on a line's length. */
import { StringDecoder } from 'node:string_decoder';

/** Characters of one line that are kept; the rest of it is dropped. */
export const LINE_LIMIT = 16_384;

export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private readonly emit: (line: string) => void;
  private rest = '';

  constructor(emit: (line: string) => void) {
    this.emit = emit;
  }

  push(chunk: Buffer): void {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, LINE_LIMIT);
    for (const line of lines) this.emit(cut(line));
  }

  /** Gives out a last line without a line end. */
  end(): void {
    const last = this.rest + this.decoder.end();
    this.rest = '';
    if (last !== '') this.emit(cut(last));
  }
}

function cut(line: string): string {
  return (line.endsWith('\r') ? line.slice(0, -1) : line).slice(0, LINE_LIMIT);
}
