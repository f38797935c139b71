package netres

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLongAnswers: where an answer comes in pieces it is asked for twice, and not three times once that is known; and
// who joins or goes is seen at once.
func TestLongAnswers(t *testing.T) {
	enterNetwork(t, 0)
	n := open(t)
	ip := netip.MustParseAddr("127.0.0.1")
	o := options{typ: unix.SOCK_DGRAM, address: "127.0.0.1", port: 7261, reusePort: true}
	var sockets []socket
	ask := func(questions uint32) {
		t.Helper()
		before := n.diag.seq
		list, err := n.Receivers(unix.IPPROTO_UDP, ip, 7261, nil)
		if err != nil {
			t.Fatal(err)
		}
		var want []uint64
		for _, s := range sockets {
			want = append(want, s.inode)
		}
		got := inodes(list)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d sockets, %d are told of", len(want), len(got))
		}
		if asked := n.diag.seq - before; asked != questions {
			t.Errorf("with %d sockets: %d questions, want %d", len(sockets), asked, questions)
		}
	}
	join := func(many int) {
		for range many {
			sockets = append(sockets, o.mustMake(t))
		}
	}
	const v6 = 1 // the question about sockets of IPv6
	join(3)
	ask(1 + v6)
	join(100)
	ask(3 + v6)
	ask(2 + v6)
	join(1)
	ask(2 + v6)
	for _, s := range sockets[1:] {
		s.close()
	}
	sockets = sockets[:1]
	ask(2 + v6)
	ask(1 + v6)
}
