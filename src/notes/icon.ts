/** The sign of the site in tabs and bookmarks: a page with lines. Without one, browsers ask every server for /favicon.ico. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">
<rect x="2" y="1" width="12" height="14" rx="2" fill="#0550ae"/>
<path d="M5 5H11M5 8H11M5 11H9" stroke="#fff" stroke-width="1.5" fill="none"/>
</svg>
`;
export const ICON_FILE = 'notes.svg';
