/** docs/race.md says what the code does. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../src/race/explore/contract.ts';
import { parseScenario, scenarioJsonSchema } from '../../src/race/scenario/index.ts';
import { raceText } from '../../src/report/race-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import { INVALID } from '../report/race-sample.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'race.md'), 'utf8');
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!);
const folder = mkdtempSync(join(tmpdir(), 'whystale-race-docs-'));
const parse = (text: string) => parseScenario(text, join(folder, 'scenario.yaml'), {});

beforeAll(() => {
  for (const name of ['schema.sql', 'reset.sql']) writeFileSync(join(folder, name), 'select 1;');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('docs/race.md', () => {
  const [whole = '', , actors = ''] = blocks('yaml');

  it('shows a scenario that can be read', () => {
    expect(parse(whole)).toMatchObject({
      actors: [{ role: 'reader' }, { role: 'writer' }],
      start: ['cold', 'warm'],
      oracle: { compare: { kind: 'path', path: '$.price' } },
    });
  });

  it('shows actors that can be read', () => {
    const text = whole.replace(/^actors:\n(?: .*\n)+/m, actors);
    expect(parse(text).actors.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'reader reader',
      'other reader',
      'clerk writer',
      'buyer writer',
    ]);
  });

  it('has a row for every field', () => {
    const { properties } = scenarioJsonSchema() as { properties: Record<string, { properties?: object }> };
    const service = Object.keys(properties.service?.properties ?? {}).map((name) => `service.${name}`);
    const fields = [...Object.keys(properties).filter((name) => name !== 'service'), ...service];
    const rows = [...PAGE.matchAll(/^\| (`[^|]*) \|/gm)].map((match) => match[1]).join(' ');
    for (const field of fields) expect(rows).toContain(`\`${field}\``);
  });

  it('has a row for every fault', () => {
    for (const fault of FAULT_KINDS) expect(PAGE).toMatch(new RegExp(`^\\| \`${fault}\` \\|`, 'm'));
  });

  it('shows a counterexample as it is drawn', () => {
    const [drawn = ''] = blocks('text');
    expect(raceText(INVALID, { width: 100, style: PLAIN })).toContain(drawn.trimEnd());
  });
});
