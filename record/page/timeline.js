// The view of time: lanes of processes on a canvas, the critical path above them, and an overview of the whole.

function timelineView(m) {
  const lanes = arrange(m),
    place = lineTops(m, lanes),
    cache = {};
  const view = {from: 0, to: m.length, scroll: 0, hover: 0, chosen: 0, critical: false};
  let c = null,
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
        'Each lane is what can run at one time; children stand below their parents. Red: failed.'
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
        limit();
        paint(canvas, m, lanes, place, c, view);
        paintOverview(overview, m, c, view, cache);
        range.textContent =
          duration(Math.round(view.to - view.from)) +
          ' of ' +
          duration(m.length) +
          ', at most ' +
          Math.ceil(cache.most - 0.01) +
          ' at once';
      });
  }

  function drawLegend() {
    replace(
      legend,
      c.top.map(p => {
        const patch = el('span.patch');
        patch.style.background = c.programs.get(p.name);
        return el(
          'span.key',
          {title: count(p.count, 'process', 'processes') + ', ' + duration(Math.round(p.time)) + ' by themselves'},
          patch,
          el('bdi', null, p.name)
        );
      })
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
    if (y < view.scroll || y + ROW > view.scroll + room) view.scroll = y - room / 2;
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
    const n = place.tops.findIndex(top => y >= top && y < top + ROW);
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

  let drag = null;
  canvas.addEventListener('pointerdown', e => {
    if (e.button) return;
    drag = {x: e.clientX, y: e.clientY, from: view.from, scroll: view.scroll, moved: false};
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener('pointermove', e => {
    if (!drag) return point(e, processAt(e));
    const dx = e.clientX - drag.x,
      dy = e.clientY - drag.y;
    if (!drag.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    drag.moved = true;
    point(e, 0);
    canvas.style.cursor = 'grabbing';
    const span = view.to - view.from;
    view.from = Math.min(Math.max(drag.from - (dx / canvas.clientWidth) * span, 0), m.length - span);
    view.to = view.from + span;
    view.scroll = drag.scroll - dy;
    redraw();
  });
  canvas.addEventListener('pointerup', e => {
    const id = drag && !drag.moved ? processAt(e) : 0;
    drag = null;
    if (id) show.process(id);
  });
  canvas.addEventListener('pointercancel', () => {
    drag = null;
  });
  canvas.addEventListener('pointerleave', e => point(e, 0));
  canvas.addEventListener('dblclick', focus);
  canvas.addEventListener(
    'wheel',
    e => {
      e.preventDefault();
      const unit = e.deltaMode ? 20 : 1;
      if (e.shiftKey && !e.deltaX) {
        view.scroll += e.deltaY * unit;
        redraw();
        return;
      }
      if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) return pan((e.deltaX * unit) / canvas.clientWidth);
      zoom(Math.exp(Math.max(-1, Math.min(1, e.deltaY * unit * 0.003))), timeAt(e));
    },
    {passive: false}
  );
  canvas.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const act = {
      '+': () => zoom(1 / 1.6),
      '=': () => zoom(1 / 1.6),
      '-': () => zoom(1.6),
      ArrowLeft: () => pan(-0.15),
      ArrowRight: () => pan(0.15),
      ArrowUp: () => {
        view.scroll -= 3 * ROW;
        redraw();
      },
      ArrowDown: () => {
        view.scroll += 3 * ROW;
        redraw();
      },
      0: all,
      Home: all,
      f: focus,
      F: focus,
    }[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });

  let brush = null;
  const overviewTime = e => Math.min(Math.max(e.offsetX / overview.clientWidth, 0), 1) * m.length;
  overview.addEventListener('pointerdown', e => {
    brush = overviewTime(e);
    overview.setPointerCapture(e.pointerId);
  });
  overview.addEventListener('pointermove', e => {
    if (brush === null) return;
    const at = overviewTime(e);
    view.from = Math.min(at, brush);
    view.to = Math.max(at, brush);
    redraw();
  });
  overview.addEventListener('pointerup', e => {
    const at = overviewTime(e),
      span = view.to - view.from;
    if (brush !== null && Math.abs(at - brush) < m.length / 200) {
      view.from = at - span / 2;
      view.to = view.from + span;
    }
    brush = null;
    redraw();
  });

  new ResizeObserver(redraw).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    c = null;
    redraw();
  });
  return {
    element,
    shown: redraw,
    selected: id => {
      view.chosen = id;
      if (id) reveal(id);
      redraw();
    },
  };
}
