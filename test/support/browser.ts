/**
 * A real browser: Debian's Chromium, driven by playwright-core, started once a file. Every page notes what it asks for, what it says on
 * its console and whether a dialog came up, so that a test can tell that nothing ran which should not.
 *
 *     const browser = withBrowser();
 *     test('…', async () => { const seen = await browser.open(url, { dark: true }); });
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'] as const;
const PLACES = ['/usr/bin', '/usr/local/bin', '/snap/bin'];
const WAIT_LIMIT_MS = 20_000;

export interface View {
  /** CSS pixels; 1280 × 900 where nothing is said. */
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** False: as in a browser whose scripts are turned off. */
  readonly scripts?: boolean;
}

export interface Opened {
  readonly page: Page;
  /** Addresses that the page asked for, its own included. */
  readonly asked: readonly string[];
  /** What the console said, what was thrown, and dialogs: a page that is as it should be says nothing. */
  readonly said: readonly string[];
}

export interface TestBrowser {
  readonly open: (address: string, view?: View) => Promise<Opened>;
}

/** Call it at the top level or in a `describe`. */
export function withBrowser(): TestBrowser {
  let started: Promise<Browser> | undefined;
  const contexts: BrowserContext[] = [];
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await (await started)?.close();
  });
  const open = async (address: string, view: View = {}): Promise<Opened> => {
    started ??= chromium.launch({ executablePath: browserProgram(), args: ['--disable-dev-shm-usage'] });
    const context = await (await started).newContext({
      viewport: { width: view.width ?? 1280, height: view.height ?? 900 },
      colorScheme: view.dark === true ? 'dark' : 'light',
      javaScriptEnabled: view.scripts ?? true,
    });
    contexts.push(context);
    context.setDefaultTimeout(WAIT_LIMIT_MS);
    const page = await context.newPage();
    const seen = listened(page);
    await page.goto(address);
    return { page, ...seen };
  };
  return { open };
}

function listened(page: Page): Omit<Opened, 'page'> {
  const asked: string[] = [];
  const said: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) =>
    said.push(`${message.type()}: ${message.text()} (${message.location().url})`),
  );
  page.on('pageerror', (error) => said.push(`thrown: ${error.message}`));
  page.on('requestfailed', (request) => {
    // What was still on its way when the page was left did not fail.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') said.push(`failed: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    said.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { asked, said };
}

function browserProgram(): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...PLACES];
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) =>
    existsSync(file),
  );
  if (found === undefined) throw new Error('No Chromium is installed. Run: apt-get install chromium');
  return found;
}
