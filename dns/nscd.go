package dns

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// The protocol of the name service cache daemon, as far as hosts go (glibc, nscd/nscd-client.h): a request is three
// 32-bit numbers (version, kind, length of the key) and the key, an answer begins with its own header for each kind.
// Numbers are in the machine's order; both are tried, as the version tells.
const nscdVersion = 2

// Kinds of requests.
const (
	nscdByName   = 4  // GETHOSTBYNAME
	nscdByName6  = 5  // GETHOSTBYNAMEv6
	nscdAddrInfo = 14 // GETAI
)

// NscdRequest returns the host name that a request to nscd is about, Normal; "" if it is about none. all says that it
// asks for the addresses of every family at once, which is answered in another format.
func NscdRequest(payload []byte) (name string, all bool) {
	order, ok := nscdOrder(payload)
	if !ok || len(payload) < 12 {
		return "", false
	}
	kind, size := order.Uint32(payload[4:]), order.Uint32(payload[8:])
	switch kind {
	case nscdByName, nscdByName6, nscdAddrInfo:
	default:
		return "", false
	}
	key := payload[12:]
	if uint64(size) < uint64(len(key)) {
		key = key[:size]
	}
	key, _, _ = bytes.Cut(key, []byte{0})
	return Normal(string(key)), kind == nscdAddrInfo
}

// NscdAnswer returns the addresses in the answer to a request for a host, which asked for all families or for one. What
// was not read to its end has none.
func NscdAnswer(payload []byte, all bool) []Address {
	order, ok := nscdOrder(payload)
	if !ok || len(payload) < 24 {
		return nil
	}
	field := func(i int) uint32 { return order.Uint32(payload[4*i:]) }
	if field(1) != 1 { // found
		return nil
	}
	if all {
		return nscdAddrInfos(payload, field)
	}
	return nscdHost(payload, field)
}

// nscdAddrInfos reads ai_response_header: version, found, naddrs, addrslen, canonlen, error; then the addresses, a byte
// with the family of each, and the name.
func nscdAddrInfos(payload []byte, field func(int) uint32) []Address {
	count, size := uint64(field(2)), uint64(field(3))
	rest := payload[24:]
	if count == 0 || count > addressesMax || size > 16*count || size+count > uint64(len(rest)) || field(5) != 0 {
		return nil
	}
	addrs, families := rest[:size], rest[size:size+count]
	var list []Address
	for _, family := range families {
		n := familySize(uint32(family))
		if n == 0 || n > len(addrs) {
			return nil
		}
		ip, _ := netip.AddrFromSlice(addrs[:n])
		list = append(list, Address{IP: ip.Unmap()})
		addrs = addrs[n:]
	}
	if len(addrs) != 0 {
		return nil
	}
	return list
}

// nscdHost reads hst_response_header: version, found, length of the name, number of aliases, family, length of an
// address, number of addresses, error; then the name, the lengths of the aliases, and the addresses.
func nscdHost(payload []byte, field func(int) uint32) []Address {
	if len(payload) < 32 {
		return nil
	}
	name, aliases, size, count := uint64(field(2)), uint64(field(3)), uint64(field(5)), uint64(field(6))
	rest := payload[32:]
	start := name + 4*aliases
	if uint64(familySize(field(4))) != size || size == 0 || count > addressesMax || field(7) != 0 ||
		start+size*count > uint64(len(rest)) {
		return nil
	}
	var list []Address
	for i := range count {
		ip, _ := netip.AddrFromSlice(rest[start+i*size : start+(i+1)*size])
		list = append(list, Address{IP: ip.Unmap()})
	}
	return list
}

// Address families of sys/socket.h.
const (
	afInet  = 2
	afInet6 = 10
)

// familySize is the length of an address.
func familySize(family uint32) int {
	switch family {
	case afInet:
		return 4
	case afInet6:
		return 16
	}
	return 0
}

// nscdOrder finds the byte order by the version that every message starts with.
func nscdOrder(payload []byte) (binary.ByteOrder, bool) {
	switch {
	case len(payload) < 4:
	case binary.LittleEndian.Uint32(payload) == nscdVersion:
		return binary.LittleEndian, true
	case binary.BigEndian.Uint32(payload) == nscdVersion:
		return binary.BigEndian, true
	}
	return nil, false
}
