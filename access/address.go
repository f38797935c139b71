package access

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"syscall"

	"sydbox/arch"
)

// Address is where a socket call leads, as the call gave it and as the kernel will take it. A call that gives none
// has the zero value: listen(2), and sending to whom a socket is connected to.
type Address struct {
	// Family is AF_UNIX, AF_INET, AF_INET6 or another of sys/socket.h; 0 for no address, and for an AF_UNSPEC that reaches
	// nobody: that of connect(2) dissolves a connection.
	Family uint16
	// IP is the host of an internet address. An IPv4-mapped IPv6 address is the IPv4 address that the kernel takes it for;
	// the unspecified address of a call that reaches out is one of this machine's (see Access.On).
	IP netip.Addr
	// Port is in host order.
	Port uint16
	// Zone is the interface of a link-local IPv6 address by its index, 0 if the call names none.
	Zone uint32
	// Abstract is the name of an abstract unix socket without the NUL before it (unix(7)): bytes, of which NUL may be one.
	// nil for others; there is an abstract name of no bytes. Valid until the Accesses is used again.
	Abstract []byte
	// Unnamed is a unix address without a name: bind(2) makes up an abstract one.
	Unnamed bool
	// Raw is the whole address in a copy that nobody else can change: what whoever does the call gives the kernel. It is
	// as the tracee gave it, but for what the kernel would have to read something into: the unspecified address and
	// AF_UNSPEC of calls that reach out are replaced by what was judged. nil if the call gives no address, empty if it
	// gives one of no bytes. Valid until the Accesses is used again.
	Raw []byte

	given given
}

// given is what the tracee wrote where Raw has what the kernel takes it for.
type given uint8

const (
	unspecifiedIP     given = 1 << iota // 0.0.0.0, :: or ::ffff:0.0.0.0
	unspecifiedFamily                   // AF_UNSPEC
)

// Families of sys/socket.h. They are the same on every machine.
const (
	afUnspec = 0
	afUnix   = 1
	afInet   = 2
	afInet6  = 10
)

// Path says whether the address is the path of a unix socket, which is then the Name of the Access.
func (a *Address) Path() bool {
	return a.Family == afUnix && a.Abstract == nil && !a.Unnamed
}

// Inet says whether the address is one of the internet.
func (a *Address) Inet() bool { return a.Family == afInet || a.Family == afInet6 }

const (
	sunPath     = 2   // offset of sun_path: the family comes first
	sunSize     = 110 // sizeof(struct sockaddr_un)
	storageSize = 128 // sizeof(struct sockaddr_storage): the kernel reads no longer address

	sinPort     = 2  // offset of sin_port and of sin6_port, in network byte order
	sinAddr     = 4  // offset of sin_addr
	sinSize     = 16 // sizeof(struct sockaddr_in)
	sin6Addr    = 8  // offset of sin6_addr
	sin6Scope   = 24 // offset of sin6_scope_id, in the machine's byte order
	sin6Size    = 28 // sizeof(struct sockaddr_in6)
	sin6Rfc2133 = 24 // SIN6_LEN_RFC2133: without sin6_scope_id
)

// readAddress reads a socket address. It is the kernel's move_addr_to_kernel (net/socket.c): EINVAL for a length that
// is negative or too long, EFAULT for memory that cannot be read.
func (d *describer) readAddress(addr uint64, length int32, a *Address) syscall.Errno {
	if length < 0 || length > storageSize {
		return syscall.EINVAL
	}
	a.Raw = d.out.addr[:length]
	if length == 0 {
		return 0
	}
	return d.mem.Read(addr, a.Raw)
}

// parse reads what is in Raw. out says that the address is one to reach, not one to take. EINVAL is what sockets of the
// internet and of unix answer to an address that is too short for it.
func (a *Address) parse(abi *arch.ABI, out bool) syscall.Errno {
	if len(a.Raw) < sunPath {
		return syscall.EINVAL
	}
	switch family := getUint16(abi, a.Raw); family {
	case afUnix:
		return a.parseUnix(out)
	case afInet:
		return a.parseInet(out)
	case afInet6:
		return a.parseInet6(abi, out)
	default:
		a.Family = family
		return 0
	}
}

// parseUnix: the length counts, not a NUL (unix(7), "Pathname sockets"; unix_validate_addr in net/unix/af_unix.c). Only
// bind(2) takes an address without a name.
func (a *Address) parseUnix(out bool) syscall.Errno {
	name := a.Raw[sunPath:]
	switch {
	case len(a.Raw) > sunSize, len(name) == 0 && out:
		return syscall.EINVAL
	case len(name) == 0:
		a.Unnamed = true
	case name[0] == 0:
		a.Abstract = name[1:]
	}
	a.Family = afUnix
	return 0
}

// unixPath is the path of a unix address, up to the first NUL.
func (a *Address) unixPath() []byte {
	if len(a.Raw) < sunPath {
		return nil
	}
	path := a.Raw[sunPath:]
	if i := bytes.IndexByte(path, 0); i >= 0 {
		return path[:i]
	}
	return path
}

func (a *Address) parseInet(out bool) syscall.Errno {
	if len(a.Raw) < sinSize {
		return syscall.EINVAL
	}
	a.Family = afInet
	a.Port = binary.BigEndian.Uint16(a.Raw[sinPort:])
	a.IP = netip.AddrFrom4([4]byte(a.Raw[sinAddr:]))
	a.reach(out)
	return 0
}

func (a *Address) parseInet6(abi *arch.ABI, out bool) syscall.Errno {
	if len(a.Raw) < sin6Rfc2133 {
		return syscall.EINVAL
	}
	a.Family = afInet6
	a.Port = binary.BigEndian.Uint16(a.Raw[sinPort:])
	a.IP = netip.AddrFrom16([16]byte(a.Raw[sin6Addr:])).Unmap()
	if len(a.Raw) >= sin6Size && zoned(a.IP) {
		a.Zone = getUint32(abi, a.Raw[sin6Scope:])
	}
	a.reach(out)
	return 0
}

// parseUnspec reads the AF_UNSPEC of calls that take it for an IPv4 address: sending a datagram (udp_sendmsg in
// net/ipv4/udp.c; but see Access.On), and binding (__inet_bind in net/ipv4/af_inet.c). Sockets of other families refuse
// it.
func (a *Address) parseUnspec(abi *arch.ABI, out bool) syscall.Errno {
	if errno := a.parseInet(out); errno != 0 || !out {
		return errno
	}
	// A raw IPv6 socket would take it for an IPv6 address (rawv6_sendmsg in net/ipv6/raw.c): what was judged is said.
	a.given |= unspecifiedFamily
	a.Raw = a.Raw[:sinSize]
	putUint16(abi, a.Raw, afInet)
	return 0
}

// zoned says whether an IPv6 address means one thing on each interface (__ipv6_addr_needs_scope_id in net/ipv6.h).
func zoned(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() && !ip.Is4() || ip.IsLinkLocalMulticast() && !ip.Is4() || ip.IsInterfaceLocalMulticast()
}

var (
	loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	loopback6 = netip.IPv6Loopback()
)

// reach says which address is reached by the unspecified one: the loopback address (tcp_v6_connect in
// net/ipv6/tcp_ipv6.c, ip_route_output_key_hash_rcu in net/ipv4/route.c).
func (a *Address) reach(out bool) {
	if !out || !a.IP.IsUnspecified() {
		return
	}
	a.given |= unspecifiedIP
	if a.IP.Is4() {
		a.setIP(loopback4)
	} else {
		a.setIP(loopback6)
	}
}

// setIP changes the host, in Raw as well.
func (a *Address) setIP(ip netip.Addr) {
	a.IP = ip
	switch {
	case a.Family == afInet6:
		b := ip.As16() // IPv4-mapped for an IPv4 address
		copy(a.Raw[sin6Addr:], b[:])
	default:
		b := ip.As4()
		copy(a.Raw[sinAddr:], b[:])
	}
}

// Depends says whether an address means another thing on some sockets, so that On must be asked.
func (a *Address) Depends() bool { return a.given != 0 }

// On says more about the address of an access that reaches out, once the socket is known that the call is made on:
// its family (AF_*) and the local address that it is bound to, the zero Addr or an unspecified one if it is to none.
// Without it what was judged holds as well, but is not in all rare cases what the kernel would have done by itself:
//
//   - An IPv6 socket takes AF_UNSPEC for no address: it sends to whom it is connected to (udpv6_sendmsg in
//     net/ipv6/udp.c).
//   - The unspecified address reaches the address that the socket is bound to. Of an IPv6 socket that holds for
//     IPv4-mapped addresses; :: is ::1, or ::ffff:127.0.0.1 if the socket is bound to an IPv4-mapped one.
func (a *Access) On(domain int, local netip.Addr) {
	addr := &a.Addr
	if a.Op&Connect == 0 {
		return
	}
	if addr.given&unspecifiedFamily != 0 && domain == afInet6 {
		a.Op, a.Addr = 0, Address{}
		return
	}
	if addr.given&unspecifiedIP == 0 || !local.IsValid() || local.IsUnspecified() {
		return
	}
	switch mapped := local.Unmap().Is4(); {
	case addr.IP.Is4() && mapped:
		addr.setIP(local.Unmap())
	case addr.IP.Is6() && mapped:
		addr.setIP(loopback4)
	}
}
