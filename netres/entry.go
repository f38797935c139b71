package netres

import (
	"bytes"
	"net/netip"
)

// inetEntry is a line of /proc/net/tcp, udp, udplite and those of IPv6 (proc(5)).
type inetEntry struct {
	ip     netip.Addr
	port   uint16
	state  uint64
	inode  uint64
	number []byte // the inode as it stands in the line
}

// parse reads "sl local:port remote:port st tx:rx tr:when retrnsmt uid timeout inode ...".
func (e *inetEntry) parse(line []byte) bool {
	var local, state []byte
	for i := range 10 {
		var field []byte
		if field, line = word(line); len(field) == 0 {
			return false
		}
		switch i {
		case 1:
			local = field
		case 3:
			state = field
		case 9:
			e.number = field
		}
	}
	var ok, ok2, ok3 bool
	e.state, ok = parseNumber(state, 16)
	e.inode, ok2 = parseNumber(e.number, 10)
	e.ip, e.port, ok3 = parseAddress(local)
	return ok && ok2 && ok3
}

// parseAddress reads an address as the kernel prints it: words of 32 bits in the machine's order, and a port.
func parseAddress(text []byte) (netip.Addr, uint16, bool) {
	at := bytes.IndexByte(text, ':')
	if at != 8 && at != 32 || len(text) != at+5 {
		return netip.Addr{}, 0, false
	}
	var raw [16]byte
	for i := 0; i < at; i += 8 {
		v, ok := parseNumber(text[i:i+8], 16)
		if !ok {
			return netip.Addr{}, 0, false
		}
		native.PutUint32(raw[i/2:], uint32(v))
	}
	port, ok := parseNumber(text[at+1:], 16)
	if at == 8 {
		return netip.AddrFrom4([4]byte(raw[:4])), uint16(port), ok
	}
	return netip.AddrFrom16(raw), uint16(port), ok
}

// unixEntry is a line of /proc/net/unix. A name may have any byte but NUL, so that a line may be one that a program has
// written into a name: such lines only ever add sockets.
type unixEntry struct {
	typ        int
	listens    bool
	inode      uint64
	number     []byte // the inode as it stands in the line
	unsafeName []byte
}

const acceptsConnections = 1 << 16 // __SO_ACCEPTCON of linux/net.h

// parse reads "Num: RefCount Protocol Flags Type St Inode Path".
func (e *unixEntry) parse(line []byte) bool {
	var fields [7][]byte
	for i := range fields {
		if fields[i], line = word(line); len(fields[i]) == 0 {
			return false
		}
	}
	flags, ok := parseNumber(fields[3], 16)
	typ, ok2 := parseNumber(fields[4], 16)
	e.listens, e.typ, e.number = flags&acceptsConnections != 0, int(typ), fields[6]
	var ok3 bool
	e.inode, ok3 = parseNumber(e.number, 10)
	if len(line) > 0 {
		e.unsafeName = line[1:] // one space and then the name, which may begin with more
	}
	return ok && ok2 && ok3 && typ < 16
}

// named says whether the name can be that abstract one.
func (e *unixEntry) named(abstract []byte) bool {
	if len(e.unsafeName) != 1+len(abstract) || e.unsafeName[0] != '@' {
		return false
	}
	for i, c := range abstract {
		if shown := e.unsafeName[1+i]; shown != c && !(c == 0 && shown == '@') {
			return false
		}
	}
	return true
}

// word cuts the first word off a line, without the spaces before it.
func word(line []byte) (field, rest []byte) {
	i := 0
	for i < len(line) && line[i] == ' ' {
		i++
	}
	j := i
	for j < len(line) && line[j] != ' ' {
		j++
	}
	return line[i:j], line[j:]
}

// parseNumber reads a number that is nothing but digits and fits.
func parseNumber(text []byte, base uint64) (uint64, bool) {
	if len(text) == 0 || len(text) > 19 || base == 16 && len(text) > 16 {
		return 0, false
	}
	var v uint64
	for _, c := range text {
		var digit uint64
		switch {
		case c >= '0' && c <= '9':
			digit = uint64(c - '0')
		case c >= 'A' && c <= 'F':
			digit = uint64(c-'A') + 10
		case c >= 'a' && c <= 'f':
			digit = uint64(c-'a') + 10
		default:
			return 0, false
		}
		if digit >= base {
			return 0, false
		}
		v = v*base + digit
	}
	return v, true
}
