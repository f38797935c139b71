// The view of files: every path that was used, what became of it and who did that.

const PLACES = [
  ['', 'Anywhere'],
  ['i', 'In the tree'],
  ['o', 'Outside'],
  ['t', 'Temporary'],
  ['k', 'Kernel'],
];

const FATES = {
  all: ['All', () => true],
  read: ['Read', (m, f) => m.files.reads[f] > 0],
  written: ['Written', (m, f) => m.files.writes[f] > 0],
  made: ['Made', (m, f) => m.files.flags[f] & HAD.make],
  deleted: ['Deleted', (m, f) => m.files.flags[f] & (HAD.delete | HAD.rename)],
  run: ['Run', (m, f) => m.files.runs[f] > 0],
  missing: ['Missing', (m, f) => isMissing(m, f)],
  denied: ['Denied', (m, f) => m.files.flags[f] & HAD.denied],
};

// fate says in words what became of a file.
function fate(m, f) {
  const has = m.files.flags[f],
    words = [];
  if (isMissing(m, f)) return ['missing'];
  if (has & HAD.run) words.push('run');
  if (has & HAD.make) words.push('made');
  else if (has & HAD.write) words.push('written');
  if (has & HAD.read) words.push('read');
  if (has & HAD.attr) words.push('changed');
  if (has & HAD.rename) words.push('renamed');
  if (has & HAD.delete) words.push('deleted');
  if (!words.length) words.push(m.files.looks[f] ? 'looked at' : 'tried');
  if (has & HAD.denied) words.push('denied');
  return words;
}

function filesView(m) {
  let query = '',
    where = '',
    what = 'all',
    sort = {by: 'path', down: false},
    rows = [];
  const f = m.files;
  const whose = i => f.writer[i] || f.reader[i] || m.uses.proc[m.users[m.firstOf[i]]] || 0;
  const columns = [
    ['path', 'Path', i => m.paths[i]],
    ['fate', 'What became of it', i => fate(m, i).join(' ')],
    ['reads', 'Read', i => f.reads[i]],
    ['writes', 'Written', i => f.writes[i]],
    ['looks', 'Looked', i => f.looks[i]],
    ['missing', 'Failed', i => f.failed[i]],
    ['by', 'Written, or first used, by', whose],
  ];
  const number = n => el('span.num' + (n ? '' : '.faint'), null, n ? count(n) : '–');

  const list = new List({
    role: 'listbox',
    label: 'Files',
    draw: index => {
      const i = rows[index],
        by = whose(i);
      return el(
        'div.a-file' + (current.file === i ? '.chosen' : ''),
        null,
        pathText(m.paths[i]),
        el(
          'span.fate',
          null,
          fate(m, i).map(word => el('span.' + word.replace(/ .*/, ''), null, word))
        ),
        number(f.reads[i]),
        number(f.writes[i]),
        number(f.looks[i]),
        number(f.failed[i]),
        el('span.by', null, by ? procButton(m, by) : el('span.faint', null, '–'))
      );
    },
    open: index => show.file(rows[index]),
  });

  const head = el(
    'div.head.a-file',
    null,
    columns.map(([key, text]) =>
      el(
        'button.sort',
        {
          type: 'button',
          click: () => {
            sort = {by: key, down: sort.by === key ? !sort.down : key !== 'path' && key !== 'fate'};
            update();
          },
        },
        text
      )
    )
  );

  function update() {
    const words = matcher(query),
      passes = FATES[what][1];
    rows = [];
    for (let i = 0; i < f.length; i++) {
      if (where && m.places[i] !== where) continue;
      if (passes(m, i) && (!words || words(m.paths[i]))) rows.push(i);
    }
    const value = columns.find(c => c[0] === sort.by)[2],
      keys = new Map(rows.map(i => [i, value(i)]));
    const sign = sort.down ? -1 : 1;
    rows.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b) * sign);
    columns.forEach(([key], i) => {
      const state = key !== sort.by ? 'none' : sort.down ? 'descending' : 'ascending';
      head.children[i].dataset.sort = state;
      head.children[i].setAttribute('aria-pressed', String(state !== 'none'));
    });
    list.element.scrollTop = 0;
    list.set(rows.length, rows.indexOf(current.file));
    hits.textContent = count(rows.length, 'path');
  }

  const hits = el('span.hits', {'aria-live': 'polite'});
  const filter = el('input', {
    type: 'search',
    placeholder: 'Filter by path',
    'aria-label': 'Filter files',
    input: later(100, e => {
      query = e.target.value;
      update();
    }),
  });
  const fates = Object.entries(FATES).filter(([key]) => key !== 'denied' || f.flags.some(x => x & HAD.denied));
  const element = el(
    'section.view.files-view',
    null,
    el(
      'div.tools',
      null,
      filter,
      choices('Where', PLACES, where, value => {
        where = value;
        update();
      }),
      choices(
        'What became of it',
        fates.map(([key, [text]]) => [key, text]),
        what,
        value => {
          what = value;
          update();
        }
      ),
      hits
    ),
    head,
    list.element
  );
  let drawn = false;

  return {
    element,
    shown: () => {
      if (!drawn) {
        drawn = true;
        update();
      } else list.draw(true);
    },
    focus: () => list.element.focus(),
    selected: () => list.draw(true),
    filter: (newWhat, newWhere) => {
      what = newWhat;
      where = newWhere;
      const groups = element.querySelectorAll('.choices');
      [PLACES.map(p => p[0]), fates.map(x => x[0])].forEach((keys, g) =>
        keys.forEach((key, i) =>
          groups[g].children[i].setAttribute('aria-pressed', String(key === (g ? what : where)))
        )
      );
      drawn = true;
      update();
    },
  };
}
