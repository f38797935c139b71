// Making elements. Text only ever becomes text nodes: nothing in the page parses HTML.

// el makes an element: el('button.quiet', {type: 'button'}, 'text', child …). Classes follow the tag after dots; a
// property that is a function is a listener.
function el(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  const e = document.createElement(name);
  if (classes.length) e.className = classes.join(' ');
  for (const [key, value] of Object.entries(props || {})) {
    if (typeof value === 'function') e.addEventListener(key, value);
    else if (value === true) e.setAttribute(key, '');
    else if (value !== false && value != null) e.setAttribute(key, value);
  }
  append(e, children);
  return e;
}

function append(e, children) {
  for (const c of children.flat(Infinity)) {
    if (c != null && c !== false && c !== '') e.append(c);
  }
  return e;
}

function byID(id) {
  return document.getElementById(id);
}

function replace(e, ...children) {
  e.textContent = '';
  return append(e, children);
}

// procButton names a process and goes there.
function procButton(m, id, long) {
  return el(
    'button.ref',
    {type: 'button', title: titleOf(m, id), click: () => show.process(id)},
    el('bdi', null, nameOf(m, id)),
    el('span.number', null, ' #' + id),
    long ? ' ' + long : null
  );
}

// pathText shows a path with its last component standing out; where room is short the front is what gives way.
function pathText(path) {
  const [dir, base] = splitPath(path);
  return el('span.path', {title: path}, el('bdi.dir', null, dir), el('bdi.base', null, base));
}

function fileButton(m, file) {
  return el('button.ref.file', {type: 'button', click: () => show.file(file)}, pathText(m.paths[file]));
}

function statusBadge(m, id) {
  const end = ending(m, id);
  return el('span.status.' + end.tone, null, end.text);
}

// linked turns each "#N" of a text into a button.
function linked(m, text) {
  return text.split(/(#\d+)/).map(part => {
    const id = numbered(part);
    if (!id || id > m.n) return part;
    return el('button.ref', {type: 'button', click: () => show.process(id)}, part);
  });
}

// choices is a row of buttons of which one is pressed.
function choices(label, options, chosen, pick) {
  const group = el('div.choices', {role: 'group', 'aria-label': label});
  for (const [value, text] of options) {
    group.append(
      el(
        'button',
        {
          type: 'button',
          'aria-pressed': String(value === chosen),
          click: event => {
            for (const b of group.children) b.setAttribute('aria-pressed', String(b === event.currentTarget));
            pick(value);
          },
        },
        text
      )
    );
  }
  return group;
}

// copyButton puts a text into the clipboard, where the browser lets it, or selects it.
function copyButton(text, source) {
  const button = el(
    'button.copy',
    {
      type: 'button',
      click: async () => {
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = 'Copied';
        } catch {
          getSelection().selectAllChildren(source);
          button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
        }
        setTimeout(() => {
          button.textContent = 'Copy';
        }, 1500);
      },
    },
    'Copy'
  );
  return button;
}

// later calls a function once things have been still for a while.
function later(ms, f) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}
