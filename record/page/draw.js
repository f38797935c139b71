// Painting the timeline.

const LEAST_ROW = 18,
  MOST_ROW = 26,
  GAP = 8,
  AXIS = 24,
  PATH = 26;

// colours reads the theme's colours, and gives the programs that took most of the time one each.
function colours(m) {
  const style = getComputedStyle(document.documentElement),
    of = name => style.getPropertyValue(name).trim();
  const c = {
    ink: of('--ink'),
    muted: of('--muted'),
    line: of('--line'),
    surface: of('--surface'),
    back: of('--back'),
    accent: of('--accent'),
    bad: of('--bad'),
    path: of('--path'),
    sliceInk: of('--slice-ink'),
    other: of('--s0'),
    font: '11px ' + of('--sans'),
    programs: new Map(),
    top: programTimes(m, m.own).slice(0, 8),
  };
  c.top.forEach((p, i) => c.programs.set(p.name, of('--s' + (i + 1))));
  c.of = new Array(m.n + 1);
  for (let id = 1; id <= m.n; id++) c.of[id] = c.programs.get(nameOf(m, id)) || c.other;
  return c;
}

// surface makes a canvas as sharp as the screen and returns its context, with one unit for one CSS pixel.
function surface(canvas) {
  const ratio = devicePixelRatio || 1,
    width = canvas.clientWidth,
    height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext('2d');
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return {ctx, width, height};
}

// lineTops says where each line begins in the pile of all lanes, and how high one is: as much as lets all of them be
// seen, within limits. Between lanes there is a gap.
function lineTops(m, lanes, room) {
  const tops = new Float64Array(lanes.total);
  const free = (room - GAP * (m.rows.length + 1)) / Math.max(lanes.total, 1);
  const row = Math.max(LEAST_ROW, Math.min(MOST_ROW, Math.floor(free)));
  let y = GAP;
  m.rows.forEach((rows, lane) => {
    for (let r = 0; r < rows; r++, y += row) tops[lanes.start[lane] + r] = y;
    y += GAP;
  });
  return {tops, height: y, row};
}

// paint draws what view shows: {from, to, scroll, hover, chosen, critical}.
function paint(canvas, m, lanes, place, c, view) {
  const {ctx, width, height} = surface(canvas);
  const scale = width / (view.to - view.from),
    x = at => (at - view.from) * scale;
  ctx.font = c.font;
  ctx.textBaseline = 'middle';
  const marks = ticks(view.from, view.to, 90 / scale);
  ctx.fillStyle = c.line;
  for (const at of marks.list) ctx.fillRect(Math.round(x(at)), AXIS, 1, height);
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, AXIS + PATH, width, height);
  ctx.clip();
  const top = AXIS + PATH - view.scroll;
  for (let n = 0; n < lanes.total; n++) {
    const y = top + place.tops[n];
    if (y + place.row >= AXIS && y <= height) paintLine(ctx, m, lanes.lines[n], y, place.row - 2, c, view, x, width);
  }
  if (view.critical) paintCritical(ctx, m, lanes, place, top, c, x, width, height);
  if (view.chosen) frame(ctx, m, view.chosen, top + place.tops[lanes.line[view.chosen]], place.row - 2, c, x, width);
  for (const s of m.signals) paintSignal(ctx, s, lanes, place, top, c, x, width);
  ctx.restore();
  paintPath(ctx, m, c, view, x, width);
  ctx.fillStyle = c.surface;
  ctx.fillRect(0, 0, width, AXIS);
  ctx.fillStyle = c.muted;
  for (const at of marks.list) ctx.fillText(moment(at, marks.step), Math.round(x(at)) + 4, AXIS / 2);
  ctx.fillStyle = c.line;
  ctx.fillRect(0, AXIS - 1, width, 1);
}

// paintLine draws one line of processes. Those too short to be seen are drawn as one with their neighbours.
function paintLine(ctx, m, ids, y, h, c, view, x, width) {
  for (let i = firstAfter(m, ids, view.from); i < ids.length; i++) {
    let id = ids[i];
    const left = x(m.born[id]);
    if (left > width) break;
    let right = x(m.born[id] + m.took[id]),
      bad = failed(m, id);
    while (right - left < 1.5 && i + 1 < ids.length && x(m.born[ids[i + 1]]) - left < 1.5) {
      id = ids[++i];
      right = Math.max(right, x(m.born[id] + m.took[id]));
      bad ||= failed(m, id);
    }
    const l = Math.max(left, -2),
      w = Math.max(Math.min(right, width + 2) - l - (right - left > 3 ? 1 : 0), 1);
    ctx.globalAlpha = view.critical && !m.criticalTime[id] ? 0.4 : 1;
    ctx.fillStyle = c.of[id];
    ctx.fillRect(l, y, w, h);
    if (bad) {
      ctx.fillStyle = c.bad;
      ctx.fillRect(l, y, w, 3);
    }
    if (w > 24) {
      ctx.fillStyle = c.sliceInk;
      label(ctx, nameOf(m, id), Math.max(l, 0) + 4, y + h / 2 + 1, l + w - Math.max(l, 0) - 8);
    }
    ctx.globalAlpha = 1;
    if (id === view.hover) {
      ctx.strokeStyle = c.ink;
      ctx.lineWidth = 1;
      ctx.strokeRect(l, y, w, h);
    }
  }
}

// frame marks the chosen process, however short it is.
function frame(ctx, m, id, y, h, c, x, width) {
  const l = Math.max(x(m.born[id]), -4),
    r = Math.min(x(m.born[id] + m.took[id]), width + 4);
  if (r < 0 || l > width) return;
  ctx.strokeStyle = c.accent;
  ctx.lineWidth = 2.5;
  ctx.strokeRect(l - 1, y - 1, Math.max(r - l, 3) + 2, h + 2);
}

// label writes as much of a name as there is room for; the tip and the details have all of it.
function label(ctx, text, x, y, room) {
  if (ctx.measureText(text).width <= room) {
    ctx.fillText(text, x, y);
    return;
  }
  const fit = Math.floor(room / 6) - 1;
  if (fit >= 2) ctx.fillText([...text].slice(0, fit).join('') + '…', x, y);
}

// paintCritical underlines the stretches of the critical path where their processes stand.
function paintCritical(ctx, m, lanes, place, top, c, x, width, height) {
  ctx.fillStyle = c.path;
  for (const s of m.critical) {
    const l = Math.max(x(s.from), 0),
      r = Math.min(x(s.to), width),
      y = top + place.tops[lanes.line[s.id]];
    if (r > l && y > 0 && y < height) ctx.fillRect(l, y + place.row - 5, Math.max(r - l, 1), 3);
  }
}

function paintSignal(ctx, s, lanes, place, top, c, x, width) {
  const [at, to] = s,
    px = x(at);
  if (!to || px < 0 || px > width) return;
  const y = top + place.tops[lanes.line[to]];
  ctx.fillStyle = c.bad;
  ctx.beginPath();
  ctx.moveTo(px, y);
  ctx.lineTo(px - 4, y - 6);
  ctx.lineTo(px + 4, y - 6);
  ctx.fill();
}

// paintPath draws the critical path as a line of its own.
function paintPath(ctx, m, c, view, x, width) {
  ctx.fillStyle = c.surface;
  ctx.fillRect(0, AXIS, width, PATH);
  let last = -1;
  if (m.critical.length) {
    const l = Math.max(x(m.critical[0].from), 0);
    ctx.fillStyle = c.path;
    ctx.fillRect(l, AXIS + 1 + LEAST_ROW, Math.min(x(m.critical.at(-1).to), width) - l, 3);
  }
  for (const s of m.critical) {
    const l = Math.max(x(s.from), 0),
      r = Math.min(x(s.to), width);
    if (r <= 0 || l >= width || r - last < 0.5) continue;
    last = r;
    ctx.fillStyle = c.of[s.id];
    ctx.fillRect(l, AXIS + 3, Math.max(r - l - (r - l > 3 ? 1 : 0), 0.5), LEAST_ROW - 2);
    if (r - l > 24) {
      ctx.fillStyle = c.sliceInk;
      label(ctx, nameOf(m, s.id), l + 4, AXIS + 2 + LEAST_ROW / 2, r - l - 8);
    }
    if (s.id === view.chosen) {
      ctx.strokeStyle = c.accent;
      ctx.lineWidth = 2;
      ctx.strokeRect(l, AXIS + 3, Math.max(r - l - 1, 1), LEAST_ROW);
    }
  }
  ctx.fillStyle = c.line;
  ctx.fillRect(0, AXIS + PATH - 1, width, 1);
}

// paintOverview draws how many processes ran, over the whole time, and what part of it is in sight.
function paintOverview(canvas, m, c, view, cache) {
  const {ctx, width, height} = surface(canvas);
  if (!width) return;
  if (!cache.sum || cache.sum.length !== width) cache.sum = running(m, width);
  let most = 1;
  for (const n of cache.sum) most = Math.max(most, n);
  ctx.fillStyle = c.muted;
  ctx.globalAlpha = 0.55;
  for (let i = 0; i < width; i++) {
    const h = (cache.sum[i] / most) * (height - 4);
    ctx.fillRect(i, height - h, 1, h);
  }
  ctx.globalAlpha = 1;
  const l = (view.from / m.length) * width,
    r = (view.to / m.length) * width;
  ctx.fillStyle = c.back;
  ctx.globalAlpha = 0.65;
  ctx.fillRect(0, 0, l, height);
  ctx.fillRect(r, 0, width - r, height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = c.accent;
  ctx.lineWidth = 1.5;
  ctx.strokeRect(l + 1, 1, Math.max(r - l - 2, 2), height - 2);
}
