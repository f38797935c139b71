// How numbers are said, and how words are looked for. Nothing here touches the page.

const thousands = new Intl.NumberFormat('en');

function count(n, one, many) {
  return thousands.format(n) + (one ? ' ' + (n === 1 ? one : many || one + 's') : '');
}

// duration says microseconds with three digits that matter.
function duration(us) {
  if (us < 1000) return us + ' µs';
  if (us < 1e6) return (us / 1e3).toPrecision(3) + ' ms';
  if (us < 60e6) return (us / 1e6).toPrecision(3) + ' s';
  const seconds = Math.round(us / 1e6);
  const h = Math.floor(seconds / 3600),
    m = Math.floor(seconds / 60) % 60,
    s = seconds % 60;
  const two = n => String(n).padStart(2, '0');
  return h ? h + ' h ' + two(m) + ' min' : m + ' min ' + two(s) + ' s';
}

// moment says when something was, to the digit that a step of a scale needs.
function moment(us, step) {
  const digits = step >= 1e6 ? 0 : step >= 1e5 ? 1 : step >= 1e4 ? 2 : step >= 1e3 ? 3 : 6;
  if (us < 60e6) return (us / 1e6).toFixed(digits) + ' s';
  const m = Math.floor(us / 60e6);
  const s = ((us - m * 60e6) / 1e6).toFixed(digits).padStart(digits ? digits + 3 : 2, '0');
  return m < 60 ? m + ':' + s : Math.floor(m / 60) + ':' + String(m % 60).padStart(2, '0') + ':' + s;
}

function bytes(n) {
  if (n < 0) return 'not known';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  while (n >= 999.5 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return (i && n < 10 ? n.toFixed(1) : Math.round(n)) + ' ' + units[i];
}

function percent(part, whole) {
  if (!whole) return '0 %';
  const p = (100 * part) / whole;
  return (p >= 10 || p === 0 ? Math.round(p) : p >= 1 ? p.toFixed(1) : p < 0.1 ? '<0.1' : p.toFixed(1)) + ' %';
}

// matcher makes a test of text: all words must be there, in any case and order. Null for no words.
function matcher(query) {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter(w => w);
  if (!words.length) return null;
  return text => {
    const low = text.toLowerCase();
    return words.every(w => low.includes(w));
  };
}

// numbered returns N if a query is "#N", or 0.
function numbered(query) {
  const found = /^\s*#(\d+)\s*$/.exec(query);
  return found ? Number(found[1]) : 0;
}

// splitPath cuts a path before its last component, which is what people look for. Quotes stay where they are.
function splitPath(path) {
  const end = path.endsWith('/') || path.endsWith('/"') ? path.length - 2 : path.length;
  const cut = path.lastIndexOf('/', end);
  return cut < 0 ? ['', path] : [path.slice(0, cut + 1), path.slice(cut + 1)];
}
