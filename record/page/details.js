// The pane beside the views: all about one process or one file.

function fact(name, ...value) {
  return value.some(v => v !== '' && v != null && v !== false) ? [el('dt', null, name), el('dd', null, value)] : null;
}

function part(title, ...children) {
  return el('section.part', null, el('h3', null, title), children);
}

function processDetails(m, id) {
  const end = ending(m, id),
    parent = m.parent[id],
    critical = m.criticalTime[id];
  const path = el(
    'nav.chain',
    {'aria-label': 'Its parents'},
    chain(m, parent)
      .reverse()
      .map(p => [procButton(m, p), el('span.sep', {'aria-hidden': 'true'}, ' › ')]),
    el('strong', null, el('bdi', null, nameOf(m, id)), el('span.number', null, ' #' + id))
  );
  const facts = el(
    'dl.facts',
    null,
    fact('Ended', el('span.status.' + end.tone, null, end.tone === 'good' ? 'ok, exit 0' : end.text)),
    fact(
      'Took',
      duration(m.took[id]) + (m.children[id].length ? ', ' + duration(m.own[id]) + ' without children' : '')
    ),
    fact('Ran', moment(m.born[id], 1e3) + ' – ' + moment(m.born[id] + m.took[id], 1e3)),
    critical ? fact('Critical', duration(critical) + ' (' + percent(critical, m.length) + ' of the whole)') : null,
    fact('CPU', m.cpu[id] ? duration(m.cpu[id]) + ' (' + percent(m.cpu[id], m.own[id]) + ' of its own time)' : ''),
    fact('Memory', m.rss[id] ? bytes(m.rss[id]) : ''),
    fact(
      'Data',
      m.read[id] > 0 || m.written[id] > 0 ? bytes(m.read[id]) + ' read, ' + bytes(m.written[id]) + ' written' : ''
    ),
    fact('PID', String(m.pid[id]))
  );
  const execs = m.execs[id - 1] || [];
  return [
    path,
    facts,
    execs.map((e, i) => programPart(m, id, e, i, execs.length)),
    execs.length
      ? null
      : part(
          'Program',
          el('p.faint', null, 'A fork that stayed what its parent was.'),
          el('pre.command', null, titleOf(m, id))
        ),
    saidPart(m, id),
    childrenPart(m, id),
    usesPart(m, id),
    otherPart(m, id),
  ];
}

function programPart(m, id, e, index, of) {
  const line = pasteable(m, id, index),
    s = i => m.strings[i];
  const command = el('pre.command', null, commandLine(m, e));
  const paste = el('pre.command', null, line);
  const changes = [];
  for (let k = 0; k < e[SET].length; k += 2) {
    changes.push(el('li.set', null, el('b', null, s(e[SET][k])), '=', s(e[SET][k + 1])));
  }
  for (const name of e[UNSET]) changes.push(el('li.unset', null, el('del', null, s(name))));
  const stdio = e[STDIO]
    ? ['stdin', 'stdout', 'stderr'].map((name, i) => fact(name, el('code', null, s(e[STDIO][i]) || 'closed')))
    : null;
  return part(
    of > 1 ? 'Program ' + (index + 1) + ' of ' + of : 'Program',
    command,
    el(
      'dl.facts',
      null,
      fact('Directory', el('code', null, s(e[DIR]))),
      fact('File', el('code', null, s(e[FILE]))),
      e[SCRIPT] ? fact('Script', el('code', null, s(e[SCRIPT]))) : null,
      stdio
    ),
    changes.length
      ? el(
          'details',
          {open: changes.length < 9},
          el('summary', null, count(changes.length, 'change') + ' of the environment'),
          el('ul.env', null, changes)
        )
      : null,
    el('details', null, el('summary', null, 'Run it again'), copyButton(line, paste), paste)
  );
}

function saidPart(m, id) {
  const said = m.said.get(id);
  if (!said) return null;
  return part(
    'It said on stderr',
    said.Cut ? el('p.faint', null, bytes(said.Cut) + ' before this are not recorded.') : null,
    el('pre.said', {tabindex: '0'}, said.Text)
  );
}

function childrenPart(m, id) {
  const children = m.children[id];
  if (!children.length) return null;
  const list = new List({
    label: 'Children',
    height: 24,
    draw: i =>
      el(
        'div.child',
        null,
        procButton(m, children[i]),
        el('bdi.args', {title: titleOf(m, children[i])}, argumentsOf(m, children[i])),
        statusBadge(m, children[i]),
        el('span.num', null, duration(m.took[children[i]]))
      ),
    open: i => show.process(children[i]),
  });
  fit(list, children.length, 24, 8);
  return part(count(children.length, 'child', 'children'), list.element);
}

function fit(list, rows, height, most) {
  list.element.style.height = Math.min(rows, most) * height + 2 + 'px';
  list.set(rows);
}

// useText says what was done: "read", "made", "look: ENOENT".
function useRow(m, i, children) {
  const kind = m.kinds[m.uses.kind[i]],
    times = m.uses.count[i];
  const title = [
    kind.Op,
    kind.Type,
    kind.Errno,
    kind.Injected && 'injected',
    kind.Denied && 'denied by ' + kind.Denied,
  ];
  return el(
    'div.use' + (kind.Errno ? '.failed' : ''),
    {title: title.filter(x => x).join(', ')},
    el('span.op', null, kind.Op),
    el('span.errno', null, kind.Denied ? 'denied' : kind.Errno),
    children,
    el('span.num', null, times > 1 ? '×' + count(times) : '')
  );
}

function usesPart(m, id) {
  const first = m.firstUse[id],
    last = m.firstUse[id + 1];
  if (first === last) return null;
  const tests = {
    all: () => true,
    changed: k => !k.Errno && ['write', 'make', 'delete', 'rename', 'link', 'symlink', 'attr'].includes(k.Op),
    read: k => !k.Errno && (k.Op === 'read' || k.Op === 'run' || k.Op === 'list'),
    failed: k => k.Errno !== '',
  };
  let rows = [];
  const list = new List({
    label: 'Files of the process',
    height: 24,
    draw: n =>
      useRow(m, rows[n], [
        fileButton(m, m.uses.path[rows[n]]),
        m.uses.to[rows[n]] >= 0 ? [' → ', fileButton(m, m.uses.to[rows[n]])] : null,
      ]),
    open: n => show.file(m.uses.path[rows[n]]),
  });
  const pick = key => {
    rows = [];
    for (let i = first; i < last; i++) if (tests[key](m.kinds[m.uses.kind[i]])) rows.push(i);
    fit(list, rows.length, 24, 14);
  };
  pick('all');
  return part(
    count(last - first, 'file use'),
    choices(
      'Which uses',
      [
        ['all', 'All'],
        ['changed', 'Changed'],
        ['read', 'Read'],
        ['failed', 'Failed'],
      ],
      'all',
      pick
    ),
    list.element
  );
}

function otherPart(m, id) {
  const s = i => m.strings[i];
  const lines = [];
  for (const [at, to, signal, from, pid] of m.signals) {
    if (to === id)
      lines.push([
        moment(at, 1e3),
        ' got ',
        s(signal),
        from ? [' from ', procButton(m, from)] : pid ? ' from PID ' + pid : ' from the kernel',
      ]);
    else if (from === id)
      lines.push([moment(at, 1e3), ' sent ', s(signal), to ? [' to ', procButton(m, to)] : ' to PID ' + pid]);
  }
  for (const [at, who, op, address, , host, errno] of m.net) {
    if (who === id)
      lines.push([
        moment(at, 1e3),
        ' ',
        s(op),
        ' ',
        s(address),
        host ? ' (' + s(host) + ')' : '',
        errno ? ': ' + s(errno) : '',
      ]);
  }
  for (const [at, who, host] of m.names) if (who === id) lines.push([moment(at, 1e3), ' asked for ', s(host)]);
  for (const [who, what, call, times] of m.hints) {
    if (who === id)
      lines.push([
        'can differ from run to run: ',
        s(what),
        call ? ' by ' + s(call) : '',
        times > 1 ? ' ×' + count(times) : '',
      ]);
  }
  return lines.length
    ? part(
        'Besides',
        el(
          'ul.plain',
          null,
          lines.map(l => el('li', null, l))
        )
      )
    : null;
}

function fileDetails(m, p) {
  const users = [...m.users.subarray(m.firstOf[p], m.firstOf[p + 1])],
    f = m.files;
  users.sort((a, b) => m.uses.at[a] - m.uses.at[b]);
  const where = PLACES.find(([key]) => key === m.places[p]);
  const processes = new Set(users.map(i => m.uses.proc[i])).size;
  const list = new List({
    label: 'Uses of the file',
    height: 24,
    draw: n => {
      const i = users[n],
        other = m.uses.to[i] < 0 ? -1 : m.uses.path[i] === p ? m.uses.to[i] : m.uses.path[i];
      return useRow(m, i, [
        el('span.num', null, moment(m.uses.at[i], 1e3)),
        procButton(m, m.uses.proc[i]),
        other < 0 ? null : [m.uses.path[i] === p ? ' → ' : ' ← ', fileButton(m, other)],
      ]);
    },
    open: n => show.process(m.uses.proc[users[n]]),
  });
  fit(list, users.length, 24, 24);
  return [
    el('pre.command', null, m.paths[p]),
    el(
      'dl.facts',
      null,
      fact('Became', fate(m, p).join(', ')),
      fact('Where', where[1].toLowerCase()),
      fact('Kind', f.type[p]),
      fact('Used by', count(processes, 'process', 'processes')),
      f.writer[p] ? fact('First writer', procButton(m, f.writer[p])) : null,
      f.reader[p] ? fact('First reader', procButton(m, f.reader[p])) : null,
      f.missing[p] ? fact('Not found', count(f.missing[p], 'time')) : null
    ),
    part(count(users.length, 'use'), list.element),
  ];
}
