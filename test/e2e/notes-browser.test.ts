/// <reference lib="dom" />
/** A site of field notes in a real browser: from a disk and from a server, without scripts, on a phone, on paper, light and dark. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildNotes } from '../../src/notes/build.ts';
import { PER_PAGE } from '../../src/notes/list-pages.ts';
import { ATTACKS, placeHostile } from '../notes/attacks.ts';
import { placeGenerated } from '../notes/generated.ts';
import { placeLongWords, placeWorked } from '../notes/worked.ts';
import { withBrowser } from '../support/browser.ts';

const browser = withBrowser();
const root = mkdtempSync(join(tmpdir(), 'whystale-notes-browser-'));
const site = join(root, 'site');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};
let server: Server;
const bases = { 'a disk': pathToFileURL(`${site}/`).href, 'a server': '' };

beforeAll(async () => {
  const notes = join(root, 'notes');
  // With the others more than one page of a list.
  placeGenerated(join(notes, 'many'), PER_PAGE - 25);
  placeHostile(join(notes, 'hostile'));
  placeWorked(notes);
  placeLongWords(notes);
  const request = { folder: notes, out: site, base: null, cwd: root, today: '2026-03-01' };
  await buildNotes(request, { progress: () => undefined });
  server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://127.0.0.1').pathname;
    // A browser that leaves a page before it has read its icon asks for this one.
    if (path === '/favicon.ico') return void response.writeHead(204).end();
    try {
      const bytes = readFileSync(join(site, path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  bases['a server'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  rmSync(root, { recursive: true });
});

const disk = (path: string) => `${bases['a disk']}${path}`;
const titles = (page: Page) => page.locator('#list > li > a').allTextContents();
const overflows = (page: Page) =>
  page.evaluate(() => (document.scrollingElement?.scrollWidth ?? Number.NaN) > window.innerWidth);

describe.each(['a disk', 'a server'] as const)('the index, opened from %s', (from) => {
  test('searches, filters, remembers, and turns its pages', async () => {
    const { page, said, asked } = await browser.open(`${bases[from]}index.html`);
    expect(await titles(page)).toHaveLength(PER_PAGE);
    await page.keyboard.press('Tab');
    expect((await page.locator('.skip').boundingBox())?.x).toBeGreaterThanOrEqual(0);

    await page.getByLabel('Search').fill('stale CARTS');
    const count = page.locator('#count');
    await page.waitForFunction(() => document.querySelectorAll('#list > li').length < 20);
    const found = await titles(page);
    expect(found.length).toBeGreaterThan(1);
    for (const title of found) expect(title).toMatch(/^Stale carts/);
    expect(await count.textContent()).toBe(`${found.length} notes`);
    await page.getByLabel('Difficulty').selectOption('hard');
    const both = await titles(page);
    expect(both.length).toBeLessThan(found.length);
    expect(found).toEqual(expect.arrayContaining(both));
    for (const about of await page.locator('.about').allTextContents()) expect(about).toContain('hard');

    await page.waitForURL(/#\?words=stale\+CARTS&difficulty=hard$/);
    await page.locator('#list a').first().click();
    expect(await page.locator('h1').textContent()).toBe(both[0]);
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('#list > li').length < 20);
    expect([await page.getByLabel('Search').inputValue(), await titles(page)]).toEqual(['stale CARTS', both]);

    await page.getByLabel('Search').fill('no note says this');
    await page.getByText('No note has all of this').waitFor();
    expect(await titles(page)).toEqual([]);
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await titles(page)).toHaveLength(PER_PAGE);

    await page.getByRole('link', { name: 'Older' }).click();
    expect(await page.title()).toBe('Field notes, page 2');
    expect((await titles(page)).length).toBeGreaterThan(0);
    expect(said).toEqual([]);
    expect(asked.filter((address) => !address.startsWith(bases[from]))).toEqual([]);
  });
});

test('without scripts lists and the pages of filters are whole, and no search is shown that would do nothing', async () => {
  const { page } = await browser.open(disk('index.html'), { scripts: false });
  expect(await titles(page)).toHaveLength(PER_PAGE);
  expect(await page.locator('search').isVisible()).toBe(false);
  await page.getByRole('link', { name: 'Filters' }).click();
  await page.getByRole('link', { name: 'stale fills' }).click();
  expect((await titles(page)).sort()).toEqual([
    'How the shop fills its cache, and where a fill can be late',
    'The product page shows the old price for a minute',
  ]);
});

/** Lists, notes of people, and every attack once, as a note or as a case. */
function pagesToSee(): readonly string[] {
  const endless = readdirSync(join(site, 'tags')).find((name) => name.startsWith('tag-endless'));
  return [
    ...['index.html', 'page-2.html', 'tags/index.html', `tags/${endless}`],
    ...['endless', 'shop', 'old-price'].map((name) => `notes/${name}.html`),
    ...ATTACKS.map((_, i) => `notes/hostile-${i % 2 === 0 ? 'case' : 'note'}-${i}.html`),
  ];
}

test('every page fits a phone, shows its pictures and what attacks it as text, and does and asks nothing else', async () => {
  const { page, said, asked } = await browser.open(disk('index.html'), { width: 360, height: 640 });
  const pages = pagesToSee();
  let pictures = 0;
  for (const path of pages) {
    await page.goto(disk(path));
    expect(await overflows(page), path).toBe(false);
    const drawn = await page.evaluate(async () => {
      const images = [...document.images];
      for (const image of images) image.loading = 'eager';
      await Promise.all(images.map((image) => image.decode()));
      return images.map((image) => image.naturalWidth);
    });
    pictures += drawn.length;
    for (const width of drawn) expect(width, path).toBeGreaterThan(0);
    const attack = ATTACKS[Number(/hostile-(?:note|case)-(\d+)\.html$/.exec(path)?.[1] ?? -1)];
    if (attack === undefined) continue;
    const words = (text: string) => text.replace(/[\0\u202e]/g, '\ufffd').replace(/[\s\u2028\u2029]+/g, ' ');
    expect(words((await page.locator('h1').textContent()) ?? ''), path).toBe(words(attack));
    const shown = words(await page.locator('main').innerText());
    expect(shown.split(words(attack).trim()).length, path).toBeGreaterThan(9);
  }
  expect(pictures).toBeGreaterThan(8);
  expect(said).toEqual([]);
  expect(asked.filter((address) => !address.startsWith(bases['a disk']))).toEqual([]);
});

test('paper has no navigation, says where links lead, and cuts nothing', async () => {
  const { page } = await browser.open(disk('notes/shop.html'), { width: 720 });
  await page.emulateMedia({ media: 'print' });
  for (const gone of ['header', 'footer', '.skip', '.byline a'])
    expect(await page.locator(gone).first().isVisible(), gone).toBe(false);
  const link = page.locator('.text a[href^="https://redis.io/"]');
  const after = await link.evaluate((element) => getComputedStyle(element, '::after').content);
  expect(after).toContain('https://redis.io/docs/latest/commands/expire/');
  for (const path of ['notes/shop.html', 'notes/old-price.html', 'notes/endless.html']) {
    await page.goto(disk(path));
    expect(await overflows(page), path).toBe(false);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll('main *')]
        .filter(
          (element) =>
            getComputedStyle(element).overflowX !== 'visible' &&
            element.scrollWidth > element.clientWidth + 1,
        )
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(cut, path).toEqual([]);
  }
  await page.goto(disk('index.html'));
  for (const gone of ['search', '.pages']) expect(await page.locator(gone).isVisible(), gone).toBe(false);
});

/** What carries text, and where it is found. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  'index.html': [
    ...['h1', 'header a', 'search label', 'input', 'select', '#count', '#list > li > a', '#list p'],
    ...['.about', '.badge', '.pages a', 'footer'],
  ],
  'notes/old-price.html': ['.lead', '.byline', '.text a', 'pre code', 'td', 'th', '.meta li', 'figcaption'],
  'notes/shop.html': [
    ...['.text p', '.text code', 'blockquote', '.flag', '.badge', '.meta dt', '.meta dd', '.meta .names a'],
    ...['.meta small', '.meta code', 'small'],
  ],
};

test('text has contrast, light and dark', async () => {
  const { page } = await browser.open(disk('index.html'));
  for (const [path, selectors] of Object.entries(TEXTS)) {
    await page.goto(disk(path));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground).toBe(colorScheme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(255, 255, 255)');
      const faint = Object.entries(await contrasts(page, selectors)).filter(([, ratio]) => !(ratio >= 4.5));
      expect(faint, `${colorScheme}, ${path}`).toEqual([]);
    }
  }
});

/** WCAG 2.2: of each selector's first element, its text against the nearest background behind it; 0: there is none. */
function contrasts(page: Page, selectors: readonly string[]): Promise<Readonly<Record<string, number>>> {
  return page.evaluate((asked) => {
    const parts = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (colour: string) => {
      const [r = 0, g = 0, b = 0] = parts(colour).map((part) =>
        part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (selector: string) => {
      const element = document.querySelector(selector);
      let behind = element;
      while (behind !== null && parts(getComputedStyle(behind).backgroundColor)[3] === 0)
        behind = behind.parentElement;
      if (element === null || behind === null) return 0;
      const pair = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(luminance);
      return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    };
    return Object.fromEntries(asked.map((selector) => [selector, ratio(selector)]));
  }, selectors);
}
