package sandbox

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/policy"
	"sydbox/tracer"
	"sydbox/tracer/launch"
)

// traffic is what judging addresses needs. It belongs to the tracer's thread.
type traffic struct {
	owned  *owned
	names  *names
	decoys decoys
	// socket is what the present call is about; its FD is -1 where no copy can be had.
	socket deputy.Socket
	// beyond: a rule lets the tree reach beyond this machine. muffled: none does, and nobody there may be heard where the
	// kernel binds a socket because it sends.
	beyond, muffled bool
	// anyPort are sockets that were bound to a port of the kernel's choice, by inode: a rule about port 0 means them.
	anyPort map[uint64]bool
	// boundTo is where sockets were bound that cannot be copied, by inode, with the port that was asked for.
	boundTo map[uint64]netip.AddrPort
	// connected are such sockets of UDP that are connected, by inode.
	connected map[uint64]bool
	// enclosure is the tree's own network namespace, if it has one.
	enclosure launch.Network
}

// beginTraffic gets ready to judge addresses, on the tracer's thread.
func (b *box) beginTraffic(t *tracer.Task) (err error) {
	b.net.socket.FD = -1
	if !b.policy.PolicesNetwork() {
		return nil
	}
	if b.net.owned, err = newOwned(); err != nil {
		return err
	}
	if n := &b.net.enclosure; n.Applied {
		diag, route := n.Diag, n.Route
		n.Diag, n.Route = -1, -1
		if err := b.net.owned.enclose(t.TID, diag, route); err != nil {
			return err
		}
	}
	ours := func(ip netip.Addr) bool {
		local, err := b.net.owned.net.Local(ip, 0)
		return err == nil && local
	}
	b.net.names = b.newNames(ours)
	wildcard := access.Address{Family: unix.AF_INET, IP: wildcard4}
	bind := b.policy.Decide(&policy.Query{Op: access.Bind, Addr: &wildcard})
	b.net.beyond = b.policy.NetHull(policy.ConnectSection).Beyond != nil
	b.net.muffled = !b.net.beyond && (bind.Denied() || bind.Local)
	return nil
}

// anyPorts bounds how many sockets are remembered to have been bound to port 0.
const anyPorts = 1 << 16

// bound notes that a socket was bound to a port.
func (n *traffic) bound(inode uint64, port uint16) {
	if port != 0 {
		delete(n.anyPort, inode)
		return
	}
	if n.anyPort == nil || len(n.anyPort) >= anyPorts {
		n.anyPort = make(map[uint64]bool)
	}
	n.anyPort[inode] = true
}

func (n *traffic) close() {
	for _, fd := range []int{n.enclosure.Diag, n.enclosure.Route} {
		if n.enclosure.Applied && fd >= 0 {
			unix.Close(fd) // the start failed before anybody took it
		}
	}
	n.decoys.close()
	if n.owned != nil {
		_ = n.owned.close() // nothing was written
	}
}

// enclosed is told what came of the tree's network namespace, on the tracer's thread and before Birth.
func (b *box) enclosed(n launch.Network) {
	b.net.enclosure = n
	b.inForce.Network = n.Applied
	b.carrier.options.UserNamespaces = b.carrier.options.UserNamespaces || n.User
}

// networkLevel is how much a network namespace is wanted. With WarnOnly everything happens.
func networkLevel(c *Cmd) launch.Level {
	level, obstacle := c.Policy.NetworkNamespace()
	switch {
	case c.Mode == WarnOnly || obstacle != nil:
		return launch.Off
	case level == "required":
		return launch.Required
	case level == "preferred":
		return launch.Preferred
	}
	return launch.Off
}

// dropped are the capabilities that the tree goes without: who has them changes where addresses lead, or sends packets
// that no call on a socket announces.
func dropped(c *Cmd) uint64 {
	if c.Mode == WarnOnly || !c.Policy.PolicesNetwork() || c.Policy.Lifted("net_admin") {
		return 0
	}
	return 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW
}
