// The search across everything: programs, arguments, "#N", paths.

// find returns what a query finds: processes first, then files. Nothing here touches the page.
function find(m, query) {
  const number = numbered(query);
  if (number) return number <= m.n ? [{process: number}] : [];
  const words = matcher(query),
    found = [];
  if (!words) return found;
  m.searched ||= Array.from({length: m.n + 1}, (_, id) => id && nameOf(m, id) + ' #' + id + ' ' + titleOf(m, id));
  for (let id = 1; id <= m.n; id++) if (words(m.searched[id])) found.push({process: id});
  for (let p = 0; p < m.paths.length; p++) if (words(m.paths[p])) found.push({file: p});
  return found;
}

function searchBox(m) {
  let found = [],
    asked = '';
  const list = new List({
    label: 'What was found',
    height: 28,
    draw: i => {
      const hit = found[i];
      if (hit.process) {
        return el(
          'div.found',
          null,
          el('span.sort-of', null, 'process'),
          el('span.name', null, el('bdi', null, nameOf(m, hit.process))),
          el('span.number', null, '#' + hit.process),
          el('bdi.args', null, argumentsOf(m, hit.process)),
          statusBadge(m, hit.process)
        );
      }
      return el(
        'div.found',
        null,
        el('span.sort-of', null, 'file'),
        pathText(m.paths[hit.file]),
        el('span.number', null, fate(m, hit.file).join(', '))
      );
    },
    open: choose,
  });
  const sum = el('div.sum', {'aria-live': 'polite'});
  const panel = el('div.results', {hidden: true}, list.element, sum);
  const input = el('input', {
    type: 'search',
    placeholder: 'Search programs, arguments, paths, #N',
    'aria-label': 'Search everything',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-keyshortcuts': '/',
    input: later(90, update),
    focus: update,
    keydown: key,
  });
  list.element.tabIndex = -1; // the arrow keys of the input move in it

  function update() {
    asked = input.value;
    found = find(m, asked);
    panel.hidden = !input.value.trim();
    if (panel.hidden) return;
    fit(list, found.length, 28, 12);
    if (found.length) list.go(0);
    const processes = found.filter(h => h.process).length;
    sum.textContent = found.length
      ? count(processes, 'process', 'processes') + ', ' + count(found.length - processes, 'file') + ' · Enter opens'
      : 'Nothing has these words.';
  }

  function key(e) {
    const step = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10}[e.key];
    if (step) list.go(list.current + step);
    else if (e.key === 'Enter') {
      if (panel.hidden || input.value !== asked) update();
      if (found.length) choose(Math.max(list.current, 0));
    } else if (e.key === 'Escape') {
      input.value = '';
      panel.hidden = true;
      input.blur();
    } else return;
    e.preventDefault();
    e.stopPropagation();
  }

  function choose(i) {
    const hit = found[i];
    if (!hit) return;
    panel.hidden = true;
    if (hit.process) show.process(hit.process, current.view === 'timeline' ? 'timeline' : 'processes');
    else show.file(hit.file, 'files');
    views[current.view].focus();
  }

  const element = el('div.search', {role: 'search'}, input, el('kbd', {'aria-hidden': 'true'}, '/'), panel);
  document.addEventListener('pointerdown', e => {
    if (!element.contains(e.target)) panel.hidden = true;
  });
  element.addEventListener('focusout', e => {
    if (e.relatedTarget && !element.contains(e.relatedTarget)) panel.hidden = true;
  });
  return {element, input};
}
