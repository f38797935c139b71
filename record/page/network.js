// The view of the network: which addresses were reached or tried, which names were asked for.

function networkView(m) {
  const s = i => m.strings[i];
  const text = (name, value) => el('span.' + name, {title: value}, el('bdi', null, value));

  function result(errno, denied) {
    if (denied) return el('span.status.bad', {title: denied}, 'denied');
    if (!errno) return el('span.status.good', null, 'ok');
    if (errno !== 'EINPROGRESS') return el('span.status.bad', null, errno);
    return el('span.status.open', {title: 'The connection was begun; it was not waited for.'}, 'begun');
  }

  function table(title, head, count, row, id) {
    const list = new List({label: title, draw: row, open: i => show.process(id(i))});
    list.set(count);
    return [
      el('h2', null, title),
      el(
        'div.head.net',
        {'aria-hidden': 'true'},
        head.map(([name, title]) => el('span.' + name, null, title))
      ),
      list.element,
    ];
  }

  const reached = i => {
    const [at, id, op, address, protocol, host, errno, times, denied] = m.net[i];
    return el(
      'div.net',
      null,
      text('when-at', moment(at, 1e4)),
      text('op', s(op)),
      text('address', s(address)),
      text('op', s(protocol)),
      text('host', s(host)),
      el('span.result', null, result(s(errno), s(denied))),
      el('span.num', null, times > 1 ? '×' + count(times) : ''),
      el('span.by', null, procButton(m, id))
    );
  };
  const asked = i => {
    const [at, id, host, server, addresses] = m.names[i];
    return el(
      'div.net',
      null,
      text('when-at', moment(at, 1e4)),
      text('address', s(host)),
      text('host', s(server)),
      text('address', addresses.map(s).join(', ') || 'no answer seen'),
      el('span.by', null, procButton(m, id))
    );
  };

  const addressHead = [
    ['when-at', 'When'],
    ['op', 'What'],
    ['address', 'Address'],
    ['op', 'Protocol'],
    ['host', 'Name'],
    ['result', 'Result'],
    ['num', ''],
    ['by', 'Process'],
  ];
  const nameHead = [
    ['when-at', 'When'],
    ['address', 'Name'],
    ['host', 'Asked'],
    ['address', 'Answer'],
    ['by', 'Process'],
  ];
  return {
    element: el(
      'section.view.network-view',
      null,
      m.net.length + m.names.length
        ? null
        : el('p.nothing', null, 'No socket was connected, bound or sent from, and no name was asked for.'),
      m.net.length ? table('Addresses', addressHead, m.net.length, reached, i => m.net[i][1]) : null,
      m.names.length ? table('Names asked for', nameHead, m.names.length, asked, i => m.names[i][1]) : null
    ),
    focus: () => {},
    shown: () => {},
    selected: () => {},
  };
}
