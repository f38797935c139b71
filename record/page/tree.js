// The view of processes: a tree with a column that shows when each ran.

function treeView(m) {
  let rows = [],
    open = opened(m, 60),
    query = '',
    only = 'all';
  const critical = new Set(m.critical.map(s => s.id));

  const list = new List({
    role: 'tree',
    rowRole: 'treeitem',
    label: 'Processes',
    draw,
    open: index => show.process(rows[index].id),
    click: (event, index) => {
      if (!event.target.closest('.twist')) return false;
      toggle(index);
      return true;
    },
    key: (event, index) => {
      const row = rows[index];
      if (!row) return false;
      const has = m.children[row.id].length > 0,
        isOpen = open.has(row.id);
      if (event.key === 'ArrowRight' && has) isOpen ? list.go(index + 1) : toggle(index);
      else if (event.key === 'ArrowLeft' && has && isOpen && !filtered()) toggle(index);
      else if (event.key === 'ArrowLeft') list.go(rows.findIndex(r => r.id === m.parent[row.id]));
      else if (event.key === ' ') toggle(index);
      else return false;
      return true;
    },
  });

  function filtered() {
    return only !== 'all' || matcher(query);
  }

  function toggle(index) {
    const id = rows[index].id;
    if (filtered() || !m.children[id].length) return;
    open.has(id) ? open.delete(id) : open.add(id);
    update(index);
  }

  function update(current = -1) {
    const words = matcher(query),
      number = numbered(query);
    const test = !filtered()
      ? null
      : id =>
          (only === 'all' || (only === 'failed' && failed(m, id)) || (only === 'critical' && critical.has(id))) &&
          (!words || (number ? id === number : words(nameOf(m, id) + ' #' + id + ' ' + titleOf(m, id))));
    rows = visible(m, open, test);
    list.set(rows.length, Math.min(current, rows.length - 1));
    hits.textContent = count(test ? rows.filter(r => r.hit).length : m.n, 'process', 'processes');
  }

  function draw(index) {
    const {id, depth, hit} = rows[index],
      has = m.children[id].length > 0;
    const isOpen = has && (filtered() || open.has(id));
    const bar = el('span.bar' + (failed(m, id) ? '.bad' : ''));
    bar.style.left = (100 * m.born[id]) / m.length + '%';
    bar.style.width = 'max(2px, ' + (100 * m.took[id]) / m.length + '%)';
    const indent = el('span.indent');
    indent.style.width = Math.min(depth, 40) * 14 + 'px';
    const row = el(
      'div.process' + (hit ? '' : '.aside') + (current.process === id ? '.chosen' : ''),
      null,
      el(
        'span.what',
        null,
        indent,
        el('span.twist' + (has ? '' : '.leaf') + (isOpen ? '.open' : ''), {'aria-hidden': 'true'}),
        el('span.name', null, el('bdi', null, nameOf(m, id))),
        el('span.number', null, '#' + id),
        el('bdi.args', {title: titleOf(m, id)}, argumentsOf(m, id))
      ),
      el('span.end', null, statusBadge(m, id)),
      el('span.num', null, duration(m.took[id])),
      el('span.num.faint', null, m.cpu[id] ? duration(m.cpu[id]) : ''),
      el('span.when', {'aria-hidden': 'true'}, bar)
    );
    row.setAttribute('aria-level', depth + 1);
    if (has) row.setAttribute('aria-expanded', String(isOpen));
    row.setAttribute(
      'aria-label',
      nameOf(m, id) + ' #' + id + ', ' + ending(m, id).text + ', ' + duration(m.took[id])
    );
    return row;
  }

  const hits = el('span.hits', {'aria-live': 'polite'});
  const filter = el('input', {
    type: 'search',
    placeholder: 'Filter by program or argument',
    'aria-label': 'Filter processes',
    input: later(80, e => {
      query = e.target.value;
      update();
    }),
  });
  const view = el(
    'section.view.tree-view',
    null,
    el(
      'div.tools',
      null,
      filter,
      choices(
        'Which processes',
        [
          ['all', 'All'],
          ['failed', 'Failed'],
          ['critical', 'Critical path'],
        ],
        only,
        value => {
          only = value;
          update();
        }
      ),
      el(
        'button.quiet',
        {
          type: 'button',
          click: () => {
            for (let id = 1; id <= m.n; id++) if (m.children[id].length) open.add(id);
            update();
          },
        },
        'Open all'
      ),
      el(
        'button.quiet',
        {
          type: 'button',
          click: () => {
            open = new Set();
            update();
          },
        },
        'Close all'
      ),
      hits
    ),
    el(
      'div.head.process',
      {'aria-hidden': 'true'},
      el('span.what', null, 'Process'),
      el('span.end', null, 'Ended'),
      el('span.num', null, 'Took'),
      el('span.num', null, 'CPU'),
      el('span.when', null, 'When')
    ),
    list.element
  );
  update();

  return {
    element: view,
    focus: () => list.element.focus(),
    shown: () => list.draw(true),
    selected: id => {
      if (!id) return list.draw(true);
      if (!filtered()) for (const p of chain(m, m.parent[id])) open.add(p);
      update();
      const index = rows.findIndex(r => r.id === id);
      if (index >= 0) list.go(index, true);
    },
  };
}

// argumentsOf is the command line without its first word, or says that there is none of its own.
function argumentsOf(m, id) {
  const own = m.execs[id - 1];
  if (!own || !own.length) return '(a fork)';
  return own[own.length - 1][ARGV].slice(1)
    .map(w => m.strings[w])
    .join(' ');
}
