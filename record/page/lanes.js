// Where processes stand on the timeline, and what is at a place. Nothing here touches the page.

// arrange makes of lanes and rows one stack of lines: which processes each line has, in order of time.
function arrange(m) {
  const start = [];
  let total = 0;
  for (const rows of m.rows) {
    start.push(total);
    total += rows;
  }
  const lines = Array.from({length: total}, () => []);
  const line = new Int32Array(m.n + 1);
  for (let id = 1; id <= m.n; id++) {
    line[id] = start[m.lane[id]] + m.row[id];
    lines[line[id]].push(id);
  }
  return {start, total, lines, line};
}

// firstAfter finds the first process of a line that ends after a time.
function firstAfter(m, ids, at) {
  let low = 0,
    high = ids.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (m.born[ids[mid]] + m.took[ids[mid]] < at) low = mid + 1;
    else high = mid;
  }
  return low;
}

// nearest finds the process of a line at a time, or one that begins or ended within some slack; 0 if there is none.
function nearest(m, ids, at, slack) {
  let best = 0,
    distance = slack;
  for (let i = firstAfter(m, ids, at - slack); i < ids.length && m.born[ids[i]] <= at + slack; i++) {
    const id = ids[i];
    const away = Math.max(m.born[id] - at, at - m.born[id] - m.took[id], 0);
    if (away <= distance) {
      best = id;
      distance = away;
      if (!away) break;
    }
  }
  return best;
}

// ticks chooses round times for an axis, at least some distance apart.
function ticks(from, to, least) {
  let step = 1;
  outer: for (let power = 1; ; power *= 10) {
    for (const s of [1, 2, 5]) if ((step = s * power) >= least) break outer;
  }
  if (least > 30e6) step = [60e6, 120e6, 300e6, 600e6, 1800e6, 3600e6, 7200e6, 21600e6].find(s => s >= least) || step;
  const list = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) list.push(at);
  return {step, list};
}

// alone calls found for each time in which a process had no living child.
function alone(m, found) {
  for (let id = 1; id <= m.n; id++) {
    const end = m.born[id] + m.took[id];
    let from = m.born[id];
    for (const c of m.children[id]) {
      if (m.born[c] > from) found(from, Math.min(m.born[c], end));
      from = Math.max(from, m.born[c] + m.took[c]);
    }
    if (end > from) found(from, end);
  }
}

// running counts, for equal parts of the time, how many processes without a living child there were on average.
function running(m, parts) {
  const sum = new Float64Array(parts),
    width = m.length / parts;
  alone(m, (from, to) => {
    for (let i = Math.max(0, Math.floor(from / width)); i < parts && i * width < to; i++) {
      sum[i] += Math.max(0, Math.min(to, (i + 1) * width) - Math.max(from, i * width)) / width;
    }
  });
  return sum;
}

// peak is the largest number of processes without a living child that there were at once.
function peak(m) {
  const edges = [];
  alone(m, (from, to) => edges.push([from, 1], [to, -1]));
  edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0,
    most = 0;
  for (const [, step] of edges) most = Math.max(most, (now += step));
  return most;
}

// programTimes sums up the time that programs took themselves, the most first.
function programTimes(m, times) {
  const sum = new Map();
  for (let id = 1; id <= m.n; id++) {
    if (!times[id]) continue;
    const name = nameOf(m, id),
      had = sum.get(name) || {name, time: 0, count: 0};
    had.time += times[id];
    had.count++;
    sum.set(name, had);
  }
  return [...sum.values()].sort((a, b) => b.time - a.time);
}
