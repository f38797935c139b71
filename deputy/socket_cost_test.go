package deputy

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// socketRounds are the calls on sockets that programs make all the time, laid out once and done again and again.
func (n *netBench) socketRounds(dir string) map[string]*syscalls.Invocation {
	n.t.Helper()
	rounds := map[string]*syscalls.Invocation{}
	add := func(name, call string, args ...any) {
		inv := n.tk.invocation(arch.Native()[0], call, args)
		rounds[name] = &inv
	}
	_, closed := server(n.t, unix.AF_INET, unix.SOCK_DGRAM, inet4(lo4, 0)) // no stream listens at that port
	tcp := n.must("socket", unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	add("connect, refused", "connect", tcp, n.put(closed), len(closed))
	waiting := n.must("socket", unix.AF_INET, unix.SOCK_STREAM, 0)
	add("connect that would wait, refused", "connect", waiting, n.put(closed), len(closed))
	udp := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM, 0)
	_, at := server(n.t, unix.AF_INET, unix.SOCK_DGRAM, inet4(lo4, 0))
	add("connect UDP", "connect", udp, n.put(at), len(at))
	apart := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM, 0)
	_, sink := server(n.t, unix.AF_INET, unix.SOCK_DGRAM, inet4(lo4, 0))
	add("sendto", "sendto", apart, n.put(make([]byte, 100)), 100, 0, n.put(sink), len(sink))
	add("sendmsg", "sendmsg", apart, n.header(sink, make([]byte, 100), nil), 0)
	add("sendmsg with control", "sendmsg", apart,
		n.header(sink, make([]byte, 100), cmsg(longSize, unix.SOL_IP, unix.IP_TTL, int32s(3))), 0)
	_, path := server(n.t, unix.AF_UNIX, unix.SOCK_DGRAM, atUnix(dir+"/sink"))
	local := n.must("socket", unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	add("connect a path", "connect", local, n.put(path), len(path))
	return rounds
}

// TestSocketsAllocateNothing: calls that do not wait leave nothing for the garbage collector, whoever makes them.
func TestSocketsAllocateNothing(t *testing.T) {
	for _, w := range netTasks() {
		t.Run(w.name, func(t *testing.T) {
			n := newNetBench(t, w)
			for name, inv := range n.socketRounds(publicDir(t)) {
				var bad string
				var allocations float64
				late := true
				// Where the processor is busy ksoftirqd does what the loopback interface has to, and a refusal may come late.
				for tries := 0; late && tries < 100; tries++ {
					bad, late = "", false
					allocations = testing.AllocsPerRun(20, func() {
						out := n.outcome(inv)
						if out.Kind == Waits {
							late = true
							out.GiveUp()
						}
						if out.Kind != Done || out.Value < 0 && out.Value != -int64(unix.ECONNREFUSED) &&
							out.Value != -int64(unix.EINPROGRESS) && out.Value != -int64(unix.ECONNABORTED) {
							bad = fmt.Sprintf("kind %d, %d", out.Kind, out.Value)
						}
					})
				}
				if bad != "" {
					t.Errorf("%s: %s", name, bad)
				}
				if allocations != 0 {
					t.Errorf("%s allocates %v times", name, allocations)
				}
			}
		})
	}
}

// BenchmarkSockets judges and does the same calls.
func BenchmarkSockets(b *testing.B) {
	for _, w := range netTasks() {
		for _, name := range []string{"connect, refused", "connect that would wait, refused", "connect UDP", "sendto", "sendmsg",
			"connect a path"} {
			b.Run(w.name+"/"+name, func(b *testing.B) {
				n := newNetBench(b, w) // of the thread that this runs on
				inv := n.socketRounds(publicDir(b))[name]
				b.ReportAllocs()
				for b.Loop() {
					n.outcome(inv)
				}
			})
		}
	}
}
