package sandbox

import (
	"sydbox/access"
	"sydbox/event"
)

// addressOf tells which address a denial is about.
func (b *box) addressOf(d *event.Denial, a *access.Access) {
	n := &b.net
	d.Address = a.Addr.String()
	if a.Addr.Path() {
		d.Address = "unix:" + d.Path
	}
	d.Protocol = n.socket.ProtocolName()
	if n.names != nil && a.Addr.Inet() && !a.Addr.IP.IsLoopback() {
		d.Host = n.names.likely(a.Addr.IP)
	}
}
