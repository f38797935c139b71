// The page as a whole: its views, what is chosen, and the keys that work everywhere.

const current = {view: '', process: 0, file: -1};
const views = {};
const model = decode(JSON.parse(byID('data').textContent));

const show = {
  view(name) {
    go(name, current.process, current.file);
  },
  process(id, name) {
    go(name || (current.view === 'timeline' ? 'timeline' : current.view || 'processes'), id, -1);
  },
  file(p, name) {
    go(name || current.view || 'files', 0, p);
  },
};

// go writes the place into the address, so that the browser's "back" works; arrive does what is to be done there.
function go(view, process, file) {
  const place = '#' + view + (process ? '/p' + process : file >= 0 ? '/f' + file : '');
  if (location.hash !== place) location.hash = place;
  arrive();
}

function arrive() {
  const [, view, sort, number] = /^#([a-z]+)(?:\/([pf])(\d+))?$/.exec(location.hash) || [];
  const name = views[view] ? view : 'summary',
    n = Number(number);
  const process = sort === 'p' && n >= 1 && n <= model.n ? n : 0;
  const file = sort === 'f' && n < model.paths.length ? n : -1;
  const changed = process !== current.process || file !== current.file;
  const switched = name !== current.view;
  Object.assign(current, {view: name, process, file});
  if (switched) {
    for (const [key, v] of Object.entries(views)) {
      v.element.hidden = key !== name;
      v.tab.setAttribute('aria-selected', String(key === name));
      v.tab.tabIndex = key === name ? 0 : -1;
    }
  }
  if (changed) details();
  if (switched) views[name].shown();
  if (changed || switched) views[name].selected(process);
}

function details() {
  const pane = byID('details'),
    {process, file} = current;
  pane.hidden = !process && file < 0;
  if (pane.hidden) return replace(byID('details-body'));
  byID('details-title').textContent = process ? 'Process' : 'File';
  replace(byID('details-body'), process ? processDetails(model, process) : fileDetails(model, file));
  byID('details-body').scrollTop = 0;
}

function addView(name, title, number, view) {
  const tab = el(
    'button',
    {type: 'button', role: 'tab', id: 'tab-' + name, 'aria-controls': 'view-' + name, click: () => show.view(name)},
    title,
    number == null ? null : el('span.tab-count', null, count(number))
  );
  view.element.id = 'view-' + name;
  view.element.hidden = true;
  view.element.setAttribute('role', 'tabpanel');
  view.element.setAttribute('aria-labelledby', tab.id);
  views[name] = Object.assign(view, {tab});
  byID('tabs').append(tab);
  byID('views').append(view.element);
}

function start() {
  const {how, tone} = verdict(model);
  document.title = (model.head.Command || 'recording') + ' – syd-trace';
  replace(byID('command'), model.head.Command || 'attached to ' + count(model.head.Attached, 'process', 'processes'));
  byID('command').title = model.head.Command;
  replace(byID('verdict'), el('span.status.' + tone, null, how), ' ', duration(model.head.Length));
  addView('summary', 'Summary', null, summaryView(model));
  addView('processes', 'Processes', model.n, treeView(model));
  addView('timeline', 'Timeline', null, timelineView(model));
  addView('files', 'Files', model.paths.length, filesView(model));
  addView('network', 'Network', model.net.length + model.names.length, networkView(model));
  const search = searchBox(model);
  byID('search').append(search.element);
  byID('details-close').addEventListener('click', () => go(current.view, 0, -1));
  byID('tabs').addEventListener('keydown', e => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[e.key],
      names = Object.keys(views);
    if (!step) return;
    const name = names[(names.indexOf(current.view) + step + names.length) % names.length];
    show.view(name);
    views[name].tab.focus();
  });
  document.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === '/' && !e.target.closest('input, textarea')) {
      e.preventDefault();
      search.input.focus();
      search.input.select();
    } else if (e.key === 'Escape' && !e.target.closest('input') && !byID('details').hidden) go(current.view, 0, -1);
  });
  addEventListener('hashchange', arrive);
  arrive();
  document.documentElement.dataset.ready = 'yes';
}

start();
