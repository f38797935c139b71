package policy

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// The numbers are those of the headers that this machine is built with.
func TestRoutingNumbers(t *testing.T) {
	for _, c := range []struct{ ours, headers int }{
		{ipOptions, unix.IP_OPTIONS}, {ipUnicastIf, unix.IP_UNICAST_IF}, {ipv6PktOptions, unix.IPV6_2292PKTOPTIONS},
		{ipv6PktInfo, unix.IPV6_PKTINFO}, {ipv6RtHdr, unix.IPV6_RTHDR}, {ipv6UnicastIf, unix.IPV6_UNICAST_IF},
		{solIP, unix.SOL_IP}, {solIPv6, unix.SOL_IPV6}, {solTCP, unix.SOL_TCP}, {tcpFastopenConnect, unix.TCP_FASTOPEN_CONNECT},
		{ipAddMembership, unix.IP_ADD_MEMBERSHIP}, {ipAddSource, unix.IP_ADD_SOURCE_MEMBERSHIP}, {ipMsfilter, unix.IP_MSFILTER},
		{ipv6Join, unix.IPV6_JOIN_GROUP}, {ipv6JoinAnycast, unix.IPV6_JOIN_ANYCAST}, {mcastJoin, unix.MCAST_JOIN_GROUP},
		{mcastJoinSource, unix.MCAST_JOIN_SOURCE_GROUP}, {mcastMsfilter, unix.MCAST_MSFILTER},
	} {
		if c.ours != c.headers {
			t.Errorf("%d, the headers say %d", c.ours, c.headers)
		}
	}
	own := setsockoptOf(uint16(arch.Native()[0].Audit))
	for _, option := range []uint32{unix.SO_BINDTODEVICE, unix.SO_BINDTOIFINDEX} {
		args := [6]uint64{3, unix.SOL_SOCKET, uint64(option)}
		held := false
		for i := range own {
			held = held || own[i].holds(&args)
		}
		if !held {
			t.Errorf("option %d of SOL_SOCKET is not refused", option)
		}
	}
}

// What reroutes is refused where addresses are judged, unless lifted; and so is what i386 asks by socketcall, of which
// the tracer has the arguments.
func TestRouting(t *testing.T) {
	args := [6]uint64{3, solIPv6, ipv6RtHdr}
	call := syscalls.ByName("setsockopt")
	for _, c := range []struct {
		name    string
		policy  *Policy
		refused bool
	}{
		{"connect is judged", filterPolicy(access.Connect), true},
		{"bind is judged", filterPolicy(access.Bind), true},
		{"lifted", filterPolicy(access.Connect, routing), false},
		{"files are judged", filterPolicy(access.Write), false},
	} {
		if r, errno := c.policy.Refuses(arch.I386, call, &args); (r != nil) != c.refused || (errno == unix.EPERM) != c.refused {
			t.Errorf("%s: Refuses says %v, %v", c.name, r, errno)
		}
		if got := c.policy.Traces("socketcall"); arch.Native()[0] == arch.X86_64 && !got {
			t.Errorf("%s: socketcall does not stop", c.name)
		}
	}
	if n := testing.AllocsPerRun(100, func() { filterless.Refuses(arch.I386, call, &args) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var filterless = filterPolicy(access.Connect)

// Rules about families change what socket and socketpair answer, in the filter and where the tracer has the arguments.
func TestFamiliesInTheFilter(t *testing.T) {
	p := mustLoad(t, host(nil), `[connect]
allow = ["family:vsock", "family:netlink", "family:inet"]
warn  = ["family:alg", "family:unix"]
deny  = ["family:inet6", "family:can"]
`)
	f := p.Filter([]*arch.ABI{arch.X86_64}, FilterOptions{})
	fail := func(errno unix.Errno) syscalls.Verdict { return failWith(errno) }
	free := syscalls.Verdict{}
	for _, c := range []struct {
		call string
		args [6]uint64
		want syscalls.Verdict
	}{
		{"socket", [6]uint64{40, 1}, free},
		{"socket", [6]uint64{40, 5}, free},
		{"socket", [6]uint64{16, 3, 15}, free}, // NETLINK_KOBJECT_UEVENT
		{"socket", [6]uint64{2, 3, 1}, fail(unix.EPERM)},
		{"socket", [6]uint64{2, 1, 262}, fail(unix.EPROTONOSUPPORT)},
		{"socket", [6]uint64{2, 1, 6}, free},
		{"socket", [6]uint64{1, 1}, stopAnswer},
		{"socket", [6]uint64{38, 5}, stopAnswer},
		{"socket", [6]uint64{10, 1}, stopAnswer},
		{"socket", [6]uint64{10, 3}, stopAnswer}, // reported, not just refused
		{"socket", [6]uint64{29, 3}, stopAnswer},
		{"socket", [6]uint64{17, 3}, fail(unix.EAFNOSUPPORT)},
		{"socketpair", [6]uint64{1, 1}, stopAnswer},
		{"socketpair", [6]uint64{40, 1}, free},
		{"socketpair", [6]uint64{30, 1}, fail(unix.EAFNOSUPPORT)},
	} {
		nr, _ := syscalls.Number(arch.X86_64, c.call)
		if got := f.Judge(arch.X86_64.Audit, nr, &c.args); got != c.want {
			t.Errorf("%s(%v): %+v, want %+v", c.call, c.args, got, c.want)
		}
		r, errno := p.Refuses(arch.I386, syscalls.ByName(c.call), &c.args)
		if c.want.Kind == syscalls.Fail && (r == nil || uint16(errno) != c.want.Errno) || c.want == free && r != nil {
			t.Errorf("%s(%v): Refuses says %v, %v", c.call, c.args, r, errno)
		}
	}
	var b strings.Builder
	if err := p.WriteFilter(&b, []*arch.ABI{arch.X86_64}, FilterOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"socket if family is one of AF_INET6, AF_CAN", "setsockopt if level == SOL_IPV6 && optname == IPV6_RTHDR",
		"setsockopt if level == SOL_IP && optname == IP_OPTIONS", "setsockopt if level == SOL_SOCKET && optname == SO_BINDTODEVICE",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the listing lacks %q:\n%s", want, b.String())
		}
	}
}
