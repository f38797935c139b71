// Which processes the tree shows, and in which order. Nothing here touches the page.

// visible lists the processes of the tree with their depth, as far as they are open. With a test, only those that pass
// and their ancestors are there, all of them open.
function visible(m, open, test) {
  let keep = null;
  if (test) {
    keep = new Uint8Array(m.n + 1);
    for (let id = m.n; id >= 1; id--) {
      if (keep[id] || test(id)) {
        keep[id] |= test(id) ? 2 : 1;
        keep[m.parent[id]] |= 1;
      }
    }
  }
  const list = [],
    stack = [];
  const push = (id, depth) => {
    const children = m.children[id];
    for (let i = children.length - 1; i >= 0; i--) {
      if (!keep || keep[children[i]]) stack.push([children[i], depth]);
    }
  };
  push(0, 0);
  while (stack.length) {
    const [id, depth] = stack.pop();
    list.push({id, depth, hit: !keep || (keep[id] & 2) > 0});
    if (keep ? true : open.has(id)) push(id, depth + 1);
  }
  return list;
}

// opened chooses what is open at first: as many whole levels as fit some rows, and the way to what failed last.
function opened(m, room) {
  const open = new Set();
  let level = m.children[0],
    rows = level.length;
  while (level.length) {
    const next = [];
    for (const id of level) for (const c of m.children[id]) next.push(c);
    if (!next.length || rows + next.length > room) break;
    for (const id of level) if (m.children[id].length) open.add(id);
    rows += next.length;
    level = next;
  }
  for (const id of blamed(m)) open.add(id);
  return open;
}

// blamed is the chain of failures from the command downwards: of each process the last child that failed.
function blamed(m) {
  const list = [];
  let id = m.n ? 1 : 0;
  while (id && failed(m, id)) {
    list.push(id);
    id = m.children[id].findLast(c => failed(m, c)) || 0;
  }
  return list;
}
