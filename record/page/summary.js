// The first view: how it went, why it failed, what took the time.

function card(title, note, ...children) {
  return el('section.card', null, el('h2', null, title), note ? el('p.note', null, note) : null, children);
}

// bars is a list of things with a share of a whole each.
function bars(rows) {
  return el(
    'ol.bars',
    null,
    rows.map(({label, share, value}) => {
      const fill = el('span.fill');
      fill.style.width = Math.max(100 * share, 0.5) + '%';
      return el(
        'li',
        null,
        el('span.bar-label', null, label),
        el('span.track', {'aria-hidden': 'true'}, fill),
        el('span.num', null, value)
      );
    })
  );
}

function verdict(m) {
  const h = m.head;
  const how = h.Signal
    ? 'Killed by ' + h.Signal
    : h.Exit < 0
      ? 'The end was not recorded'
      : h.Exit
        ? 'Failed with status ' + h.Exit
        : 'Succeeded';
  const tone = h.Signal || h.Exit > 0 ? 'bad' : h.Exit < 0 ? 'open' : 'good';
  return {how, tone};
}

function tile(value, name, go) {
  return el(
    go ? 'button.tile' : 'div.tile',
    {type: go ? 'button' : null, click: go},
    el('span.value', null, value),
    el('span.label', null, name)
  );
}

// withArguments names a process and as much of its arguments as there is room for.
function withArguments(m, id) {
  return [procButton(m, id), ' ', el('bdi.args', {title: titleOf(m, id)}, argumentsOf(m, id))];
}

function summaryView(m) {
  const {how, tone} = verdict(m),
    h = m.head,
    f = m.files;
  const tally = test => {
    let n = 0;
    for (let p = 0; p < f.length; p++) if (test(p)) n++;
    return n;
  };
  const cpu = m.cpu.reduce((a, b) => a + b, 0),
    programs = new Set();
  for (let id = 1; id <= m.n; id++) for (const e of m.execs[id - 1] || []) programs.add(e[FILE]);
  const outside = p => m.places[p] === 'o' && f.writes[p] > 0;
  const files = (what, where) => () => {
    views.files.filter(what, where);
    show.view('files');
  };

  const tiles = el(
    'div.tiles',
    null,
    tile(count(m.n), m.n === 1 ? 'process' : 'processes', () => show.view('processes')),
    tile(count(programs.size), 'programs'),
    cpu
      ? tile(duration(cpu), `CPU, ${(cpu / m.length).toFixed(1)} of ${h.CPUs} busy`)
      : tile('–', 'CPU not recorded'),
    tile(count(tally(p => f.reads[p] > 0)), 'files read', files('read', '')),
    tile(count(tally(p => f.writes[p] > 0)), 'written', files('written', '')),
    tile(count(tally(outside)), 'written outside', files('written', 'o')),
    tile(count(tally(p => isMissing(m, p))), 'looked for, never there', files('missing', '')),
    tile(count(m.net.length), m.net.length === 1 ? 'address' : 'addresses', () => show.view('network'))
  );

  const critical = programTimes(m, m.criticalTime).slice(0, 10);
  const stretches = [...m.critical].sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, 10);
  const own = Array.from({length: m.n}, (_, i) => i + 1)
    .sort((a, b) => m.own[b] - m.own[a])
    .slice(0, 10);

  const facts = el(
    'dl.facts',
    null,
    fact('Directory', el('code', null, h.Dir)),
    fact('Started', h.Time),
    fact('Took', duration(h.Length)),
    fact('Host', el('bdi', null, h.Host), ', ' + h.Machine + ', Linux ' + h.Kernel + ', ' + count(h.CPUs, 'CPU')),
    fact('Recorded by', h.Tool),
    h.Injected && h.Injected.length ? fact('Made up', h.Injected.join(', ')) : null,
    h.Policies && h.Policies.length ? fact('Compared with', h.Policies.join(', ')) : null
  );

  const longest = stretches.length ? stretches[0].to - stretches[0].from : 1;
  const gaps = [...m.gaps].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, 10);

  const element = el(
    'section.view.summary-view',
    null,
    el(
      'div.page',
      null,
      (h.Warnings || []).map(w => el('p.warning', {role: 'note'}, w)),
      el('div.verdict.' + tone, null, el('h2', null, how), el('p', null, 'after ' + duration(h.Length))),
      h.Command ? el('pre.command.main', null, h.Command) : null,
      tiles,
      m.why ? card('Why it failed', null, el('pre.why', {tabindex: '0'}, linked(m, m.why))) : null,
      el(
        'div.columns',
        null,
        card(
          'What it waited for',
          'The critical path, by program: to make the command faster, make these faster.',
          bars(
            critical.map(p => ({
              label: [el('bdi', null, p.name), ' ', el('span.faint', null, '×' + count(p.count))],
              share: p.time / m.length,
              value: duration(Math.round(p.time)) + ' · ' + percent(p.time, m.length),
            }))
          )
        ),
        card(
          'Longest waits',
          'The longest single stretches of the critical path.',
          bars(
            stretches.map(s => ({
              label: withArguments(m, s.id),
              share: (s.to - s.from) / longest,
              value: duration(s.to - s.from),
            }))
          )
        ),
        card(
          'Longest processes',
          'By the time they had no child running.',
          bars(
            own.map(id => ({
              label: withArguments(m, id),
              share: m.own[id] / m.own[own[0]],
              value: duration(m.own[id]),
            }))
          )
        ),
        card(
          'Idle',
          'Nothing was recorded, and whoever could go on used little CPU time.',
          m.gaps.length
            ? bars(
                gaps.map(([from, to, ids]) => ({
                  label: [
                    moment(from, 1e4) + ' ',
                    ids.slice(0, 3).map(id => procButton(m, id)),
                    ids.length > 3 ? ' and ' + (ids.length - 3) + ' more' : '',
                  ],
                  share: (to - from) / (gaps[0][1] - gaps[0][0]),
                  value: duration(to - from),
                }))
              )
            : el('p.faint', null, 'No such time.')
        )
      ),
      card('The recording', null, facts)
    )
  );
  return {element, focus: () => {}, shown: () => {}, selected: () => {}};
}
