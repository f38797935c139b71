package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// tap sees every packet that arrives at far, whatever makes it: sockets of any kind, options that reroute, raw frames.
type tap struct{ file *os.File }

// tapWire starts it.
func (w *world) tapWire() error {
	t := &tap{}
	err := w.far.do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(bigEndian(unix.ETH_P_ALL)))
		if err != nil {
			return fmt.Errorf("open a packet socket: %w", err)
		}
		wire, err := net.InterfaceByName("wire")
		if err == nil {
			err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: wire.Index})
		}
		if err != nil {
			unix.Close(fd)
			return fmt.Errorf("listen on the wire: %w", err)
		}
		t.file = os.NewFile(uintptr(fd), "the wire")
		return nil
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	done := make(chan struct{})
	w.servers = append(w.servers, &server{w: w, closer: t.file, done: done})
	w.mu.Unlock()
	go func() {
		defer close(done)
		t.listen(w)
	}()
	return nil
}

func bigEndian(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

func (t *tap) listen(w *world) {
	conn, err := t.file.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 65536)
	for {
		n := 0
		var from unix.Sockaddr
		err := conn.Read(func(fd uintptr) bool {
			var err error
			n, from, err = unix.Recvfrom(int(fd), buf, 0)
			return !errors.Is(err, unix.EAGAIN)
		})
		if err != nil {
			return // closed
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		if !ok || link.Pkttype == unix.PACKET_OUTGOING || link.Pkttype == unix.PACKET_LOOPBACK {
			continue
		}
		p := packetOf(buf[:n])
		if p.port == markPort && w.isMark(p.payload) {
			continue
		}
		if !p.harmless() {
			w.heard("the wire carried %v", p)
		}
	}
}

// carried is a packet on the wire.
type carried struct {
	from, to netip.Addr
	protocol int
	port     uint16 // of TCP and UDP
	kind     byte   // of ICMP
	call     bool   // of TCP: it asks for a connection
	payload  []byte // of UDP
}

func (p carried) String() string {
	return fmt.Sprintf("protocol %d from %v to %v port %d", p.protocol, p.from, p.to, p.port)
}

// packetOf takes a packet apart. What is neither IPv4 nor IPv6 (ARP) is harmless.
func packetOf(b []byte) (p carried) {
	if len(b) < 20 {
		return p
	}
	head := int(b[0]&15) * 4
	switch {
	case b[0]>>4 == 4 && len(b) >= head:
		p.from, p.to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		p.protocol = int(b[9])
		b = b[head:min(len(b), int(binary.BigEndian.Uint16(b[2:])))]
	case b[0]>>4 == 6 && len(b) >= 40:
		p.from, p.to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		p.protocol = int(b[6])
		b = b[40:]
		if p.protocol == unix.IPPROTO_HOPOPTS && len(b) >= 8 && len(b) >= 8+int(b[1])*8 {
			p.protocol, b = int(b[0]), b[8+int(b[1])*8:] // reports of groups have a router alert
		}
	default:
		return p
	}
	switch {
	case (p.protocol == unix.IPPROTO_ICMP || p.protocol == unix.IPPROTO_ICMPV6) && len(b) > 0:
		p.kind = b[0]
	case len(b) >= 8:
		p.port = binary.BigEndian.Uint16(b[2:])
		p.payload = b[8:]
		const syn, ack = 2, 16
		p.call = p.protocol == unix.IPPROTO_TCP && len(b) > 13 && b[13]&(syn|ack) == syn
	}
	return p
}

// harmless says whether somebody may send this who may only reach the harmless place, or whether the kernel sent it.
func (p carried) harmless() bool {
	switch to := p.to.String(); {
	case !p.to.IsValid():
		return true
	case to == farProber || to == farProber6 || to == farProberScoped:
		return true // the accomplice says itself whether it got in
	case p.protocol == unix.IPPROTO_ICMPV6:
		return p.kind < 128 || p.kind >= 130 && p.kind <= 137 || p.kind == 143 // errors, neighbours, groups
	case p.protocol == unix.IPPROTO_ICMP:
		return p.kind == 0 || p.kind == 3
	case p.protocol == unix.IPPROTO_IGMP:
		return true
	case p.protocol == unix.IPPROTO_TCP && !p.call:
		return true // what comes after a call that did count, or did not
	case to == farDecoy || to == farDecoy6:
		return p.port == decoyPort
	}
	return false
}
