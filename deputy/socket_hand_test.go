package deputy

import (
	"encoding/binary"
	"fmt"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// ruleNetPort is LANDLOCK_RULE_NET_PORT of linux/landlock.h.
const ruleNetPort = 2

// portDomain makes a ruleset that lets one TCP port be connected to and one be bound. It skips where Landlock has no
// rules about ports (before ABI 4).
func portDomain(t *testing.T, connect, bind int) int {
	t.Helper()
	attr := [2]uint64{0, unix.LANDLOCK_ACCESS_NET_CONNECT_TCP | unix.LANDLOCK_ACCESS_NET_BIND_TCP}
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 16, 0)
	if errno != 0 {
		t.Skip("Landlock has no rules about ports: ", errno)
	}
	t.Cleanup(func() { unix.Close(int(ruleset)) })
	for _, rule := range [][2]uint64{
		{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, uint64(connect)}, {unix.LANDLOCK_ACCESS_NET_BIND_TCP, uint64(bind)},
	} {
		if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, ruleset, ruleNetPort,
			uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
			t.Fatal(errno)
		}
	}
	return int(ruleset)
}

func portOf(address []byte) int { return int(binary.BigEndian.Uint16(address[2:])) }

// throughHand has a hand do the calls.
func (n *netBench) throughHand(ruleset int) {
	n.t.Helper()
	hand, err := NewHand(Options{}, []int{ruleset})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(hand.Close)
	n.act = func(call string, s *Socket, inv *syscalls.Invocation) Outcome {
		switch call {
		case "connect":
			return hand.Connect(n.tk.pid, s, &n.acc, n.res)
		case "bind":
			return hand.Bind(n.tk.pid, s, &n.acc, n.res)
		case "listen":
			return hand.Listen(n.tk.pid, s, &n.acc, n.res)
		}
		return hand.Send(n.tk.pid, s, inv, n.tk, &n.acc, n.res)
	}
}

// TestHandKeepsToPorts: what a task forbade itself is not done for it either, in its place or on a thread that waits.
func TestHandKeepsToPorts(t *testing.T) {
	for _, w := range netTasks() {
		t.Run(w.name, func(t *testing.T) {
			n := newNetBench(t, w)
			_, good := server(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
			_, bad := server(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
			free := closedPort(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
			taken := closedPort(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
			_, mailbox := server(t, unix.AF_UNIX, unix.SOCK_DGRAM, atUnix(publicDir(t)+"/mailbox"))
			n.throughHand(portDomain(t, portOf(good), portOf(free)))
			tcp := func() int { return n.must("socket", unix.AF_INET, unix.SOCK_STREAM, 0) }
			bind := func(at []byte) int64 { return n.call("bind", tcp(), n.put(at), len(at)) }
			unixSocket := n.must("socket", unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			for _, c := range []struct {
				what      string
				got, want int64
			}{
				{"connect to the port", n.connect(tcp(), good), 0},
				{"connect to another", n.connect(tcp(), bad), -int64(unix.EACCES)},
				{"bind the port", bind(free), 0},
				{"bind another", bind(taken), -int64(unix.EACCES)},
				{"connect a unix socket", n.connect(unixSocket, mailbox), 0},
				{"send a descriptor", n.sendmsg(unixSocket, nil, []byte("x"),
					cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0)), 0), 1},
			} {
				if c.got != c.want {
					t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
				}
			}
			// Far away, it waits elsewhere: with the same rules.
			fd := tcp()
			v := n.connect(fd, inet4([4]byte{192, 0, 2, 1}, portOf(bad)))
			if n.kinds[Waits] == 0 || v != -int64(unix.EACCES) {
				t.Errorf("connect far away: %d, outcomes %v", v, n.kinds)
			}
		})
	}
}

// TestHandSendsAll: a hand's task has its memory read by the tracer, also for what waits.
func TestHandSendsAll(t *testing.T) {
	n := newNetBench(t, anyone())
	n.throughHand(portDomain(t, 1, 1))
	theirs, ours, _ := n.mailbox(unix.AF_UNIX, unix.SOCK_STREAM)
	n.fill(theirs)
	data := pattern(300_000)
	done := begin(n.later("sendto", theirs, n.put(data), len(data), 0, 0, 0), nil)
	got := ""
	for len(got) < len(data) || got[len(got)-len(data):] != string(data) {
		got += received(ours)
		select {
		case v := <-done:
			if v != int64(len(data)) {
				t.Fatal(fmt.Sprint("sent ", v))
			}
			for more := received(ours); more != ""; more = received(ours) {
				got += more
			}
			if got[len(got)-len(data):] != string(data) {
				t.Fatal("something else was sent")
			}
			return
		default:
		}
	}
	ends(t, done, int64(len(data)))
}
