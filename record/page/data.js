// The recording, from the compact form that data.go writes. Nothing here touches the page. Processes are known by their
// number N from 1, files by their place in the list of paths, uses by theirs in the order of processes.

function decode(d) {
  const n = (d.PID || []).length;
  const m = {
    head: d.Head,
    strings: d.Strings,
    paths: d.Paths || [],
    places: d.Places,
    why: d.Why || '',
    n,
    rows: d.Rows || [],
    execs: d.Execs || [],
    kinds: d.Kinds || [],
    net: d.Net || [],
    names: d.Names || [],
    signals: d.Signals || [],
    hints: d.Hints || [],
    gaps: d.Gaps || [],
    parent: column(d.Parent),
    pid: column(d.PID),
    born: column(d.Born),
    took: column(d.Took),
    exit: column(d.Exit),
    cpu: column(d.CPU),
    rss: column(d.RSS),
    read: column(d.Read),
    written: column(d.Written),
    lane: column(d.Lane),
    row: column(d.Row),
    own: column(d.Own),
    said: new Map((d.Said || []).map(s => [s.ID, s])),
  };
  m.length = Math.max(m.head.Length, 1);
  m.children = Array.from({length: n + 1}, () => []);
  for (let id = 1; id <= n; id++) m.children[m.parent[id]].push(id);
  decodeUses(m, d.Uses || []);
  decodeFiles(m);
  decodeCritical(m, d.Critical || []);
  return m;
}

// column makes a list that starts at 1 of one that starts at 0.
function column(list) {
  list ||= []; // there is no process at all
  const c = new Float64Array(list.length + 1);
  c.set(list, 1);
  return c;
}

function decodeUses(m, rows) {
  let total = 0;
  const each = (row, found) => {
    for (let i = 0, at = 0; i < row.length;) {
      at += row[i++];
      const packed = row[i++];
      const kind = packed < 0 ? -packed - 1 : packed;
      const path = row[i++];
      const to = m.kinds[kind].To ? row[i++] : -1;
      found(at, kind, path, to, packed < 0 ? row[i++] : 1);
    }
  };
  for (const row of rows) each(row, () => total++);
  const u = (m.uses = {
    length: total,
    proc: new Int32Array(total),
    at: new Float64Array(total),
    kind: new Uint16Array(total),
    path: new Int32Array(total),
    to: new Int32Array(total),
    count: new Float64Array(total),
  });
  m.firstUse = new Int32Array(m.n + 2);
  let k = 0;
  rows.forEach((row, index) => {
    m.firstUse[index + 1] = k;
    each(row, (at, kind, path, to, times) => {
      u.proc[k] = index + 1;
      u.at[k] = m.born[index + 1] + at;
      u.kind[k] = kind;
      u.path[k] = path;
      u.to[k] = to;
      u.count[k++] = times;
    });
  });
  for (let id = rows.length + 1; id < m.firstUse.length; id++) m.firstUse[id] = k;
}

// decodeFiles sorts the uses by path, and sums up what became of each.
function decodeFiles(m) {
  const n = m.paths.length,
    u = m.uses;
  const first = (m.firstOf = new Int32Array(n + 1));
  for (let i = 0; i < u.length; i++) {
    first[u.path[i] + 1]++;
    if (u.to[i] >= 0) first[u.to[i] + 1]++;
  }
  for (let f = 0; f < n; f++) first[f + 1] += first[f];
  const next = first.slice(0, n),
    users = (m.users = new Int32Array(first[n]));
  for (let i = 0; i < u.length; i++) {
    users[next[u.path[i]]++] = i;
    if (u.to[i] >= 0) users[next[u.to[i]]++] = i;
  }
  const f = (m.files = {
    length: n,
    reads: new Float64Array(n),
    writes: new Float64Array(n),
    looks: new Float64Array(n),
    runs: new Float64Array(n),
    failed: new Float64Array(n),
    missing: new Float64Array(n),
    flags: new Uint16Array(n),
    writer: new Int32Array(n),
    reader: new Int32Array(n),
    type: new Array(n).fill(''),
  });
  for (let p = 0; p < n; p++) for (let k = first[p]; k < first[p + 1]; k++) sumUp(m, f, p, users[k]);
}

const HAD = {read: 1, write: 2, make: 4, delete: 8, rename: 16, run: 32, attr: 64, seen: 128, denied: 256};

function sumUp(m, f, p, i) {
  const u = m.uses,
    kind = m.kinds[u.kind[i]],
    times = u.count[i],
    second = u.path[i] !== p;
  if (kind.Type) f.type[p] = kind.Type;
  if (kind.Denied) f.flags[p] |= HAD.denied;
  if (kind.Errno) {
    f.failed[p] += times;
    if (kind.Errno === 'ENOENT' || kind.Errno === 'ENOTDIR') f.missing[p] += times;
    else f.flags[p] |= HAD.seen; // it was there, or its directory told no more
    return;
  }
  f.flags[p] |= HAD.seen;
  const wrote = flag => {
    f.flags[p] |= flag;
    f.writes[p] += times;
    if (!f.writer[p]) f.writer[p] = u.proc[i];
  };
  switch (kind.Op) {
    case 'read':
    case 'list':
      f.flags[p] |= HAD.read;
      f.reads[p] += times;
      if (!f.reader[p]) f.reader[p] = u.proc[i];
      break;
    case 'write':
      wrote(HAD.write);
      break;
    case 'make':
      wrote(HAD.make);
      break;
    case 'symlink':
      wrote(HAD.make);
      break;
    case 'delete':
      f.flags[p] |= HAD.delete;
      break;
    case 'rename':
      if (second) wrote(HAD.make);
      else f.flags[p] |= HAD.rename;
      break;
    case 'link':
      if (second) wrote(HAD.make);
      break;
    case 'attr':
      f.flags[p] |= HAD.attr;
      break;
    case 'run':
      f.flags[p] |= HAD.run;
      f.runs[p] += times;
      if (!f.reader[p]) f.reader[p] = u.proc[i];
      break;
    default:
      f.looks[p] += times;
  }
}

// isMissing: it was looked for, and never there.
function isMissing(m, p) {
  return m.files.missing[p] > 0 && !(m.files.flags[p] & HAD.seen);
}

function decodeCritical(m, flat) {
  m.critical = [];
  m.criticalTime = new Float64Array(m.n + 1);
  for (let i = 0; i < flat.length; i += 3) {
    m.critical.push({id: flat[i], from: flat[i + 1], to: flat[i + 2]});
    m.criticalTime[flat[i]] += flat[i + 2] - flat[i + 1];
  }
}

// The fields of an exec, as processes.go lists them.
const AT = 0,
  NAME = 1,
  FILE = 2,
  SCRIPT = 3,
  DIR = 4,
  ARGV = 5,
  SET = 6,
  UNSET = 7,
  STDIO = 8;

// program returns what a process was at a time, or at its end: its own last program, or the one it was forked from.
function program(m, id, at = Infinity) {
  for (; id; at = m.born[id], id = m.parent[id]) {
    const list = m.execs[id - 1] || [];
    for (let i = list.length - 1; i >= 0; i--) if (list[i][AT] <= at) return list[i];
  }
  return null;
}

function nameOf(m, id) {
  const e = program(m, id);
  return e ? m.strings[e[NAME]] : '?';
}

function commandLine(m, e) {
  return e ? e[ARGV].map(w => m.strings[w]).join(' ') : '';
}

// titleOf is the command line of a process, also of one that was only forked.
function titleOf(m, id) {
  return commandLine(m, program(m, id));
}

function chain(m, id) {
  const list = [];
  for (; id; id = m.parent[id]) list.push(id);
  return list;
}

const SIGNALS = 1000; // see signalBase in processes.go

// ending says how a process ended: a word for it, and whether it is "good", "bad" or "open".
function ending(m, id) {
  const code = m.exit[id];
  if (code < 0) return {text: 'not seen', tone: 'open'};
  if (code >= SIGNALS) return {text: m.strings[code - SIGNALS], tone: 'bad'};
  return {text: code ? 'exit ' + code : 'ok', tone: code ? 'bad' : 'good'};
}

function failed(m, id) {
  return m.exit[id] > 0;
}

// environment collects what differs for a program from what the command was given: a map of names to values, null for
// unset ones. Both are as a shell takes them.
function environment(m, id, index) {
  const steps = [];
  let list = m.execs[id - 1] || [],
    i = index;
  for (;;) {
    for (; i >= 0; i--) steps.push(list[i]);
    const at = m.born[id];
    id = m.parent[id];
    if (!id) break;
    list = m.execs[id - 1] || [];
    i = list.length - 1;
    while (i >= 0 && list[i][AT] > at) i--;
  }
  const env = new Map();
  for (const e of steps.reverse()) {
    for (const name of e[UNSET]) env.set(m.strings[name], null);
    for (let k = 0; k < e[SET].length; k += 2) env.set(m.strings[e[SET][k]], m.strings[e[SET][k + 1]]);
  }
  return env;
}

// pasteable is a program as a line for a shell, with its directory and what differs in its environment.
function pasteable(m, id, index) {
  const e = m.execs[id - 1][index],
    words = [];
  for (const [name, value] of environment(m, id, index)) {
    if (value === null) words.push('-u ' + name);
  }
  for (const [name, value] of environment(m, id, index)) {
    if (value !== null) words.push(name + '=' + value);
  }
  const dir = m.strings[e[DIR]];
  const env = words.length ? 'env ' + words.join(' ') + ' ' : '';
  return 'cd ' + (dir || '.') + ' && ' + env + commandLine(m, e);
}
