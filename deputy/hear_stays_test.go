package deputy

import (
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHearLocalStays: nothing that a program can do takes the filter off, from the socket or one that it accepts.
func TestHearLocalStays(t *testing.T) {
	w := newWire(t)
	server, port := w.serve(hearCase{domain: unix.AF_INET, typ: unix.SOCK_STREAM}, muffles[1])
	client := w.socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	to := inetName(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	if err := unix.Connect(client, to); err != unix.EINPROGRESS {
		w.ok(err)
	}
	w.ready(true, unix.POLLIN, server)
	child, _, err := unix.Accept(server)
	w.ok(err)
	t.Cleanup(func() { unix.Close(child) })
	_, err = unix.Write(child, []byte("hello"))
	w.ok(err)
	w.ready(true, unix.POLLIN, client)

	all := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}}
	want := append(slices.Clone(local[:]), last)
	for name, fd := range map[string]int{"the server": server, "what it accepted": child} {
		for what, err := range map[string]error{
			"SO_DETACH_FILTER": unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0),
			"SO_LOCK_FILTER":   unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 0),
			"SO_ATTACH_FILTER": unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
				&unix.SockFprog{Len: 1, Filter: &all[0]}),
			"SO_ATTACH_REUSEPORT_CBPF": unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
				&unix.SockFprog{Len: 1, Filter: &all[0]}),
		} {
			if err != unix.EPERM {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
		if got, errno := socketFilter(fd); errno != 0 || !slices.Equal(got, want) {
			t.Errorf("the filter of %s: %v, %v", name, got, errno)
		}
	}
	if errno := hearLocal(server); errno != 0 {
		t.Errorf("once more: %v", errno)
	}
}

// below20 is a filter that only lets datagrams through that are shorter than 20 bytes with the 8 of their header, and
// counts on a cleared accumulator.
var below20 = []unix.SockFilter{
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 2, K: 0},
	{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_LEN},
	{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jt: 0, Jf: 1, K: 20},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
}

// TestHearLocalAndTheirs: a filter that the program has already goes on to work, behind ours.
func TestHearLocalAndTheirs(t *testing.T) {
	w := newWire(t)
	for _, deaf := range []bool{false, true} {
		fd := w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if errno := attachFilter(fd, below20); errno != 0 {
			t.Fatal(errno)
		}
		if deaf {
			if errno := hearLocal(fd); errno != 0 {
				t.Fatal(errno)
			}
			got, errno := socketFilter(fd)
			if want := append(append(slices.Clone(local[:]), again), below20...); errno != 0 || !slices.Equal(got, want) {
				t.Errorf("the filter is %v, %v", got, errno)
			}
		}
		w.ok(unix.Bind(fd, &unix.SockaddrInet4{}))
		port := (&Socket{FD: fd}).Local().Port()
		control, controlPort := w.serve(hearCases[1], muffle{})
		for _, c := range []struct {
			from int
			to   string
			size int
			want bool
		}{
			{w.here, "127.0.0.1", 11, true}, {w.here, "127.0.0.1", 12, false},
			{w.away, "10.7.0.1", 11, !deaf}, {w.away, "10.7.0.1", 12, false},
		} {
			w.to(c.from)
			for _, to := range []uint16{port, controlPort} {
				w.ok(unix.Sendto(w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0), make([]byte, c.size), 0,
					inetName(netip.AddrPortFrom(netip.MustParseAddr(c.to), to))))
			}
			w.ready(true, unix.POLLIN, control)
			w.take(hearCases[1], control)
			got := w.ready(false, unix.POLLIN, fd)[0]
			if got {
				w.take(hearCases[1], fd)
			}
			if got != c.want {
				t.Errorf("deaf %v: %d bytes to %s arrive: %v", deaf, c.size, c.to, got)
			}
		}
		w.to(w.here)
	}
}

// TestHearLocalRefused: where the filter cannot be the first to see what comes, the socket is not to be used.
func TestHearLocalRefused(t *testing.T) {
	needsBorrowing(t)
	filter := func(n int) []unix.SockFilter {
		return slices.Repeat([]unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}}, n)
	}
	socket := func(domain, typ, protocol int) int {
		fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	udp := func() int { return socket(unix.AF_INET, unix.SOCK_DGRAM, 0) }
	lock := func(fd int, program []unix.SockFilter) int {
		if errno := attachFilter(fd, program); errno != 0 {
			t.Fatal(errno)
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1); err != nil {
			t.Fatal(err)
		}
		return fd
	}
	cases := map[string]struct {
		fd   int
		want unix.Errno
	}{
		"locked":                {lock(udp(), filter(1)), unix.EPERM},
		"locked behind ours":    {lock(udp(), localThen(filter(3))), 0},
		"locked without theirs": {lock(udp(), append(slices.Clone(local[:2]), last, last)), unix.EPERM},
		"too long":              {udp(), 0},
		"unix":                  {socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0), unix.EPROTONOSUPPORT},
		"netlink":               {socket(unix.AF_NETLINK, unix.SOCK_RAW, 0), unix.EPROTONOSUPPORT},
		"no socket":             {-1, unix.EPROTONOSUPPORT},
	}
	if errno := attachFilter(cases["too long"].fd, filter(filterMax)); errno == 0 {
		c := cases["too long"]
		c.want = unix.EINVAL
		cases["too long"] = c
	} else if errno != unix.ENOMEM { // net.core.optmem_max is too small for the test
		t.Fatal(errno)
	}
	for name, c := range cases {
		got := hearFiltered(c.fd)
		if !canHear(c.fd) {
			got = hearLocal(c.fd)
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got == unix.EPERM {
			if errno := hearLocal(c.fd); errno != 0 || !hearsDevice(c.fd) {
				t.Errorf("%s: the other way is not taken (%v)", name, errno)
			}
		}
	}
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP); err == nil {
		defer unix.Close(fd)
		if got := hearLocal(fd); got != unix.EPROTONOSUPPORT {
			t.Errorf("MPTCP: %v", got)
		}
	}
}

// TestHearLocalRace: another thread that attaches its own filters all the time is either too late or found out.
func TestHearLocalRace(t *testing.T) {
	needsBorrowing(t)
	var fd atomic.Int64
	fd.Store(-1)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if fd := int(fd.Load()); fd >= 0 {
				attachFilter(fd, []unix.SockFilter{last})
			}
		}
	}()
	defer func() { close(stop); <-done }()
	outcomes := map[string]int{}
	for range 300 {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fd.Store(int64(s))
		errno := hearLocal(s)
		now, errno2 := socketFilter(s)
		fd.Store(-1)
		if errno2 != 0 {
			t.Fatal(errno2)
		}
		outcomes[fmt.Sprint(errno)]++
		if errno == 0 && !startsLocal(now) && !hearsDevice(s) {
			t.Errorf("said to be deaf, and has the filter %v", now)
		}
		if errno != 0 && errno != unix.EPERM {
			t.Error(errno)
		}
		unix.Close(s)
	}
	t.Log(outcomes)
}
