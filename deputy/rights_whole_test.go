package deputy

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// asRoot skips where the tracer has nobody's rights but its own.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root acts for others")
	}
}

var identityLines = regexp.MustCompile(`(?m)^(Uid|Gid|Groups|Cap\w+|Umask):.*\n`)

// standing is who the calling thread is.
func standing(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/status")
	must(t, err)
	return strings.Join(identityLines.FindAllString(string(text), -1), "")
}

// peer is whom a connected socket says to be at the other end.
func peer(t testing.TB, fd int) string {
	t.Helper()
	u, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	must(t, err)
	return fmt.Sprintf("%d/%d", u.Uid, u.Gid)
}

// changedIDs is a task with three different users and groups.
func (n *netBench) changedIDs() {
	n.must("setresgid", 1001, 2001, 3001)
	n.must("setresuid", 1000, 2000, 0)
}

// TestPeersSeeTheTask: whoever talks to a task over a unix socket is told its user and group, on either side, also if
// it had to wait; and the tracer's thread is itself again afterwards, also if the call failed.
func TestPeersSeeTheTask(t *testing.T) {
	asRoot(t)
	for _, c := range []struct {
		name       string
		w          who
		before     func(n *netBench)
		seen, sent string
	}{
		{"builder", who{name: "builder", uid: 1000, gid: 1000, groups: []uint32{7}}, func(*netBench) {}, "1000/1000",
			"1000/1000"},
		{"changed", who{name: "root"}, (*netBench).changedIDs, "2000/2001", "1000/1001"},
		{"root", who{name: "root"}, func(*netBench) {}, "0/0", "0/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetBench(t, c.w)
			c.before(n)
			self := standing(t)
			itself := func(when string) {
				t.Helper()
				if errno := n.d.Own(); errno != 0 {
					t.Fatal(errno)
				}
				if now := standing(t); now != self {
					t.Errorf("after %s the tracer's thread is\n%s, it was\n%s", when, now, self)
				}
			}
			for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
				ours, at := server(t, unix.AF_UNIX, kind, atUnix(fmt.Sprintf("\x00peer %d %d", n.tk.pid, kind)))
				fd := n.must("socket", unix.AF_UNIX, kind, 0)
				if v := n.connect(fd, at); v != 0 {
					t.Fatal(v)
				}
				itself("connecting")
				accepted, _, err := unix.Accept4(ours, unix.SOCK_CLOEXEC)
				must(t, err)
				defer unix.Close(accepted)
				if got := peer(t, accepted); got != c.seen {
					t.Errorf("the server sees %s, want %s", got, c.seen)
				}

				// The task as the server.
				fd = n.must("socket", unix.AF_UNIX, kind, 0)
				name := atUnix(fmt.Sprintf("\x00listener %d %d", n.tk.pid, kind))
				n.must("bind", fd, n.put(name), len(name))
				if v := n.call("listen", fd, 5); v != 0 {
					t.Fatal(v)
				}
				itself("listening")
				client, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
				must(t, err)
				defer unix.Close(client)
				if errno := connectRaw(client, name); errno != 0 {
					t.Fatal(errno)
				}
				if got := peer(t, client); got != c.seen {
					t.Errorf("the client sees %s, want %s", got, c.seen)
				}
			}

			// One that waits.
			full, at := n.fullServer(unix.AF_UNIX, unix.SOCK_STREAM, atUnix(fmt.Sprintf("\x00full %d", n.tk.pid)))
			fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
			done := begin(n.later("connect", fd, n.put(at), len(at)), nil)
			stillWaits(t, done)
			itself("leaving to wait")
			last := ""
			for done != nil || last == "" {
				select {
				case v := <-done:
					if v != 0 {
						t.Fatal(v)
					}
					done = nil
				default:
				}
				if a, _, err := unix.Accept4(full, unix.SOCK_CLOEXEC); err == nil {
					last = peer(t, a)
					unix.Close(a)
				} else {
					runtime.Gosched()
				}
			}
			for {
				a, _, err := unix.Accept4(full, unix.SOCK_CLOEXEC)
				if err != nil {
					break
				}
				last = peer(t, a)
				unix.Close(a)
			}
			if last != c.seen {
				t.Errorf("who waited is %s, want %s", last, c.seen)
			}

			// Messages.
			for _, kind := range []int{unix.SOCK_DGRAM, unix.SOCK_STREAM} {
				for name, control := range map[string][]byte{
					"": nil, "with a descriptor": cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0)),
				} {
					theirs, ours, _ := n.mailbox(unix.AF_UNIX, kind)
					must(t, unix.SetsockoptInt(ours, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
					if v := n.sendmsg(theirs, nil, []byte("x"), control, 0); v != 1 {
						t.Fatal(v)
					}
					itself("sending")
					var want string
					for id := range strings.SplitSeq(c.sent, "/") {
						var number int32
						fmt.Sscan(id, &number)
						want += fmt.Sprintf("%x", int32s(number))
					}
					if got := taken(ours); !strings.Contains(got, want+"]") {
						t.Errorf("a message of kind %d %s comes from %s, want ids %s", kind, name, got, want)
					}
				}
			}

			// Failures.
			fd = n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
			for _, bad := range [][]byte{atUnix("\x00nobody is here"), atUnix("/nowhere"), atUnix("/dev/null")} {
				if v := n.connect(fd, bad); v >= 0 {
					t.Errorf("connect to %q: %d", bad, v)
				}
				itself("failing")
			}
			if v := n.call("sendto", fd, n.put([]byte("x")), 1, unix.MSG_NOSIGNAL, 0, 0); v >= 0 {
				t.Error(v)
			}
			itself("failing to send")
		})
	}
}

// TestNobodyIsHalfATask: where the thread cannot take the task's IDs nothing is done, and where it cannot get back
// nothing more is.
func TestNobodyIsHalfATask(t *testing.T) {
	asRoot(t)
	n := newNetBench(t, who{name: "builder", uid: 1000, gid: 1000})
	_, at := server(t, unix.AF_UNIX, unix.SOCK_STREAM, atUnix(fmt.Sprintf("\x00half %d", n.tk.pid)))
	self := standing(t)
	fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if v := n.connect(fd, at); v != 0 {
		t.Fatal(v)
	}
	fd = n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(t, refuseBecoming(1000))
	if v := n.connect(fd, at); v != -int64(unix.EPERM) {
		t.Errorf("connected as somebody else: %d", v)
	}
	if errno := n.d.Own(); errno != 0 {
		t.Fatal(errno)
	}
	if now := standing(t); now != self {
		t.Errorf("the thread is\n%s, it was\n%s", now, self)
	}
	must(t, refuseBecoming(0))
	if errno := n.d.Assume(n.tk.pid); errno != 0 {
		t.Fatal(errno)
	}
	n.d.whole = true // as if it had been
	if errno := n.d.Assume(n.tk.pid); errno != unix.EPERM {
		t.Errorf("acted for somebody in somebody's shoes: %v", errno)
	}
	n.d.whole = false
}

// refuseBecoming has setresuid(2) answer EPERM on the calling thread if the effective ID is that.
func refuseBecoming(uid uint32) error {
	op := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	prog := []unix.SockFilter{
		op(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 0),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(sysSetresuid), Jf: 3},
		op(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 16+8*1+lowHalf),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uid, Jf: 1},
		op(unix.BPF_RET|unix.BPF_K, unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM)),
		op(unix.BPF_RET|unix.BPF_K, unix.SECCOMP_RET_ALLOW),
	}
	return filter(prog)
}

// lowHalf is where the low half of a 64-bit number is.
var lowHalf = func() uint32 {
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 {
		return 4
	}
	return 0
}()

// TestNobodyTakesHoldOfTheActor: while a thread acts for a task of another user, processes of that user can neither
// signal nor trace it, nor look into it.
func TestNobodyTakesHoldOfTheActor(t *testing.T) {
	asRoot(t)
	must(t, unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)) // as the tracer is
	t.Cleanup(func() { unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) })
	n := newNetBench(t, who{name: "builder", uid: 1000, gid: 1000})
	attacker := startTask(t, who{name: "builder", uid: 1000, gid: 1000})
	_, at := n.fullServer(unix.AF_UNIX, unix.SOCK_STREAM, atUnix(fmt.Sprintf("\x00actor %d", n.tk.pid)))
	fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	cancel := make(chan struct{})
	done := begin(n.later("connect", fd, n.put(at), len(at)), cancel)
	actor := 0
	for actor == 0 {
		actor = threadWith(t, "Uid:\t0\t1000\t0\t1000")
	}
	me := unix.Getpid()
	somewhere := append(long(1<<16), long(8)...) // a struct iovec
	for _, c := range []struct {
		name string
		call string
		args []any
	}{
		{"kill", "kill", []any{me, 0}},
		{"tgkill", "tgkill", []any{me, actor, 0}},
		{"ptrace", "ptrace", []any{unix.PTRACE_SEIZE, actor, 0, 0}},
		{"process_vm_readv", "process_vm_readv", []any{actor, somewhere, 1, somewhere, 1, 0}},
		{"prlimit", "prlimit64", []any{actor, unix.RLIMIT_NOFILE, 0, make([]byte, 16)}},
		{"/proc/mem", "openat", []any{unix.AT_FDCWD, fmt.Sprintf("/proc/%d/task/%d/mem", me, actor), unix.O_RDWR, 0}},
		{"/proc/fd", "openat", []any{unix.AT_FDCWD, fmt.Sprintf("/proc/%d/fd", actor), unix.O_RDONLY, 0}},
	} {
		r := attacker.native(c.call, c.args)
		if r.Errno != unix.EPERM && r.Errno != unix.EACCES {
			t.Errorf("%s: %d, %v", c.name, r.Value, r.Errno)
		}
	}
	// The same, of a process that is its own, works: the calls are right.
	if r := attacker.native("tgkill", []any{n.tk.pid, n.tk.pid, 0}); r.Errno != 0 {
		t.Error("control: ", r.Errno)
	}
	close(cancel)
	ends(t, done, -int64(unix.EINTR))
}

// threadWith returns a thread of this process with that line in its status, 0 if there is none.
func threadWith(t testing.TB, line string) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/task")
	must(t, err)
	for _, e := range list {
		text, _ := os.ReadFile("/proc/self/task/" + e.Name() + "/status")
		if strings.Contains(string(text), line+"\n") {
			var tid int
			fmt.Sscan(e.Name(), &tid)
			return tid
		}
	}
	return 0
}
