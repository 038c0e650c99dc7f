import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const SRC = join(ROOT, 'src');

/** Every import of one room by another, read from the sources. */
interface Import {
  readonly from: string;
  readonly to: string;
  readonly file: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

function roomOf(path: string): string {
  const [first = ''] = path.split('/');
  return first === 'errors.ts' ? 'errors' : first;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [
    ...text.matchAll(
      /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'(\.[^']+)';|await import\('(\.[^']+)'\)/gms,
    ),
  ].map((match) => ({
    from: roomOf(file),
    to: roomOf(normalize(join(dirname(file), match[2] ?? match[3] ?? ''))),
    file,
    typeOnly: match[1] !== undefined,
  }));
}

/** The table in ARCHITECTURE.md: `| room | may import | …`. */
function documented(): Map<string, Set<string>> {
  const rows = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').matchAll(
    /^\| `(\w+)(?:\/|\.ts)`[^|]*\|[^|]*\|([^|]*)\|/gm,
  );
  return new Map(
    [...rows].map(([, room, may]) => [
      room!,
      new Set([...may!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)),
    ]),
  );
}

describe('the house', () => {
  const allowed = documented();
  const imports = files.flatMap(importsOf).filter(({ from, to }) => from !== to);

  it('has a row in ARCHITECTURE.md for every room', () => {
    const rooms = new Set(files.map(roomOf));
    expect([...allowed.keys()].sort()).toEqual([...rooms].sort());
  });

  it('is entered only through the doors that ARCHITECTURE.md names', () => {
    const wrong = imports
      .filter(({ from, to }) => !allowed.get(from)?.has(to))
      .map(({ file, to }) => `${file} → ${to}`);
    expect(wrong).toEqual([]);
  });

  it('has no door that nobody uses', () => {
    const used = new Set(imports.map(({ from, to }) => `${from} → ${to}`));
    const unused = [...allowed]
      .flatMap(([from, may]) => [...may].map((to) => `${from} → ${to}`))
      .filter((door) => !used.has(door));
    expect(unused).toEqual([]);
  });

  it('keeps core and wire pure', () => {
    const impure = files
      .filter((file) => ['core', 'wire'].includes(roomOf(file)))
      .filter((file) => /from '(?!\.)/.test(readFileSync(join(SRC, file), 'utf8')));
    expect(impure).toEqual([]);
  });

  it('keeps report and the core of it free of I/O', () => {
    const impure = files.filter(
      (file) => roomOf(file) === 'report' && /from 'node:/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(impure).toEqual([]);
  });
});

describe('files', () => {
  it.each(files)('%s stays readable', (file) => {
    const lines = readFileSync(join(SRC, file), 'utf8').split('\n').length;
    expect(lines, 'which idea wants its own room?').toBeLessThanOrEqual(400);
    expect(relative('.', file)).not.toMatch(/(^|\/)(utils|helpers|misc)\.ts$/);
  });
});
