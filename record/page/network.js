// The view of the network: which addresses were reached or tried, which names were asked for.

function networkView(m) {
  const s = i => m.strings[i];
  const cell = text => el('td', null, el('bdi', null, text));
  const table = (label, heads, rows) =>
    el(
      'table',
      {'aria-label': label},
      el(
        'thead',
        null,
        el(
          'tr',
          null,
          heads.map(h => el('th', {scope: 'col'}, h))
        )
      ),
      el('tbody', null, rows)
    );
  const result = errno =>
    !errno
      ? el('span.status.good', null, 'ok')
      : errno === 'EINPROGRESS'
        ? el('span.status.open', {title: 'The connection was begun; it was not waited for.'}, 'begun')
        : el('span.status.bad', null, errno);

  const reached = m.net.map(([at, id, op, address, protocol, host, errno, times, denied]) =>
    el(
      'tr',
      null,
      el('td.num', null, moment(at, 1e4)),
      cell(s(op)),
      el('td.mono', null, el('bdi', null, s(address))),
      cell(s(protocol)),
      cell(s(host)),
      el('td', null, result(s(errno)), denied ? el('span.status.bad', {title: s(denied)}, 'denied') : null),
      el('td.num', null, times > 1 ? count(times) : ''),
      el('td', null, procButton(m, id))
    )
  );
  const asked = m.names.map(([at, id, host, server, addresses]) =>
    el(
      'tr',
      null,
      el('td.num', null, moment(at, 1e4)),
      el('td.mono', null, el('bdi', null, s(host))),
      cell(s(server)),
      el('td.mono', null, addresses.length ? addresses.map(a => el('div', null, s(a))) : 'no answer seen'),
      el('td', null, procButton(m, id))
    )
  );

  return {
    element: el(
      'section.view.network-view',
      {tabindex: '-1'},
      !reached.length && !asked.length
        ? el('p.nothing', null, 'No socket was connected, bound or sent from, and no name was asked for.')
        : null,
      reached.length
        ? [
            el('h2', null, 'Addresses'),
            table(
              'Addresses',
              ['When', 'What', 'Address', 'Protocol', 'Name', 'Result', 'Times', 'Process'],
              reached
            ),
          ]
        : null,
      asked.length
        ? [el('h2', null, 'Names asked for'), table('Names', ['When', 'Name', 'Asked', 'Answer', 'Process'], asked)]
        : null
    ),
    focus: () => {},
    shown: () => {},
    selected: () => {},
  };
}
