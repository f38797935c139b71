package deputy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// TestSocket copies descriptors of a task.
func TestSocket(t *testing.T) {
	n := newNetBench(t, anyone())
	pipe := n.put(make([]byte, 8))
	n.must("pipe2", pipe, 0)
	notSocket := int(n.get(pipe, 4)[0])
	tcp := n.must("socket", unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	pathOnly := n.must("openat", unix.AT_FDCWD, "/", unix.O_PATH, 0)
	for _, c := range []struct {
		fd   int
		want unix.Errno
	}{
		{-1, unix.EBADF}, {-100, unix.EBADF}, {999, unix.EBADF}, {notSocket, unix.ENOTSOCK},
		{pathOnly, unix.EBADF}, {tcp, 0},
	} {
		s, errno := n.d.Socket(c.fd)
		if errno != c.want {
			t.Errorf("%d: %v, want %v", c.fd, errno, c.want)
		}
		if (s.FD >= 0) != (errno == 0) {
			t.Errorf("%d: %v, and descriptor %d", c.fd, errno, s.FD)
		}
		s.Close()
	}
	s, errno := n.d.Socket(tcp)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer s.Close()
	var st unix.Stat_t
	must(t, unix.Fstat(s.FD, &st))
	if s.Domain != unix.AF_INET6 || s.Type != unix.SOCK_STREAM || s.Protocol != unix.IPPROTO_TCP || s.Inode != st.Ino {
		t.Errorf("it is %+v", s)
	}
	if s.Blocking() || s.Connected() || s.Listening() || s.Local().Port() != 0 {
		t.Errorf("blocking %v, connected %v, listening %v, local %v", s.Blocking(), s.Connected(), s.Listening(), s.Local())
	}
	n.must("fcntl", tcp, unix.F_SETFL, 0)
	at := inet6(mapped, 0)
	n.must("bind", tcp, n.put(at), len(at))
	if local := s.Local(); !s.Blocking() || local.Addr() != netip.MustParseAddr("127.0.0.1") || local.Port() == 0 {
		t.Errorf("blocking %v, local %v", s.Blocking(), local)
	}
	n.must("listen", tcp, 1)
	if !s.Listening() || s.Connected() {
		t.Error("it does not listen")
	}
	client, _, _ := n.mailbox(unix.AF_UNIX, unix.SOCK_STREAM)
	c, errno := n.d.Socket(client)
	if errno != 0 || !c.Connected() || c.Local() != (netip.AddrPort{}) {
		t.Errorf("%v, connected %v, local %v", errno, c.Connected(), c.Local())
	}
	c.Close()
}

// TestNothingBorrowed: where no descriptor can be copied every look at one says so, whatever it is, for the sandbox to
// leave the call to the task and say that it did; only the number that no descriptor has is told at once.
func TestNothingBorrowed(t *testing.T) {
	n := netBenchAnywhere(t, anyone(), Options{})
	fd := n.must("socket", unix.AF_INET, unix.SOCK_STREAM, 0)
	_, errno := n.d.Socket(fd)
	_, whole := Descriptor(n.tk.pid, n.tk.pid, int32(fd))
	want := unix.Errno(0)
	if !Borrows() {
		want = unix.ENOSYS
	}
	if errno != want || whole != want {
		t.Errorf("copies are to be had: %v; a socket is %v, a descriptor %v", Borrows(), errno, whole)
	}
}

// TestSocketOfTheDead tells a task that is gone from one that may not be looked into.
func TestSocketOfTheDead(t *testing.T) {
	n := newNetBench(t, anyone())
	fd := n.must("socket", unix.AF_INET, unix.SOCK_STREAM, 0)
	if os.Geteuid() == 0 {
		// A tracer without CAP_SYS_PTRACE, and a task of another user's.
		must(t, setEffective(n.d.own.effective&^(1<<unix.CAP_SYS_PTRACE)))
		if _, errno := Descriptor(n.tk.pid, n.tk.pid, int32(fd)); errno != unix.EPERM {
			t.Errorf("of a task that may not be looked into: %v", errno)
		}
		must(t, setEffective(n.d.own.effective))
	}
	must(t, unix.Kill(n.tk.pid, unix.SIGKILL))
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, errno := Descriptor(n.tk.pid, n.tk.pid, int32(fd)); errno == unix.ESRCH {
			return
		}
	}
	_, errno := n.d.Socket(fd)
	t.Errorf("of a dead task: %v", errno)
}

func setEffective(caps uint64) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	data[0].Effective, data[1].Effective = uint32(caps), uint32(caps>>32)
	return unix.Capset(&header, &data[0])
}

// TestDescriptorOfAThread: a thread may have a table of its own. Where it cannot be asked for it is not taken for its
// process's.
func TestDescriptorOfAThread(t *testing.T) {
	needsBorrowing(t)
	for _, old := range []bool{false, true} {
		if !old && !hasThreadPidfd() {
			continue
		}
		shared, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		must(t, err)
		defer unix.Close(shared)
		ready, finish := make(chan int), make(chan struct{})
		go func() {
			runtime.LockOSThread() // never unlocked: its table goes with it
			if err := unix.Unshare(unix.CLONE_FILES); err != nil {
				t.Error(err)
			}
			own, err := unix.Open("/dev/zero", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err == nil {
				err = unix.Dup3(own, shared, unix.O_CLOEXEC)
			}
			if err != nil {
				t.Error(err)
			}
			ready <- unix.Gettid()
			<-finish
		}()
		tid := <-ready
		runtime.LockOSThread() // never unlocked
		if old {
			must(t, refuseThreadPidfds())
		}
		fd, errno := Descriptor(tid, unix.Getpid(), int32(shared))
		switch {
		case old:
			if errno != unix.ENOSYS {
				t.Errorf("on an old kernel: %d, %v", fd, errno)
			}
			same, errno := Descriptor(unix.Gettid(), unix.Getpid(), int32(shared))
			if errno != 0 {
				t.Error("a thread that shares the table: ", errno)
			}
			unix.Close(same)
			if _, errno := Descriptor(unix.Gettid(), unix.Getpid(), 987); errno != unix.EBADF {
				t.Error("no such descriptor: ", errno)
			}
		case errno != 0:
			t.Error(errno)
		default:
			var st unix.Stat_t
			must(t, unix.Fstat(fd, &st))
			if unix.Minor(uint64(st.Rdev)) != 5 { // /dev/zero
				t.Error("it is the process's")
			}
			unix.Close(fd)
		}
		close(finish)
	}
}

// refuseThreadPidfds has the calling thread meet a kernel before 6.9.
func refuseThreadPidfds() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_PIDFD_OPEN, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16 + 8*1 + lowHalf},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.PIDFD_THREAD, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	return filter(prog)
}

// TestMuffled: a socket that must hear this machine alone has its filter before it hears anything.
func TestMuffled(t *testing.T) {
	n := newNetBench(t, anyone())
	n.act = func(call string, s *Socket, inv *syscalls.Invocation) Outcome {
		s.Muffled = true
		return n.deputy(call, s, inv)
	}
	anywhere := inet4([4]byte{}, 0)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		fd := n.must("socket", unix.AF_INET, kind, 0)
		if v := n.call("bind", fd, n.put(anywhere), len(anywhere)); v != 0 {
			t.Fatal(v)
		}
		if got := n.muffled(fd); got != (kind == unix.SOCK_DGRAM) {
			t.Errorf("kind %d: after bind muffled is %v", kind, got)
		}
		if kind == unix.SOCK_STREAM {
			if v := n.call("listen", fd, 1); v != 0 {
				t.Fatal(v)
			}
			if !n.muffled(fd) {
				t.Error("it listens to all")
			}
		}
	}
	// One that cannot be muffled is not bound.
	mptcp := n.kernel("socket", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	if mptcp < 0 {
		return
	}
	if v := n.call("listen", int(mptcp), 1); v >= 0 {
		t.Error("MPTCP listens to all")
	}
}

func (n *netBench) muffled(fd int) bool {
	n.t.Helper()
	s, errno := n.d.Socket(fd)
	if errno != 0 {
		n.t.Fatal(errno)
	}
	defer s.Close()
	program, errno := socketFilter(s.FD)
	index, _ := getOption(s.FD, unix.SO_BINDTOIFINDEX)
	return errno == 0 && startsLocal(program) || index == loopbackIndex
}

// TestNetlinkPort: a netlink socket gets the port that the kernel would have given the task.
func TestNetlinkPort(t *testing.T) {
	n := newNetBench(t, anyone())
	any := anyPort(kinds[len(kinds)-1])
	port := func(fd int) uint32 {
		s, errno := n.d.Socket(fd)
		if errno != 0 {
			t.Fatal(errno)
		}
		defer s.Close()
		var name [addressMax]byte
		if _, errno := addressOf(unix.SYS_GETSOCKNAME, s.FD, &name); errno != 0 {
			t.Fatal(errno)
		}
		return binary.NativeEndian.Uint32(name[4:])
	}
	for _, native := range []bool{true, false} {
		n.native = native
		first := n.must("socket", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
		second := n.must("socket", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
		for _, fd := range []int{first, second} {
			if v := n.call("bind", fd, n.put(any), len(any)); v != 0 {
				t.Fatal(v)
			}
		}
		again := n.call("bind", first, n.put(any), len(any))
		if port(first) != uint32(n.tk.pid) || port(second) == 0 || port(second) == port(first) || again != -int64(unix.EINVAL) {
			t.Errorf("native %v: ports %d and %d, the task is %d; bound again %d", native, port(first), port(second), n.tk.pid, again)
		}
		n.must("close", first)
		n.must("close", second)
	}
}

// TestGiveUp: who does not wait has nothing done, or what was done already, and leaves nothing behind.
func TestGiveUp(t *testing.T) {
	n := newNetBench(t, anyone())
	_, at := n.fullServer(unix.AF_UNIX, unix.SOCK_STREAM, atUnix(fmt.Sprintf("\x00give up %d", n.tk.pid)))
	fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	theirs, ours, _ := n.mailbox(unix.AF_INET, unix.SOCK_STREAM)
	data := pattern(600_000)
	iov := bytes.Repeat(append(long(n.put(data)), long(uint64(len(data)))...), 30)
	header := n.put(bytes.Join([][]byte{long(0), long(0), long(n.put(iov)), long(30), long(0), long(0), long(0)},
		nil))
	g, d, threads := resources(t)
	out := n.later("connect", fd, n.put(at), len(at))
	if v := out.GiveUp(); v != -int64(unix.EINTR) {
		t.Errorf("connect: %d", v)
	}
	out = n.later("sendmsg", theirs, header, 0)
	v := out.GiveUp()
	if v <= 0 {
		t.Fatalf("sendmsg: %d", v)
	}
	readAll(t, ours, int(v))
	nothingMore(t, ours)
	leftBehind(t, g, d, threads)
}
