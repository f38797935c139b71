// The view of time: lanes of processes on a canvas, the critical path above them, and an overview of the whole.

function timelineView(m) {
  const lanes = arrange(m),
    cache = {};
  const view = {from: 0, to: m.length, scroll: 0, hover: 0, chosen: 0, critical: false};
  let c = null,
    place = lineTops(m, lanes, 0),
    most = peak(m),
    frame = 0;

  const overview = el('canvas.overview', {'aria-hidden': 'true'});
  const canvas = el('canvas.lanes', {
    tabindex: '0',
    role: 'application',
    'aria-label':
      'Timeline. Plus and minus zoom, arrow keys move, 0 shows all, F the chosen process. ' +
      'The view of processes has the same as a tree.',
  });
  const tip = el('div.tip', {role: 'tooltip', hidden: true});
  const legend = el('div.legend');
  const range = el('span.hits', {'aria-live': 'polite'});
  const criticalButton = el(
    'button',
    {
      type: 'button',
      'aria-pressed': 'false',
      click: () => {
        view.critical = !view.critical;
        criticalButton.setAttribute('aria-pressed', String(view.critical));
        redraw();
      },
    },
    'Highlight critical path'
  );
  const tool = (label, text, act) =>
    el('button.quiet', {type: 'button', 'aria-label': label, title: label, click: act}, text);
  const element = el(
    'section.view.timeline-view',
    null,
    el(
      'div.tools',
      null,
      el(
        'div.choices',
        {role: 'group', 'aria-label': 'Zoom'},
        tool('Zoom out (−)', '−', () => zoom(1.6)),
        tool('Zoom in (+)', '+', () => zoom(1 / 1.6)),
        tool('Show all (0)', 'All', all),
        tool('Show the chosen process (F)', 'Chosen', focus)
      ),
      criticalButton,
      legend,
      range
    ),
    overview,
    el('div.stage', null, canvas, tip),
    el(
      'p.hint',
      null,
      'Wheel or + − zoom · drag or arrow keys move · click for details · 0 shows all · F the chosen process. ' +
        'Each lane has what can run at one time; children stand below their parents.'
    )
  );

  function redraw() {
    if (!frame)
      frame = requestAnimationFrame(() => {
        frame = 0;
        if (!canvas.clientWidth) return;
        if (!c) {
          c = colours(m);
          drawLegend();
        }
        place = lineTops(m, lanes, canvas.clientHeight - AXIS - PATH);
        limit();
        paint(canvas, m, lanes, place, c, view);
        paintOverview(overview, m, c, view, cache);
        range.textContent =
          duration(Math.round(view.to - view.from)) + ' of ' + duration(m.length) + ', at most ' + most + ' at once';
      });
  }

  function key(colour, name, title, thin) {
    const patch = el(thin ? 'span.patch.thin' : 'span.patch');
    patch.style.background = colour;
    return el('span.key', {title}, patch, el('bdi', null, name));
  }

  function drawLegend() {
    replace(
      legend,
      c.top.map(p =>
        key(
          c.programs.get(p.name),
          p.name,
          count(p.count, 'process', 'processes') + ', ' + duration(Math.round(p.time)) + ' by themselves'
        )
      ),
      key(
        c.path,
        'critical path',
        'What the command waited for, from its start to its end: the line above the lanes',
        true
      ),
      key(c.bad, 'failed', 'Ended with a status other than 0, or by a signal', true)
    );
  }

  function limit() {
    const span = Math.min(Math.max(view.to - view.from, 20), m.length);
    view.from = Math.min(Math.max(view.from, 0), m.length - span);
    view.to = view.from + span;
    const room = canvas.clientHeight - AXIS - PATH;
    view.scroll = Math.min(Math.max(view.scroll, 0), Math.max(0, place.height - room));
  }

  function zoom(factor, at = (view.from + view.to) / 2) {
    const span = Math.min(Math.max((view.to - view.from) * factor, 20), m.length);
    const share = (at - view.from) / (view.to - view.from);
    view.from = at - share * span;
    view.to = view.from + span;
    redraw();
  }

  function pan(share) {
    const by = (view.to - view.from) * share;
    const from = Math.min(Math.max(view.from + by, 0), m.length - (view.to - view.from));
    view.to += from - view.from;
    view.from = from;
    redraw();
  }

  function all() {
    view.from = 0;
    view.to = m.length;
    redraw();
  }

  function focus() {
    const id = view.chosen;
    if (!id) return;
    const span = Math.max(m.took[id] * 1.4, 100);
    view.from = m.born[id] + m.took[id] / 2 - span / 2;
    view.to = view.from + span;
    reveal(id);
    redraw();
  }

  function reveal(id) {
    const y = place.tops[lanes.line[id]],
      room = canvas.clientHeight - AXIS - PATH;
    if (y < view.scroll || y + place.row > view.scroll + room) view.scroll = y - room / 2;
  }

  const timeAt = e => view.from + (e.offsetX / canvas.clientWidth) * (view.to - view.from);

  function processAt(e) {
    const at = timeAt(e),
      slack = (3 * (view.to - view.from)) / canvas.clientWidth;
    if (e.offsetY < AXIS) return 0;
    if (e.offsetY < AXIS + PATH) {
      const s = m.critical.find(s => s.from <= at && at < s.to);
      return s ? s.id : 0;
    }
    const y = e.offsetY - AXIS - PATH + view.scroll;
    const n = place.tops.findIndex(top => y >= top && y < top + place.row);
    return n < 0 ? 0 : nearest(m, lanes.lines[n], at, slack);
  }

  function point(e, id) {
    view.hover = id;
    tip.hidden = !id;
    canvas.style.cursor = id ? 'pointer' : 'grab';
    if (id) {
      replace(
        tip,
        el(
          'div.tip-head',
          null,
          el('bdi', null, nameOf(m, id)),
          el('span.number', null, ' #' + id + ' '),
          statusBadge(m, id)
        ),
        el(
          'div.tip-time',
          null,
          duration(m.took[id]) +
            ', ' +
            duration(m.own[id]) +
            ' without children' +
            (m.cpu[id] ? ', CPU ' + duration(m.cpu[id]) : '') +
            (m.criticalTime[id] ? ', critical for ' + duration(m.criticalTime[id]) : '')
        ),
        el('code.tip-line', null, titleOf(m, id))
      );
      const room = canvas.clientWidth,
        w = tip.offsetWidth,
        h = tip.offsetHeight;
      tip.style.left = Math.max(4, Math.min(e.offsetX + 14, room - w - 4)) + 'px';
      tip.style.top =
        (e.offsetY + 18 + h > canvas.clientHeight ? Math.max(0, e.offsetY - h - 10) : e.offsetY + 18) + 'px';
    }
    redraw();
  }

  gestures(m, canvas, overview, view, {redraw, zoom, pan, all, focus, point, timeAt, processAt});

  new ResizeObserver(redraw).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    c = null;
    redraw();
  });
  return {
    element,
    focus: () => canvas.focus(),
    shown: redraw,
    selected: id => {
      view.chosen = id;
      if (id) reveal(id);
      redraw();
    },
  };
}
