package sandbox

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
)

func TestOwned(t *testing.T) {
	w := newOwnedWorld(t)
	w.want("nobody", w.tcp(), "127.0.0.1:5001", false, true)
	mine := w.at(w.tcp(), "127.0.0.1:5001", true)
	w.want("the tree's", w.tcp(), "127.0.0.1:5001", true, false)
	w.want("from a socket of IPv6", w.socket(unix.AF_INET6, unix.SOCK_STREAM, 0), "127.0.0.1:5001", true, false)
	w.want("the same port of UDP", w.udp(), "127.0.0.1:5001", false, true)
	w.want("by another address", w.tcp(), "127.0.0.2:5001", false, true)
	w.want("another machine's", w.tcp(), "192.0.2.1:5001", false, false)
	mine.Close()
	w.want("closed", w.tcp(), "127.0.0.1:5001", false, true)

	w.at(w.tcp(), "127.0.0.1:5002", false)
	w.want("an outsider's", w.tcp(), "127.0.0.1:5002", false, false)
	w.at(w.udp(), "0.0.0.0:5002", true)
	w.want("an outsider's TCP beside UDP of the tree", w.tcp(), "127.0.0.1:5002", false, false)
	w.want("UDP of the tree beside an outsider's TCP", w.udp(), "127.0.0.1:5002", true, false)
	w.want("whatever the socket is", nil, "127.0.0.1:5002", false, false)
	w.at(w.udp(), "0.0.0.0:5003", true)
	w.want("whatever the socket is, nobody else there", nil, "127.0.0.1:5003", true, false)

	w.at(w.socket(unix.AF_INET6, unix.SOCK_STREAM, 0), "[::]:5004", true)
	w.want("both families", w.tcp(), "127.0.0.1:5004", true, false)
	w.want("both families by IPv6", w.socket(unix.AF_INET6, unix.SOCK_STREAM, 0), "[::1]:5004", true, false)

	w.at(w.socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP), "127.0.0.1:5005", true)
	w.want("MPTCP", w.tcp(), "127.0.0.1:5005", true, false)
	w.want("MPTCP asks", w.socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP), "127.0.0.1:5005", true, false)

	automatic := w.listen(w.tcp(), true)
	to := access.Address{Family: unix.AF_INET, IP: netip.MustParseAddr("127.0.0.1"), Port: automatic.Local().Port()}
	w.wantAt("listening without a bind", w.tcp(), &to, true, false)
}

// TestOwnedShared: what the tree shares with an outsider is not the tree's, however it got there.
func TestOwnedShared(t *testing.T) {
	w := newOwnedWorld(t)
	group := func() *deputy.Socket { return w.set(w.tcp(), unix.SO_REUSEPORT) }
	w.at(group(), "127.0.0.1:6001", false)
	for range 20 { // most connections would go to the tree
		w.at(group(), "127.0.0.1:6001", true)
	}
	w.want("a group with an outsider", w.tcp(), "127.0.0.1:6001", false, false)

	w.at(w.set(w.udp(), unix.SO_REUSEADDR), "0.0.0.0:6002", false)
	w.at(w.set(w.udp(), unix.SO_REUSEADDR), "127.0.0.1:6002", true)
	w.want("an address closer than an outsider's", w.udp(), "127.0.0.1:6002", false, false)

	outsider := w.set(w.udp(), unix.SO_REUSEADDR)
	w.at(outsider, "127.0.0.1:6003", false)
	if err := unix.Connect(outsider.FD, &unix.SockaddrInet4{Port: 6999, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	w.at(w.set(w.udp(), unix.SO_REUSEADDR), "127.0.0.1:6003", true)
	w.want("beside an outsider's connected socket", w.udp(), "127.0.0.1:6003", false, false)

	// An outsider that is bound and does not listen, in a group or not, takes nothing away.
	silent := group()
	if err := unix.Bind(silent.FD, &unix.SockaddrInet4{Port: 6004, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	w.at(group(), "127.0.0.1:6004", true)
	w.want("beside an outsider that does not listen", w.tcp(), "127.0.0.1:6004", true, false)
	w.listen(silent, false)
	w.want("beside an outsider that listens by now", w.tcp(), "127.0.0.1:6004", false, false)
}

// TestOwnedRaw: sockets that send by no port reach nobody's.
func TestOwnedRaw(t *testing.T) {
	w := newOwnedWorld(t)
	w.at(w.udp(), "127.0.0.1:6101", true)
	w.want("raw UDP", w.socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_UDP), "127.0.0.1:6101", false, false)
	w.want("raw ICMP", w.socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP), "127.0.0.1:6101", false, false)
	w.want("a unix socket", w.socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0), "127.0.0.1:6101", false, false)
	for _, a := range []string{"224.0.0.1:6101", "255.255.255.255:6101", "127.255.255.255:6101"} {
		w.want(a, w.udp(), a, false, false)
	}
}

// TestOwnedForgets: the set does not grow with what was closed, and keeps what was not.
func TestOwnedForgets(t *testing.T) {
	w := newOwnedWorld(t)
	w.at(w.tcp(), "127.0.0.1:6401", true)
	w.at(w.udp(), "127.0.0.1:6402", true)
	file, pin := w.file(true)
	for range 3 * ownedRoom {
		s := w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		w.at(s, "127.0.0.1:6403", true)
		s.Close()
	}
	if len(w.o.cookies) > ownedRoom {
		t.Errorf("%d sockets are remembered, of which 3 are open", len(w.o.cookies))
	}
	w.want("TCP that was there all the time", w.tcp(), "127.0.0.1:6401", true, false)
	w.want("UDP that was there all the time", w.udp(), "127.0.0.1:6402", true, false)
	w.wantFile("a path that was there all the time", w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0), file, pin, true)
}

// TestOwnedNumberAgain: an outsider's socket that gets the number of one of the tree's that is gone is an outsider's.
func TestOwnedNumberAgain(t *testing.T) {
	w := newOwnedWorld(t)
	s := w.at(w.tcp(), "127.0.0.1:6501", true)
	w.o.cookies[s.Inode] += 12345 // as if the set had noted an earlier one
	if w.o.cookies[s.Inode] == 12345 {
		t.Skip("this kernel has no SO_COOKIE")
	}
	w.want("the number of another socket", w.tcp(), "127.0.0.1:6501", false, false)
	w.o.add(s)
	w.want("noted anew", w.tcp(), "127.0.0.1:6501", true, false)
}

func TestOwnedAllocatesNothing(t *testing.T) {
	w := newOwnedWorld(t)
	s := w.at(w.tcp(), "127.0.0.1:6601", true)
	asks := w.tcp()
	a := access.Address{Family: unix.AF_INET, IP: netip.MustParseAddr("127.0.0.1"), Port: 6601}
	tid := unix.Gettid()
	if n := testing.AllocsPerRun(50, func() {
		w.o.add(s)
		w.o.ask(tid, asks)
		if !w.o.Owns(&a) {
			t.Error("not the tree's")
		}
	}); n != 0 {
		t.Errorf("a question allocates %v times", n)
	}
}
