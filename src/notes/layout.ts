/** What every page has in common: head, policy, landmarks. */
import { type Html, html } from './html.ts';
import { ICON_FILE } from './icon.ts';

/** Nothing but pictures, styles and scripts of the site itself; no inline script or style, no frame, no form, no other base. */
export const POLICY = html`default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'`;

export const SITE_TITLE = 'Field notes';

export interface Page {
  readonly title: string;
  readonly description: string | null;
  /** Way back to the site's root: `` or `../`. */
  readonly root: '' | '../';
  /** Language of the content; null: that of the site. */
  readonly lang: string | null;
  readonly main: Html;
  /** The page searches. */
  readonly searches: boolean;
}

export function pageHtml({ title, description, root, lang, main, searches }: Page): string {
  const about = description === null ? null : html`<meta name="description" content="${description}">\n`;
  const script = searches ? html`<script src="${root}notes.js" defer></script>\n` : null;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${about}<link rel="icon" type="image/svg+xml" href="${root}${ICON_FILE}">
<link rel="stylesheet" href="${root}notes.css">
<link rel="alternate" type="application/feed+json" title="${SITE_TITLE}" href="${root}feed.json">
${script}</head>
<body>
<a class="skip" href="#main">To the content</a>
<header><nav aria-label="Site"><a href="${root}index.html">${SITE_TITLE}</a> <a href="${root}tags/index.html">Filters</a> <a href="${root}feed.json">Feed</a></nav></header>
<main id="main"${lang === null ? null : html` lang="${lang}"`}>
${main}
</main>
<footer><p>Built by whystale from cases and notes.</p></footer>
</body>
</html>
`.markup;
}
