package access

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"sydbox/arch"
)

// order is the byte order of an ABI, for tests that write structures as its programs would.
func order(abi *arch.ABI) interface {
	binary.AppendByteOrder
	binary.ByteOrder
} {
	if abi.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// sockaddr writes a socket address: the family, and what follows it.
func sockaddr(abi *arch.ABI, family uint16, rest string) []byte {
	return append(order(abi).AppendUint16(nil, family), rest...)
}

// sin is a struct sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)).
func sin(abi *arch.ABI, host string, port int, scope uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(port))
	ip := netip.MustParseAddr(host)
	if ip.Is4() {
		b = append(append(b, ip.AsSlice()...), make([]byte, 8)...)
		return sockaddr(abi, 2, string(b))
	}
	b = append(append(b, 0xff, 0xff, 0xff, 0xff), ip.AsSlice()...)
	return sockaddr(abi, 10, string(order(abi).AppendUint32(b, uint32(scope))))
}

// abis are one ABI of each layout.
var abis = []*arch.ABI{arch.X86_64, arch.X32, arch.I386, arch.ARM, arch.AArch64, arch.S390X, arch.PPC, arch.MIPS,
	arch.MIPS64, arch.PPC64LE, arch.RISCV64}

// addressCases say what an address means to each of the calls that take one: the operation and the address as a rule
// writes it, or an errno.
var addressCases = []struct {
	name                string
	make                func(*arch.ABI) []byte
	length              int // -1: all of it
	bind, connect, send string
}{
	{"nothing", raw(""), 0, "EINVAL", "EINVAL", "none nobody"},
	{"half a family", raw("\x02"), 1, "EINVAL", "EINVAL", "EINVAL"},

	{"inet", inet("1.2.3.4", 443), -1, "bind 1.2.3.4:443", "connect 1.2.3.4:443", "connect 1.2.3.4:443"},
	{"inet port 0", inet("127.0.0.1", 0), -1, "bind 127.0.0.1:0", "connect 127.0.0.1:0", "connect 127.0.0.1:0"},
	{"inet port 65535", inet("255.255.255.255", 65535), -1, "bind 255.255.255.255:65535",
		"connect 255.255.255.255:65535", "connect 255.255.255.255:65535"},
	{"inet unspecified", inet("0.0.0.0", 80), -1, "bind 0.0.0.0:80", "connect 127.0.0.1:80", "connect 127.0.0.1:80"},
	{"inet of 2", inet("1.2.3.4", 443), 2, "EINVAL", "EINVAL", "EINVAL"},
	{"inet of 8", inet("1.2.3.4", 443), 8, "EINVAL", "EINVAL", "EINVAL"},
	{"inet of 15", inet("1.2.3.4", 443), 15, "EINVAL", "EINVAL", "EINVAL"},
	{"inet of 128", longer(inet("1.2.3.4", 443), 128), -1, "bind 1.2.3.4:443", "connect 1.2.3.4:443",
		"connect 1.2.3.4:443"},
	{"inet of 129", longer(inet("1.2.3.4", 443), 129), -1, "EINVAL", "EINVAL", "EINVAL"},
	{"inet of INT_MIN", inet("1.2.3.4", 443), -1 << 31, "EINVAL", "EINVAL", "EINVAL"},

	{"inet6", inet6("2001:db8::1", 53, 0), -1, "bind [2001:db8::1]:53", "connect [2001:db8::1]:53",
		"connect [2001:db8::1]:53"},
	{"inet6 of 23", inet6("2001:db8::1", 53, 0), 23, "EINVAL", "EINVAL", "EINVAL"},
	{"inet6 of 24", inet6("fe80::1", 53, 2), 24, "bind [fe80::1]:53", "connect [fe80::1]:53", "connect [fe80::1]:53"},
	{"inet6 of 27", inet6("fe80::1", 53, 2), 27, "bind [fe80::1]:53", "connect [fe80::1]:53", "connect [fe80::1]:53"},
	{"inet6 of 28", inet6("fe80::1", 53, 2), 28, "bind [fe80::1%2]:53", "connect [fe80::1%2]:53",
		"connect [fe80::1%2]:53"},
	{"a zone of 32 bits", inet6("fe80::1", 53, 0xfffffffe), -1, "bind [fe80::1%4294967294]:53",
		"connect [fe80::1%4294967294]:53", "connect [fe80::1%4294967294]:53"},
	{"a zone of multicast", inet6("ff02::fb", 5353, 3), -1, "bind [ff02::fb%3]:5353", "connect [ff02::fb%3]:5353",
		"connect [ff02::fb%3]:5353"},
	{"a zone that is ignored", inet6("2001:db8::1", 53, 2), -1, "bind [2001:db8::1]:53", "connect [2001:db8::1]:53",
		"connect [2001:db8::1]:53"},
	{"inet6 loopback", inet6("::1", 80, 0), -1, "bind [::1]:80", "connect [::1]:80", "connect [::1]:80"},
	{"inet6 unspecified", inet6("::", 80, 0), -1, "bind [::]:80", "connect [::1]:80", "connect [::1]:80"},
	{"mapped", inet6("::ffff:10.0.0.1", 80, 7), -1, "bind 10.0.0.1:80", "connect 10.0.0.1:80", "connect 10.0.0.1:80"},
	{"mapped unspecified", inet6("::ffff:0.0.0.0", 80, 0), -1, "bind 0.0.0.0:80", "connect 127.0.0.1:80",
		"connect 127.0.0.1:80"},
	{"nearly mapped", inet6("::fffe:10.0.0.1", 80, 0), -1, "bind [::fffe:a00:1]:80", "connect [::fffe:a00:1]:80",
		"connect [::fffe:a00:1]:80"},
	{"compatible", inet6("::10.0.0.1", 80, 0), -1, "bind [::a00:1]:80", "connect [::a00:1]:80", "connect [::a00:1]:80"},

	{"unspec", raw("\x00\x00"), -1, "EINVAL", "none family:unspec", "none family:unspec"},
	{"unspec of 15", raw("\x00\x00\x00\x50\x01\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00"), -1, "EINVAL",
		"none family:unspec", "none family:unspec"},
	{"unspec of 16", raw("\x00\x00\x00\x50\x01\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00\x00"), -1, "bind 1.2.3.4:80",
		"none family:unspec", "connect 1.2.3.4:80"},
	{"unspec any", raw(strings.Repeat("\x00", 28)), -1, "bind 0.0.0.0:0", "none family:unspec", "connect 127.0.0.1:0"},

	{"unix", un("/run/x"), -1, `create|bind "/run/x" create EADDRINUSE`, `connect "/run/x" follow ECONNREFUSED`,
		`connect "/run/x" follow ECONNREFUSED`},
	{"unix with NUL", un("sock\x00more"), -1, `create|bind "sock" create EADDRINUSE`, `connect "sock" follow`,
		`connect "sock" follow`},
	{"unix relative of 1", un("missing"), 3, `create|bind "m" create EADDRINUSE`, `connect "m" follow ECONNREFUSED`,
		`connect "m" follow ECONNREFUSED`},
	{"unix of 107 and NUL", un("sock" + strings.Repeat("x", 103) + "\x00"), -1,
		`create|bind "sock` + strings.Repeat("x", 103) + `" create EADDRINUSE`,
		`connect "sock` + strings.Repeat("x", 103) + `" follow`, `connect "sock` + strings.Repeat("x", 103) + `" follow`},
	{"unix of 108 without NUL", un("sock" + strings.Repeat("x", 104)), -1,
		`create|bind "sock` + strings.Repeat("x", 104) + `" create EADDRINUSE`,
		`connect "sock` + strings.Repeat("x", 104) + `" follow`, `connect "sock` + strings.Repeat("x", 104) + `" follow`},
	{"unix of 109", un(strings.Repeat("x", 109)), -1, "EINVAL", "EINVAL", "EINVAL"},
	{"unix unnamed", un(""), -1, "bind abstract:", "EINVAL", "EINVAL"},
	{"abstract of no bytes", un("\x00"), -1, "bind abstract:", "connect abstract:", "connect abstract:"},
	{"abstract", un("\x00name"), -1, "bind abstract:name", "connect abstract:name", "connect abstract:name"},
	{"abstract with NULs", un("\x00a\x00/\xff\x00"), -1, "bind abstract:a\x00/\xff\x00", "connect abstract:a\x00/\xff\x00",
		"connect abstract:a\x00/\xff\x00"},
	{"abstract of 107", un("\x00" + strings.Repeat("x", 107)), -1, "bind abstract:" + strings.Repeat("x", 107),
		"connect abstract:" + strings.Repeat("x", 107), "connect abstract:" + strings.Repeat("x", 107)},
	{"abstract of 108", un("\x00" + strings.Repeat("x", 108)), -1, "EINVAL", "EINVAL", "EINVAL"},

	{"netlink", other(16, 12), -1, "bind family:netlink", "connect family:netlink", "connect family:netlink"},
	{"packet", other(17, 20), -1, "bind family:packet", "connect family:packet", "connect family:packet"},
	{"vsock", other(40, 16), -1, "bind family:vsock", "connect family:vsock", "connect family:vsock"},
	{"no family", other(0xffff, 2), -1, "bind family:65535", "connect family:65535", "connect family:65535"},
	{"inet of the other byte order", other(0x0200, 16), -1, "bind family:512", "connect family:512", "connect family:512"},
}

func raw(b string) func(*arch.ABI) []byte { return func(*arch.ABI) []byte { return []byte(b) } }

func inet(host string, port int) func(*arch.ABI) []byte {
	return func(abi *arch.ABI) []byte { return sin(abi, host, port, 0) }
}

func inet6(host string, port int, scope uint32) func(*arch.ABI) []byte {
	return func(abi *arch.ABI) []byte { return sin(abi, host, port, scope) }
}

func un(path string) func(*arch.ABI) []byte {
	return func(abi *arch.ABI) []byte { return sockaddr(abi, 1, path) }
}

func other(family uint16, size int) func(*arch.ABI) []byte {
	return func(abi *arch.ABI) []byte { return sockaddr(abi, family, strings.Repeat("\x00", size-2)) }
}

func longer(of func(*arch.ABI) []byte, size int) func(*arch.ABI) []byte {
	return func(abi *arch.ABI) []byte { return append(of(abi), make([]byte, size)...)[:size] }
}

// described is what Describe says, as text.
func described(out *Accesses, errno syscall.Errno) string {
	if errno != 0 {
		return errnoName(errno)
	}
	return text(out)
}

func TestAddresses(t *testing.T) {
	var out Accesses
	for _, c := range addressCases {
		for _, abi := range abis {
			b := c.make(abi)
			length := c.length
			if length == -1 {
				length = len(b)
			}
			for _, x := range []struct {
				call string
				args []any
				want string
			}{
				{"bind", []any{3, b, length}, c.bind},
				{"connect", []any{3, b, length}, c.connect},
				{"sendto", []any{3, 0, 0, 0, b, length}, c.send},
			} {
				inv, mem := call(t, abi, x.call, x.args...)
				if got := described(&out, Describe(inv, mem, &fakeResolver{}, &out)); got != x.want {
					t.Errorf("%s %s %s:\n got  %s\n want %s", abi, x.call, c.name, got, x.want)
				}
			}
		}
	}
}

// TestRaw: what is handed on is what the tracee gave, but where the kernel would have to read something into it.
func TestRaw(t *testing.T) {
	for _, c := range []struct {
		call string
		give []byte
		want []byte
	}{
		{"connect", sin(arch.X86_64, "1.2.3.4", 5, 0), sin(arch.X86_64, "1.2.3.4", 5, 0)},
		{"connect", sin(arch.X86_64, "0.0.0.0", 5, 0), sin(arch.X86_64, "127.0.0.1", 5, 0)},
		{"connect", sin(arch.X86_64, "::", 5, 0), sin(arch.X86_64, "::1", 5, 0)},
		{"connect", sin(arch.X86_64, "::ffff:0.0.0.0", 5, 0), sin(arch.X86_64, "::ffff:127.0.0.1", 5, 0)},
		{"connect", sin(arch.X86_64, "fe80::1", 5, 9), sin(arch.X86_64, "fe80::1", 5, 9)},
		{"connect", make([]byte, 28), make([]byte, 28)},
		{"bind", sin(arch.X86_64, "0.0.0.0", 5, 0), sin(arch.X86_64, "0.0.0.0", 5, 0)},
		{"bind", sin(arch.X86_64, "::", 5, 0), sin(arch.X86_64, "::", 5, 0)},
		{"bind", make([]byte, 28), make([]byte, 28)},
		{"bind", []byte("\x01\x00"), []byte("\x01\x00")},
		{"sendto", sin(arch.X86_64, "::", 5, 0), sin(arch.X86_64, "::1", 5, 0)},
		{"sendto", []byte("\x00\x00\x00\x05\x01\x02\x03\x0412345678more"),
			[]byte("\x02\x00\x00\x05\x01\x02\x03\x0412345678")},
		{"sendto", make([]byte, 16), sin(arch.X86_64, "127.0.0.1", 0, 0)},
		{"sendto", []byte{}, []byte{}},
		{"connect", []byte("\x01\x00\x00a\x00b"), []byte("\x01\x00\x00a\x00b")},
		{"connect", []byte("\x01\x00sock\x00b"), []byte("\x01\x00sock\x00b")},
	} {
		var out Accesses
		args := []any{3, c.give, len(c.give)}
		if c.call == "sendto" {
			args = []any{3, 0, 0, 0, c.give, len(c.give)}
		}
		inv, mem := call(t, arch.X86_64, c.call, args...)
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
			t.Errorf("%s %q: %v", c.call, c.give, errno)
			continue
		}
		if got := out.List[0].Addr.Raw; string(got) != string(c.want) || got == nil {
			t.Errorf("%s %q hands on %q, want %q", c.call, c.give, got, c.want)
		}
	}
	var out Accesses
	inv, mem := call(t, arch.X86_64, "sendto", 3, 0, 0, 0, 0, 16)
	if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 || out.List[0].Addr.Raw != nil {
		t.Errorf("sendto without an address: %v, %q", errno, out.List[0].Addr.Raw)
	}
}

// TestOn asks what an address means on a socket. The kernel is asked the same in oracle_address_test.go.
func TestOn(t *testing.T) {
	unspec := []byte("\x00\x00\x00\x50\x01\x02\x03\x0412345678")
	for _, c := range []struct {
		call   string
		b      []byte
		domain int
		local  string // "" for a socket that is not bound
		want   string
	}{
		{"connect", sin(arch.X86_64, "0.0.0.0", 80, 0), 2, "", "connect 127.0.0.1:80"},
		{"connect", sin(arch.X86_64, "0.0.0.0", 80, 0), 2, "0.0.0.0", "connect 127.0.0.1:80"},
		{"connect", sin(arch.X86_64, "0.0.0.0", 80, 0), 2, "192.0.2.1", "connect 192.0.2.1:80"},
		{"connect", sin(arch.X86_64, "0.0.0.0", 80, 0), 10, "::ffff:192.0.2.1", "connect 192.0.2.1:80"},
		{"connect", sin(arch.X86_64, "0.0.0.0", 80, 0), 10, "2001:db8::1", "connect 127.0.0.1:80"},
		{"connect", sin(arch.X86_64, "10.0.0.1", 80, 0), 2, "192.0.2.1", "connect 10.0.0.1:80"},
		{"connect", sin(arch.X86_64, "::", 80, 0), 10, "", "connect [::1]:80"},
		{"connect", sin(arch.X86_64, "::", 80, 0), 10, "::", "connect [::1]:80"},
		{"connect", sin(arch.X86_64, "::", 80, 0), 10, "2001:db8::1", "connect [::1]:80"},
		{"connect", sin(arch.X86_64, "::", 80, 0), 10, "::ffff:192.0.2.1", "connect 127.0.0.1:80"},
		{"connect", sin(arch.X86_64, "::", 80, 0), 10, "192.0.2.1", "connect 127.0.0.1:80"},
		{"connect", sin(arch.X86_64, "::ffff:0.0.0.0", 80, 0), 10, "::ffff:192.0.2.1", "connect 192.0.2.1:80"},
		{"connect", unspec, 10, "", "none family:unspec"},
		{"bind", sin(arch.X86_64, "0.0.0.0", 80, 0), 2, "192.0.2.1", "bind 0.0.0.0:80"},
		{"bind", unspec, 10, "", "bind 1.2.3.4:80"},
		{"sendto", unspec, 2, "", "connect 1.2.3.4:80"},
		{"sendto", unspec, 10, "", "none nobody"},
		{"sendto", make([]byte, 16), 2, "192.0.2.1", "connect 192.0.2.1:0"},
		{"sendto", sin(arch.X86_64, "1.2.3.4", 80, 0), 10, "::ffff:192.0.2.1", "connect 1.2.3.4:80"},
	} {
		var out Accesses
		args := []any{3, c.b, len(c.b)}
		if c.call == "sendto" {
			args = []any{3, 0, 0, 0, c.b, len(c.b)}
		}
		inv, mem := call(t, arch.X86_64, c.call, args...)
		errno := Describe(inv, mem, &fakeResolver{}, &out)
		var local netip.Addr
		if c.local != "" {
			local = netip.MustParseAddr(c.local)
		}
		a := &out.List[0]
		before, depends := described(&out, errno), a.Addr.Depends()
		a.On(c.domain, local)
		if !depends && described(&out, errno) != before {
			t.Errorf("%s %q depends on the socket, and does not say so", c.call, c.b)
		}
		if got := described(&out, errno); got != c.want {
			t.Errorf("%s %q in family %d bound to %q: %s, want %s", c.call, c.b, c.domain, c.local, got, c.want)
		}
		if a.Op&Connect == 0 {
			continue
		}
		// The copy must say the same as what is judged.
		again := Address{Raw: append([]byte(nil), a.Addr.Raw...)}
		if errno := again.parse(arch.X86_64, true); errno != 0 || again.String() != a.Addr.String() || again.given != 0 {
			t.Errorf("%s %q in family %d bound to %q: judged as %s, handed on as %s (%v)", c.call, c.b, c.domain, c.local,
				a.Addr.String(), again.String(), errno)
		}
	}
}

func TestAddressText(t *testing.T) {
	for _, c := range []struct {
		a    Address
		path string
		want string
	}{
		{Address{}, "", ""},
		{Address{Family: 2, IP: netip.MustParseAddr("93.184.216.34"), Port: 443}, "", "93.184.216.34:443"},
		{Address{Family: 10, IP: netip.MustParseAddr("93.184.216.34"), Port: 443}, "", "93.184.216.34:443"},
		{Address{Family: 10, IP: netip.IPv6Unspecified(), Port: 0}, "", "[::]:0"},
		{Address{Family: 10, IP: netip.MustParseAddr("fe80::1%eth0"), Zone: 2, Port: 1}, "", "[fe80::1%2]:1"},
		{Address{Family: 1, Raw: []byte("\x01\x00../x\x00y")}, "", "unix:../x"},
		{Address{Family: 1, Raw: []byte("\x01\x00../x")}, "/run/x", "unix:/run/x"},
		{Address{Family: 1, Abstract: []byte("a*b\x00\n")}, "", "abstract:a*b\x00\n"},
		{Address{Family: 1, Abstract: []byte{}}, "", "abstract:"},
		{Address{Family: 1, Unnamed: true}, "", "abstract:"},
		{Address{Family: 1}, "", "family:unix"},
		{Address{Family: 2}, "", "family:inet"},
		{Address{Family: 10}, "", "family:inet6"},
		{Address{Family: 40}, "", "family:vsock"},
		{Address{Family: 300}, "", "family:300"},
	} {
		var path []byte
		if c.path != "" {
			path = []byte(c.path)
		}
		if got := c.a.Text(path); got != c.want {
			t.Errorf("Text(%q) of %+v is %q, want %q", path, c.a, got, c.want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for _, text := range []string{"93.184.216.34:443", "0.0.0.0:0", "[::]:65535", "[fe80::1%2]:1", "[2001:db8::1]:53",
		"unix:/run/x", "unix:relative", "abstract:", "abstract:a*b\x00:\n", "abstract:unix:x", "family:vsock", "family:unix",
		"family:inet", "family:300"} {
		a, path, err := ParseAddress(text)
		if got := a.Text(path); err != nil || got != text {
			t.Errorf("%q is read as %q (%v)", text, got, err)
		}
		if a.Path() != (path != nil) && text != "family:unix" {
			t.Errorf("%q: path %q", text, path)
		}
	}
	if a, _, err := ParseAddress("[::ffff:10.0.0.1]:80"); err != nil || a.String() != "10.0.0.1:80" || a.Family != afInet {
		t.Errorf("a mapped address is read as %s (%v)", a.String(), err)
	}
	for _, text := range []string{"", "unix:", "family:", "family:none", "10.0.0.1", "10.0.0.1:", "10.0.0.1:http",
		"::1:80", "[::1]", "[fe80::1%eth0]:80", "10.0.0.0/8:80", "*:80", "example.org:80", "10.0.0.1:65536", "10.0.0.1:-1"} {
		if a, path, err := ParseAddress(text); err == nil {
			t.Errorf("%q is read as %s", text, a.Text(path))
		}
	}
}
