/**
 * The script of the index: search and filters over the index that is loaded when somebody begins to search. It makes elements and
 * texts, never markup. Without it the lists and the pages of the filters are there.
 */
export const SCRIPT = `'use strict';
(() => {
  const MOST = 200;
  const search = document.getElementById('search');
  const words = document.getElementById('words');
  const list = document.getElementById('list');
  const count = document.getElementById('count');
  const pages = document.getElementById('pages');
  if (!search || !words || !list || !count) return;
  const filters = [...search.querySelectorAll('select')];
  const whole = [...list.childNodes];
  const said = count.textContent;
  const start = list.getAttribute('start');
  let index = null;
  let loading = false;

  function load() {
    if (index || loading) return;
    loading = true;
    const script = document.createElement('script');
    script.src = 'search-data.js';
    script.onload = () => {
      index = globalThis.whystaleNotes.notes.map((row) => ({
        row,
        text: (row[1] + ' ' + row[2] + ' ' + row[5].map((at) => globalThis.whystaleNotes.facets[at][1]).join(' ')).toLowerCase(),
        facets: new Set(row[5].map((at) => globalThis.whystaleNotes.facets[at].join(' '))),
      }));
      show();
    };
    script.onerror = () => { loading = false; count.textContent = 'The search index cannot be loaded.'; };
    document.head.append(script);
  }

  function item({ row }) {
    const line = document.createElement('li');
    const link = document.createElement('a');
    link.href = row[0];
    link.textContent = row[1];
    line.append(link);
    if (row[2]) {
      const summary = document.createElement('p');
      summary.textContent = row[2];
      line.append(summary);
    }
    const about = document.createElement('small');
    const facets = row[5].map((at) => globalThis.whystaleNotes.facets[at]).filter(([kind]) => kind !== 'stack').map(([, name]) => name);
    about.textContent = [row[3], ...facets, row[4] ? 'needs human review' : ''].filter(Boolean).join(' \\u00b7 ');
    line.append(about);
    return line;
  }

  function show() {
    const asked = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const wanted = filters.filter(({ value }) => value).map((one) => one.dataset.kind + ' ' + one.value);
    const plain = asked.length === 0 && wanted.length === 0;
    if (pages) pages.hidden = !plain;
    if (plain) {
      list.replaceChildren(...whole);
      list.setAttribute('start', start);
      count.textContent = said;
      return;
    }
    if (!index) return load();
    const found = index.filter(({ text, facets }) => asked.every((word) => text.includes(word)) && wanted.every((one) => facets.has(one)));
    list.setAttribute('start', '1');
    list.replaceChildren(...found.slice(0, MOST).map(item));
    count.textContent = found.length + (found.length === 1 ? ' note' : ' notes') + (found.length > MOST ? ', the newest ' + MOST + ' shown' : '');
  }

  words.addEventListener('focus', load);
  words.addEventListener('input', show);
  for (const one of filters) one.addEventListener('change', show);
  search.hidden = false;
  if (words.value || filters.some(({ value }) => value)) show();
})();
`;
