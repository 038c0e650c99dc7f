/** The measured cells, kept as data, and the page that is drawn from them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../src/files/whole-file.ts';
import type { RaceResult } from '../../src/race/result.ts';
import type { Start } from '../../src/race/scenario/contract.ts';
import { FAULTS, type Fault, LANGUAGES, RECIPES, ROOT, scenarioNames } from './catalogue.ts';
import type { Cell } from './measure.ts';

export interface Verdicts {
  /** On what it was measured last. */
  readonly engine: RaceResult['engine'] | null;
  readonly cells: readonly Cell[];
}

const DATA = join(ROOT, 'docs/recipes/verdicts.json');
export const PAGE = join(ROOT, 'docs/recipes/README.md');
const BEGIN = '<!-- recipes: written by npm run recipes -- --write -->';
const END = '<!-- /recipes -->';
const STARTS: readonly Start[] = ['cold', 'warm'];

export function readVerdicts(): Verdicts {
  return existsSync(DATA)
    ? (JSON.parse(readFileSync(DATA, 'utf8')) as Verdicts)
    : { engine: null, cells: [] };
}

/** The cells with some measured anew, in the order of the table. */
export function merged(
  before: Verdicts,
  measured: readonly Cell[],
  engine: RaceResult['engine'] | null,
): Verdicts {
  const cells = new Map([...before.cells, ...measured].map((cell) => [idOf(cell), cell]));
  const names = scenarioNames();
  const rank = (cell: Cell) => [
    names.indexOf(cell.scenario),
    LANGUAGES.indexOf(cell.language),
    STARTS.indexOf(cell.start),
    FAULTS.indexOf(cell.fault),
  ];
  const known = [...cells.values()].filter(({ scenario }) => names.includes(scenario));
  const sorted = known.sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((place, i) => place - right[i]!).find((difference) => difference !== 0) ?? 0;
  });
  return { engine: engine ?? before.engine, cells: sorted };
}

function idOf({ scenario, language, start, fault }: Cell): string {
  return [scenario, language, start, fault].join(' ');
}

export function writeVerdicts(verdicts: Verdicts): void {
  const { engine, cells } = verdicts;
  const lines = cells.map((cell) => `    ${JSON.stringify(cell)}`).join(',\n');
  writeWhole(DATA, `{\n  "engine": ${JSON.stringify(engine)},\n  "cells": [\n${lines}\n  ]\n}\n`);
  writeWhole(PAGE, withTables(readFileSync(PAGE, 'utf8'), verdicts));
}

/** The page with the tables between its markers. */
export function withTables(page: string, verdicts: Verdicts): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} lacks its markers: ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tables(verdicts)}\n\n${page.slice(end)}`;
}

/** What stands between the markers. */
export function tables({ engine, cells }: Verdicts): string {
  const recipes = new Set(RECIPES.values());
  const names = [...new Set(cells.map(({ scenario }) => scenario))];
  const on =
    engine === null ? '' : `Redis ${engine.redis.version}, PostgreSQL ${engine.postgres.version}.\n\n`;
  return `${on}${table(
    'recipe',
    names.filter((name) => recipes.has(name)),
    cells,
  )}\n\n${table(
    'other scenario',
    names.filter((name) => !recipes.has(name)),
    cells,
  )}`;
}

function table(heading: string, names: readonly string[], cells: readonly Cell[]): string {
  const rows = names.flatMap((name) =>
    LANGUAGES.flatMap((language) =>
      STARTS.flatMap((start) => {
        const own = cells.filter(
          (cell) => cell.scenario === name && cell.language === language && cell.start === start,
        );
        if (own.length === 0) return [];
        const shown = FAULTS.map((fault) => cellText(own.find((cell) => cell.fault === fault)));
        return [[titleOf(name), language === 'node' ? 'Node' : 'Python', start, ...shown]];
      }),
    ),
  );
  const heads = [heading, 'in', 'start', ...FAULTS.map(headOf)];
  return [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function headOf(fault: Fault): string {
  return fault === 'none' ? 'no fault' : fault;
}

function titleOf(name: string): string {
  const page = [...RECIPES].find(([, file]) => file === name)?.[0];
  if (page === undefined) return `[${name}](../../examples/race/${name}.yaml)`;
  return page === name ? `[${page}](${page}.md)` : `[${page}](${page}.md) (${name})`;
}

/** `valid 7`, `**WS104** 7`, `open 12+`: what was found, and in how many executions; `+`: not all were explored. */
export function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  const { verdict, causes, executions, complete, fault } = cell;
  const codes = [
    ...new Set(causes.map((cause) => (cause.endsWith(` ${fault}`) ? cause.split(' ')[0]! : cause))),
  ];
  const said = verdict === 'invalid' ? `**${codes.join(', ')}**` : verdict;
  return `${said} ${executions}${complete ? '' : '+'}`;
}
