/** The built command makes a site of a case and of notes that were imported; another reader of HTML finds no script of theirs in it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { place, placeGeneratedCase } from '../notes/generated.ts';
import { withWhystale } from '../support/cli.ts';

const whystale = withWhystale();

const HOSTILE = `---
title: "</title><script>alert(1)</script>"
tags: ["\\"><img src=x onerror=alert(1)>"]
---
<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) <svg/onload=alert(1)>
<a href="javascript:alert(1)">b</a> <!-- <style> --> &lt;script&gt;
`;

/** Elements and attributes as the parser of Python's library finds them, which mends as browsers do. */
const PARSER = `
import json, sys
from html.parser import HTMLParser
class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []
    def handle_starttag(self, tag, attrs):
        self.seen.append([tag, dict(attrs)])
seen = Seen()
for name in sys.argv[1:]:
    seen.feed(open(name, encoding='utf-8').read())
print(json.dumps(seen.seen))
`;

describe('whystale notes', () => {
  test('imports, builds, and builds again', async () => {
    const folder = whystale.folder();
    place(join(folder, 'old', 'Hostile.md'), HOSTILE);
    placeGeneratedCase(join(folder, 'notes'), 8);
    const imported = await whystale.run(['notes', 'import', 'old/Hostile.md', '--json'], { cwd: folder });
    expect(imported.exitCode, imported.stderr).toBe(0);
    expect(JSON.parse(imported.stdout)).toMatchObject({
      format: 'whystale-notes-import/1',
      notes: [{ from: 'old/Hostile.md', to: join(folder, 'notes', 'hostile.md'), written: true }],
    });

    const args = ['notes', 'build', 'notes', '--base', 'https://example.org/notes', '--date', '2026-03-01'];
    const first = await whystale.run([...args, '--json'], { cwd: folder });
    expect(first.exitCode, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({
      format: 'whystale-notes/1',
      notes: 2,
      cases: 1,
      markdown: 1,
      removed: 0,
      problems: [],
    });
    const feed = JSON.parse(readFileSync(join(folder, 'site/feed.json'), 'utf8'));
    expect(feed.feed_url).toBe('https://example.org/notes/feed.json');

    const again = await whystale.run(args, { cwd: folder });
    expect(again.stdout).toMatch(
      /^2 notes \(1 case, 1 from Markdown\) in site: 0 files written, \d+ unchanged, 0 removed\n/m,
    );

    const pages = readdirSync(join(folder, 'site'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.html'))
      .map((name) => join(folder, 'site', name));
    const seen = JSON.parse(
      execFileSync('python3', ['-c', PARSER, ...pages], { encoding: 'utf8' }),
    ) as readonly (readonly [string, Readonly<Record<string, string>>])[];
    expect(seen.length).toBeGreaterThan(200);
    for (const [tag, attributes] of seen) {
      expect(['iframe', 'object', 'embed', 'svg', 'style', 'base', 'form']).not.toContain(tag);
      if (tag === 'script') expect(attributes).toEqual({ src: 'notes.js', defer: null });
      for (const [name, value] of Object.entries(attributes)) {
        expect(name).not.toMatch(/^on|^style$|^srcdoc$/);
        if (name === 'href' || name === 'src')
          expect(value).not.toMatch(/^\s*(?:javascript|data|vbscript):/i);
      }
    }
  });
});
