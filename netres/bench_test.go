package netres

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// crowd fills the network namespace: n sockets each of TCP that listen, of UDP, and of unix, at ports and names of
// their own.
func crowd(t testing.TB, n int) {
	raiseLimit(t, uint64(3*n+200))
	for i := range n {
		o := options{typ: unix.SOCK_DGRAM, address: "127.0.0.2", port: 10000 + i}
		o.mustMake(t)
		o.typ, o.listen = unix.SOCK_STREAM, true
		o.mustMake(t)
		bindUnix(t, unix.SOCK_STREAM, fmt.Sprintf("\x00crowd-%d", i), true)
	}
}

func raiseLimit(t testing.TB, n uint64) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < n {
		limit.Cur = n
		limit.Max = max(limit.Max, n)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Skipf("%d descriptors are not to be had: %v", n, err)
		}
	}
}

func BenchmarkQuestion(b *testing.B) {
	for _, n := range []int{10, 5000} {
		b.Run(fmt.Sprintf("sockets=%d", n), func(b *testing.B) {
			enterNetwork(b, 0)
			here := must(unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0))(b)
			defer unix.Close(here)
			ip := netip.MustParseAddr("127.0.0.1")
			options{typ: unix.SOCK_STREAM, address: "127.0.0.1", port: 7301, listen: true}.mustMake(b)
			options{typ: unix.SOCK_DGRAM, address: "127.0.0.1", port: 7301}.mustMake(b)
			bindUnix(b, unix.SOCK_STREAM, "\x00mine", true)
			crowd(b, n)
			for way, open := range map[string]func(testing.TB) *Net{"netlink": open, "proc": byProc} {
				list := make([]Socket, 0, 16)
				for what, question := range map[string]func(n *Net) (bool, error){
					"TCP":      func(n *Net) (bool, error) { return one(n.Receivers(unix.IPPROTO_TCP, ip, 7301, list)) },
					"UDP":      func(n *Net) (bool, error) { return one(n.Receivers(unix.IPPROTO_UDP, ip, 7301, list)) },
					"abstract": func(n *Net) (bool, error) { return one(n.UnixNamed(unix.SOCK_STREAM, []byte("mine"), list)) },
					"local":    func(n *Net) (bool, error) { return n.Local(ip, 0) },
				} {
					b.Run(way+"/"+what, func(b *testing.B) {
						runtime.LockOSThread()
						if err := unix.Setns(here, unix.CLONE_NEWNET); err != nil {
							b.Fatal(err)
						}
						n := open(b)
						for b.Loop() {
							if right, err := question(n); err != nil || !right {
								b.Fatal(right, err)
							}
						}
					})
				}
			}
		})
	}
}

func one(list []Socket, err error) (bool, error) { return len(list) == 1, err }

// TestQuestionsAllocateNothing: a question on the stop path costs no garbage.
func TestQuestionsAllocateNothing(t *testing.T) {
	enterNetwork(t, 0)
	n := open(t)
	options{typ: unix.SOCK_STREAM, address: "127.0.0.1", port: 7302, listen: true}.mustMake(t)
	name := []byte("mine")
	bindUnix(t, unix.SOCK_STREAM, "\x00mine", true)
	ip := netip.MustParseAddr("127.0.0.1")
	list := make([]Socket, 0, 16)
	for what, question := range map[string]func() bool{
		"Receivers": func() bool {
			got, err := n.Receivers(unix.IPPROTO_TCP, ip, 7302, list)
			return err == nil && len(got) == 1
		},
		"UnixNamed": func() bool {
			got, err := n.UnixNamed(unix.SOCK_STREAM, name, list)
			return err == nil && len(got) == 1
		},
		"UnixAt": func() bool {
			got, err := n.UnixAt(unix.SOCK_STREAM, 1, 1, list)
			return err == nil && len(got) == 0
		},
		"Local": func() bool {
			local, err := n.Local(ip, 0)
			return err == nil && local
		},
	} {
		if allocs := testing.AllocsPerRun(20, func() {
			if !question() {
				t.Errorf("%s: wrong answer", what)
			}
		}); allocs != 0 {
			t.Errorf("%s allocates %v times", what, allocs)
		}
	}
}
