// What the mouse and the keys do on the timeline.

// gestures moves view, and calls of act what follows from that.
function gestures(m, canvas, overview, view, act) {
  let drag = null;
  canvas.addEventListener('pointerdown', e => {
    if (e.button) return;
    drag = {x: e.clientX, y: e.clientY, from: view.from, scroll: view.scroll, moved: false};
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener('pointermove', e => {
    if (!drag) return act.point(e, act.processAt(e));
    const dx = e.clientX - drag.x,
      dy = e.clientY - drag.y;
    if (!drag.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    drag.moved = true;
    act.point(e, 0);
    canvas.style.cursor = 'grabbing';
    const span = view.to - view.from;
    view.from = Math.min(Math.max(drag.from - (dx / canvas.clientWidth) * span, 0), m.length - span);
    view.to = view.from + span;
    view.scroll = drag.scroll - dy;
    act.redraw();
  });
  canvas.addEventListener('pointerup', e => {
    const id = drag && !drag.moved ? act.processAt(e) : 0;
    drag = null;
    if (id) show.process(id);
  });
  canvas.addEventListener('pointercancel', () => {
    drag = null;
  });
  canvas.addEventListener('pointerleave', e => act.point(e, 0));
  canvas.addEventListener('dblclick', act.focus);
  canvas.addEventListener(
    'wheel',
    e => {
      e.preventDefault();
      const unit = e.deltaMode ? 20 : 1;
      if (e.shiftKey && !e.deltaX) {
        view.scroll += e.deltaY * unit;
        act.redraw();
        return;
      }
      if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) return act.pan((e.deltaX * unit) / canvas.clientWidth);
      act.zoom(Math.exp(Math.max(-1, Math.min(1, e.deltaY * unit * 0.003))), act.timeAt(e));
    },
    {passive: false}
  );
  canvas.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const done = {
      '+': () => act.zoom(1 / 1.6),
      '=': () => act.zoom(1 / 1.6),
      '-': () => act.zoom(1.6),
      ArrowLeft: () => act.pan(-0.15),
      ArrowRight: () => act.pan(0.15),
      ArrowUp: () => {
        view.scroll -= 3 * LEAST_ROW;
        act.redraw();
      },
      ArrowDown: () => {
        view.scroll += 3 * LEAST_ROW;
        act.redraw();
      },
      0: act.all,
      Home: act.all,
      f: act.focus,
      F: act.focus,
    }[e.key];
    if (!done) return;
    e.preventDefault();
    done();
  });

  let brush = null;
  const overviewTime = e => Math.min(Math.max(e.offsetX / overview.clientWidth, 0), 1) * m.length;
  overview.addEventListener('pointerdown', e => {
    brush = {at: overviewTime(e), span: view.to - view.from};
    overview.setPointerCapture(e.pointerId);
  });
  overview.addEventListener('pointermove', e => {
    if (!brush) return;
    const at = overviewTime(e);
    if (Math.abs(at - brush.at) < m.length / 200) return;
    view.from = Math.min(at, brush.at);
    view.to = Math.max(at, brush.at);
    act.redraw();
  });
  overview.addEventListener('pointerup', e => {
    const at = overviewTime(e);
    if (brush && Math.abs(at - brush.at) < m.length / 200) {
      view.from = at - brush.span / 2;
      view.to = view.from + brush.span;
    }
    brush = null;
    act.redraw();
  });
}
