package deputy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// live reads what is in a task's memory at the very moment.
type live struct{ *task }

func (l live) Read(addr uint64, buf []byte) unix.Errno {
	if len(buf) == 0 {
		return 0
	}
	local := []unix.Iovec{{Base: &buf[0]}}
	local[0].SetLen(len(buf))
	remote := []unix.RemoteIovec{{Base: uintptr(addr), Len: len(buf)}}
	if n, err := unix.ProcessVMReadv(l.pid, local, remote, 0); err != nil || n != len(buf) {
		return unix.EFAULT
	}
	return 0
}

func (l live) ReadString(addr uint64, buf []byte) (int, unix.Errno) {
	for i := range buf {
		if errno := l.Read(addr+uint64(i), buf[i:i+1]); errno != 0 {
			return 0, errno
		}
		if buf[i] == 0 {
			return i, 0
		}
	}
	return 0, unix.ENAMETOOLONG
}

// contacted says whether somebody has come to a server, by connection or message, and sends him away.
func contacted(fd int) bool {
	if c, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC); err == nil {
		unix.Close(c)
		return true
	}
	return received(fd) != ""
}

// swap is what an attacker exchanges between the moment when a call is judged and the moment when it is done.
type swap struct {
	name string
	// prepare returns the call and what the attacker does in between.
	prepare func(n *netBench, kind int) (call string, args []any, attack func())
}

var swaps = []swap{
	{"address", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_INET, kind, 0)
		at := n.put(n.friend)
		return "connect", []any{fd, at, len(n.friend)}, func() { n.tk.Write(at, n.victim) }
	}},
	{"address of a message", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM, 0)
		at := n.put(n.friend)
		return "sendto", []any{fd, n.put([]byte("secret")), 6, 0, at, len(n.friend)}, func() { n.tk.Write(at, n.victim) }
	}},
	{"header of a message", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM, 0)
		to := n.put(n.victim)
		header := n.header(n.friend, []byte("secret"), nil)
		return "sendmsg", []any{fd, header, 0}, func() { n.tk.Write(header, long(to)) }
	}},
	{"abstract name", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_UNIX, kind, 0)
		at := n.put(n.friendName)
		return "connect", []any{fd, at, len(n.friendName)}, func() { n.tk.Write(at, n.victimName) }
	}},
	{"path", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_UNIX, kind, 0)
		at := n.put(atUnix(n.dir + "/friend\x00"))
		return "connect", []any{fd, at, len(atUnix(n.dir + "/friend"))}, func() { n.tk.Write(at, atUnix(n.dir+"/victim\x00")) }
	}},
	{"name in the directory", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_UNIX, kind, 0)
		name := atUnix(n.dir + "/friend\x00")
		return "connect", []any{fd, n.put(name), len(name)}, func() {
			must(n.t, os.Rename(n.dir+"/friend", n.dir+"/away"))
			must(n.t, os.Symlink("victim", n.dir+"/friend"))
		}
	}},
	{"directory", func(n *netBench, kind int) (string, []any, func()) {
		must(n.t, os.Mkdir(n.dir+"/good", 0o755))
		must(n.t, os.Mkdir(n.dir+"/bad", 0o755))
		must(n.t, os.Link(n.dir+"/friend", n.dir+"/good/s"))
		must(n.t, os.Link(n.dir+"/victim", n.dir+"/bad/s"))
		must(n.t, os.Symlink("good", n.dir+"/link"))
		fd := n.must("socket", unix.AF_UNIX, kind, 0)
		name := atUnix(n.dir + "/link/s\x00")
		return "connect", []any{fd, n.put(name), len(name)}, func() {
			must(n.t, os.Remove(n.dir+"/link"))
			must(n.t, os.Symlink("bad", n.dir+"/link"))
		}
	}},
	{"descriptor", func(n *netBench, kind int) (string, []any, func()) {
		// A message that needs no address goes to whom the socket is connected to.
		fd := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM, 0)
		n.must("connect", fd, n.put(n.friend), len(n.friend))
		other := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM, 0)
		n.must("connect", other, n.put(n.victim), len(n.victim))
		header := n.header(nil, []byte("secret"), nil)
		return "sendmsg", []any{fd, header, 0}, func() { n.must("dup3", other, fd, 0) }
	}},
	{"flags", func(n *netBench, kind int) (string, []any, func()) {
		fd := n.must("socket", unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
		at := n.put(n.friend)
		return "connect", []any{fd, at, len(n.friend)}, func() {
			n.must("fcntl", fd, unix.F_SETFL, 0)
			n.tk.Write(at, n.victim)
		}
	}},
}

// TestWhatWasJudgedIsReached exchanges everything that can be between judging a call and doing it. Left to the kernel
// the call reaches the victim; done by a Deputy it reaches whom it was judged for.
func TestWhatWasJudgedIsReached(t *testing.T) {
	for _, sw := range swaps {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
			for _, native := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%d/native=%v", sw.name, kind, native), func(t *testing.T) {
					n := newNetBench(t, anyone())
					n.dir = publicDir(t)
					inetKind := kind
					if kind == unix.SOCK_SEQPACKET || strings.Contains(sw.name, "message") || sw.name == "descriptor" ||
						sw.name == "flags" {
						inetKind = unix.SOCK_DGRAM
					}
					servers := map[string][]int{}
					for _, who := range []string{"friend", "victim"} {
						a, at := server(t, unix.AF_INET, inetKind, inet4(lo4, 0))
						b, _ := server(t, unix.AF_UNIX, kind, atUnix(n.dir+"/"+who))
						c, name := server(t, unix.AF_UNIX, kind, atUnix("\x00"+who+n.dir))
						servers[who] = []int{a, b, c}
						if who == "friend" {
							n.friend, n.friendName = at, name
						} else {
							n.victim, n.victimName = at, name
						}
					}
					if sw.name == "address" && kind == unix.SOCK_SEQPACKET {
						kind = unix.SOCK_DGRAM
					}
					call, args, attack := sw.prepare(n, kind)
					got := n.attacked(call, args, attack, native)
					denied := !native && got == -int64(unix.EACCES) && sw.name == "name in the directory"
					if got < 0 && !denied {
						t.Fatalf("%s: %v", call, unix.Errno(-got))
					}
					if call == "connect" && inetKind == unix.SOCK_DGRAM {
						// Connecting a datagram socket tells nobody: what it sends then does.
						_ = n.kernel("sendto", args[0].(int), n.put([]byte("secret")), 6, 0, 0, 0)
					}
					reached := func(who string) (any bool) {
						for _, fd := range servers[who] {
							any = contacted(fd) || any
						}
						return any
					}
					friend, victim := reached("friend"), reached("victim")
					if friend != (!native && !denied) || victim != native {
						t.Errorf("friend reached %v, victim %v", friend, victim)
					}
				})
			}
		}
	}
}

// attacked judges a call, lets the attacker do his work, and has the call done.
func (n *netBench) attacked(call string, args []any, attack func(), native bool) int64 {
	n.t.Helper()
	nr, _ := syscalls.Number(arch.Native()[0], call)
	var raw [6]uint64
	for i, a := range args {
		switch a := a.(type) {
		case int:
			raw[i] = uint64(int64(a))
		case uint64:
			raw[i] = a
		}
	}
	inv, _ := syscalls.Decode(arch.Native()[0], uint64(nr), raw)
	mem := live{n.tk}
	for range 10 {
		if errno := n.d.Assume(n.tk.pid); errno != 0 {
			n.t.Fatal(errno)
		}
		n.res.Task(n.tk.pid, n.tk.pid)
		if errno := access.Describe(&inv, mem, n.res, &n.acc); errno != 0 {
			n.t.Fatal(errno)
		}
		if errno := n.d.Own(); errno != 0 {
			n.t.Fatal(errno)
		}
		if strings.HasSuffix(string(n.acc.List[0].Object.Path), "victim") {
			return -int64(unix.EACCES) // judged anew, it is denied
		}
		s, errno := n.d.Socket(int(n.acc.Socket.FD))
		if errno != 0 {
			n.t.Fatal(errno)
		}
		attack()
		if native {
			s.Close()
			return n.kernel(call, args...)
		}
		var out Outcome
		if call == "connect" {
			out = n.d.Connect(&s, &n.acc, n.res)
		} else {
			out = n.d.Send(&s, &inv, mem, &n.acc, n.res)
		}
		s.Close()
		if out.Kind != Again {
			return n.answer(out, call, args)
		}
		attack = func() {}
	}
	n.t.Fatal("judged again and again")
	return 0
}

// TestWaitingIsNotReached: what is exchanged while a call waits changes nothing either.
func TestWaitingIsNotReached(t *testing.T) {
	n := newNetBench(t, anyone())
	dir := publicDir(t)
	ours, at := n.fullServer(unix.AF_UNIX, unix.SOCK_STREAM, atUnix(dir+"/friend"))
	victim, _ := server(t, unix.AF_UNIX, unix.SOCK_STREAM, atUnix(dir+"/victim"))
	fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	address := n.put(at)
	done := begin(n.later("connect", fd, address, len(at)), nil)
	stillWaits(t, done)
	n.tk.Write(address, atUnix(dir+"/victim"))
	must(t, os.Rename(dir+"/victim", dir+"/friend"))
	other := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	n.must("dup3", other, fd, 0)
	for range 8 {
		if c, _, err := unix.Accept4(ours, unix.SOCK_CLOEXEC); err == nil {
			defer unix.Close(c)
		}
	}
	ends(t, done, 0)
	if contacted(victim) {
		t.Error("the victim was reached")
	}
}
