/**
 * The script of the index: search and filters over the index that is loaded when somebody begins to search. It makes elements and
 * texts, never markup. Without it the lists and the pages of the filters are there. What is asked stands behind the `#` of the address,
 * so that it comes back with the way back, and can be sent; no server sees it, and it works for a file of a disk too.
 */
export const SCRIPT = `'use strict';
(() => {
  const MOST = 200;
  const search = document.getElementById('search');
  const words = document.getElementById('words');
  const list = document.getElementById('list');
  const count = document.getElementById('count');
  const pages = document.getElementById('pages');
  const clear = document.getElementById('clear');
  if (!search || !words || !list || !count || !clear) return;
  const filters = [...search.querySelectorAll('select')];
  const whole = [...list.childNodes];
  const said = count.textContent;
  const start = list.getAttribute('start');
  let index = null;
  let loading = false;
  let noting = 0;

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

  function made(name, text, style) {
    const element = document.createElement(name);
    element.textContent = text;
    if (style) element.className = style;
    return element;
  }

  function item({ row }) {
    const line = document.createElement('li');
    const link = made('a', row[1]);
    link.href = row[0];
    line.append(link);
    if (row[2]) line.append(made('p', row[2]));
    const about = made('div', '', 'about');
    if (row[3]) {
      const day = made('time', row[3]);
      day.dateTime = row[3];
      about.append(day);
    }
    const facets = row[5].map((at) => globalThis.whystaleNotes.facets[at]).filter(([kind]) => kind !== 'stack').map(([, name]) => name);
    about.append(made('span', [...new Set(facets)].join(' \\u00b7 ')));
    if (row[4]) about.append(made('span', 'needs human review', 'badge flag'));
    line.append(about);
    return line;
  }

  function show() {
    const asked = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const wanted = filters.filter(({ value }) => value).map((one) => one.dataset.kind + ' ' + one.value);
    const plain = asked.length === 0 && wanted.length === 0;
    if (pages) pages.hidden = !plain;
    clear.disabled = plain;
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
    const notes = found.length + (found.length === 1 ? ' note' : ' notes');
    if (found.length === 0) count.textContent = 'No note has all of this. Ask for less, or clear the search.';
    else count.textContent = notes + (found.length > MOST ? ', the newest ' + MOST + ' shown' : '');
  }

  function note() {
    const asked = new URLSearchParams();
    if (words.value) asked.set('words', words.value);
    for (const one of filters) if (one.value) asked.set(one.dataset.kind, one.value);
    // Browsers refuse it to those who ask often, or from where it is not allowed; the search works without it.
    try { history.replaceState(null, '', '#?' + asked); } catch {}
  }

  function recall() {
    if (!location.hash.startsWith('#?')) return;
    const asked = new URLSearchParams(location.hash.slice(2));
    words.value = asked.get('words') || '';
    for (const one of filters) one.value = asked.get(one.dataset.kind) || '';
    show();
  }

  function changed() {
    show();
    clearTimeout(noting);
    noting = setTimeout(note, 200);
  }

  words.addEventListener('focus', load);
  words.addEventListener('input', changed);
  for (const one of filters) one.addEventListener('change', changed);
  clear.addEventListener('click', () => {
    words.value = '';
    for (const one of filters) one.value = '';
    changed();
    words.focus();
  });
  addEventListener('hashchange', recall);
  search.hidden = false;
  show();
  recall();
})();
`;
