package talk

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Service is a name service that a socket talks to, which tells how what it says is read.
type Service uint8

// The services.
const (
	NoService    Service = iota
	DNSDatagrams         // port 53 by UDP
	DNSStream            // port 53 by TCP
	Nscd                 // the name service cache daemon
	Resolved             // systemd-resolved, by varlink
)

// Where the services of this machine are asked, as the kernel resolves it (/var/run is a link).
const (
	NscdSocket     = "/run/nscd/socket"
	nscdSocketOld  = "/var/run/nscd/socket"
	ResolvedSocket = "/run/systemd/resolve/io.systemd.Resolve"
)

// DomainPort is where resolvers are asked.
const DomainPort = 53

// ServiceOf tells which service is reached by an address. protocol is the socket's (SO_PROTOCOL).
func ServiceOf(a *access.Access, protocol int) Service {
	switch {
	case a.Addr.Path():
		switch string(a.Object.Path) {
		case NscdSocket, nscdSocketOld:
			return Nscd
		case ResolvedSocket:
			return Resolved
		}
	case !a.Addr.Inet() || a.Addr.Port != DomainPort:
	case protocol == unix.IPPROTO_UDP:
		return DNSDatagrams
	case protocol == unix.IPPROTO_TCP, protocol == unix.IPPROTO_MPTCP:
		return DNSStream
	}
	return NoService
}
