// List shows any number of rows of one height, of which only those in sight exist. It is one stop of the Tab key; arrow
// keys move the current row, Enter opens it.

let lists = 0;

class List {
  // options: role of the whole ("listbox", "tree", "grid"), rowRole, height of a row, label, draw(index) returns the
  // row element, open(index, event), key(event, index) returns true if it took a key.
  constructor(options) {
    this.options = {height: 26, role: 'listbox', rowRole: 'option', ...options};
    this.id = 'list' + ++lists;
    this.count = 0;
    this.current = -1;
    this.body = el('div.list-body', {role: 'presentation'});
    this.element = el(
      'div.list',
      {
        tabindex: '0',
        role: this.options.role,
        'aria-label': this.options.label,
        scroll: () => this.draw(),
        keydown: e => this.key(e),
        click: e => this.click(e),
      },
      this.body
    );
    this.shown = [0, 0];
    new ResizeObserver(() => this.draw(true)).observe(this.element);
  }

  set(count, current = -1) {
    this.count = count;
    this.current = current;
    this.body.style.height = count * this.options.height + 'px';
    this.element.classList.toggle('empty', !count);
    this.draw(true);
  }

  draw(force) {
    const height = this.options.height,
      top = this.element.scrollTop,
      room = this.element.clientHeight;
    const first = Math.max(0, Math.floor(top / height) - 4);
    const last = Math.min(this.count, Math.ceil((top + room) / height) + 4);
    if (!force && first === this.shown[0] && last === this.shown[1]) return;
    this.shown = [first, last];
    const rows = document.createDocumentFragment();
    for (let i = first; i < last; i++) {
      const row = this.options.draw(i);
      row.classList.add('row');
      row.style.top = i * height + 'px';
      row.style.height = height + 'px';
      row.id = this.id + '-' + i;
      row.setAttribute('role', this.options.rowRole);
      row.setAttribute('aria-setsize', this.count);
      row.setAttribute('aria-posinset', i + 1);
      row.setAttribute('aria-selected', String(i === this.current));
      row.dataset.index = i;
      rows.append(row);
    }
    this.body.replaceChildren(rows);
    if (this.current >= 0) this.element.setAttribute('aria-activedescendant', this.id + '-' + this.current);
    else this.element.removeAttribute('aria-activedescendant');
  }

  // go makes a row the current one and brings it into sight.
  go(index, center) {
    if (!this.count) return;
    this.current = Math.max(0, Math.min(this.count - 1, index));
    const height = this.options.height,
      e = this.element,
      top = this.current * height;
    if (center && (top < e.scrollTop || top + height > e.scrollTop + e.clientHeight)) {
      e.scrollTop = top - e.clientHeight / 2;
    } else if (top < e.scrollTop) {
      e.scrollTop = top;
    } else if (top + height > e.scrollTop + e.clientHeight) {
      e.scrollTop = top + height - e.clientHeight;
    }
    this.draw(true);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== this.element) return;
    if (this.options.key && this.options.key(event, this.current)) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.options.height) - 1);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count};
    if (event.key in steps) this.go(this.current + steps[event.key]);
    else if (event.key === 'Enter' && this.current >= 0) this.options.open(this.current, event);
    else return;
    event.preventDefault();
  }

  click(event) {
    const row = event.target.closest('.row');
    if (!row || !this.body.contains(row)) return;
    const index = Number(row.dataset.index);
    if (this.options.click && this.options.click(event, index)) return;
    if (event.target.closest('button, a')) return;
    this.go(index);
    this.options.open(index, event);
  }
}
