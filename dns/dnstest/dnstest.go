// Package dnstest is a resolver, and the daemons that C libraries ask about names, for tests.
package dnstest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
)

// A Resolver answers a query, which came by TCP (stream) or by UDP, with a message; nil for none.
type Resolver func(query []byte, stream bool) []byte

// Datagrams answers what comes by UDP until conn is closed.
func (reply Resolver) Datagrams(conn net.PacketConn) {
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if msg := reply(buf[:n], false); msg != nil {
			_, _ = conn.WriteTo(msg, from)
		}
	}
}

// Stream answers what comes by TCP, where each message is preceded by its length (RFC 1035, 4.2.2), and closes c when
// its peer does.
func (reply Resolver) Stream(c net.Conn) {
	defer c.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		msg := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, msg); err != nil {
			return
		}
		msg = reply(msg, true)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)); err != nil {
			return
		}
	}
}

// What nscd is asked by getaddrinfo(3), the version of its protocol, and the address family of its answer.
const (
	nscdVersion  = 2
	nscdAddrInfo = 14 // GETAI
	inet         = 2  // AF_INET
)

// Nscd returns a name service cache daemon that has the names with this prefix at an IPv4 address, and neither shares
// its memory nor knows anything else. It answers one request of c.
func Nscd(prefix string, addr netip.Addr) func(c net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		var header [12]byte
		if _, err := io.ReadFull(c, header[:]); err != nil || binary.NativeEndian.Uint32(header[4:]) != nscdAddrInfo {
			return
		}
		name := make([]byte, binary.NativeEndian.Uint32(header[8:])%1024)
		if _, err := io.ReadFull(c, name); err != nil || !strings.HasPrefix(string(name), prefix) {
			return
		}
		var answer []byte
		for _, n := range []uint32{nscdVersion, 1, 1, 4, uint32(len(name)), 0} {
			answer = binary.NativeEndian.AppendUint32(answer, n)
		}
		answer = append(append(answer, addr.AsSlice()...), inet)
		_, _ = c.Write(append(answer, name...))
	}
}

// Resolved returns a systemd-resolved by which every name is at an IPv4 address. It answers one request of c.
func Resolved(addr netip.Addr) func(c net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		if _, err := bufio.NewReader(c).ReadBytes(0); err != nil {
			return
		}
		ip := addr.As4()
		fmt.Fprintf(c, `{"parameters":{"addresses":[{"ifindex":1,"family":2,"address":[%d,%d,%d,%d]}]}}`+"\x00",
			ip[0], ip[1], ip[2], ip[3])
	}
}
