package deputy

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// ownNetwork puts the calling thread, and what it starts from now on, into a network namespace of its own with a
// loopback interface that is up. Who may not make one stays where he is: the tests use loopback addresses only.
func ownNetwork(t testing.TB) (own bool) {
	t.Helper()
	runtime.LockOSThread() // never unlocked
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return false
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		t.Fatal(err)
	}
	return true
}

// netBench is a bench with a task whose calls on sockets are done by the kernel or by the Deputy.
type netBench struct {
	*bench
	tk     *task
	w      who
	own    bool // the network namespace is the test's own
	native bool
	next   uint64         // where put writes
	signal syscall.Signal // of the last call
	kinds  map[Kind]int   // of all outcomes
	left   map[string]int // calls that were left to the task
	act    actor
	copied Socket
	// malformed: the arguments of the last call were refused before there was anything to do.
	malformed bool
	mailboxes int
	// Of the tests that exchange one for the other.
	friend, victim, friendName, victimName []byte
	dir                                    string
}

// actor is a Deputy or a Hand.
type actor func(call string, s *Socket, inv *syscalls.Invocation) Outcome

func newNetBench(t testing.TB, w who) *netBench {
	t.Helper()
	return newNetBenchWith(t, w, Options{})
}

func newNetBenchWith(t testing.TB, w who, o Options) *netBench {
	t.Helper()
	if os.Geteuid() != 0 {
		w.uid, w.gid = uint32(os.Getuid()), uint32(os.Getgid())
	}
	needsBorrowing(t)
	return netBenchAnywhere(t, w, o)
}

// needsBorrowing skips what needs a copy of a task's socket. What holds without one: TestNothingBorrowed.
func needsBorrowing(t testing.TB) {
	t.Helper()
	if !Borrows() {
		t.Skip("this kernel copies no descriptors of others (pidfd_getfd, Linux 5.6)")
	}
}

// netBenchAnywhere is newNetBenchWith also where sockets cannot be copied.
func netBenchAnywhere(t testing.TB, w who, o Options) *netBench {
	t.Helper()
	own := ownNetwork(t)
	b := newBenchWith(t, o)
	n := &netBench{bench: b, tk: startTask(t, w), w: w, own: own, kinds: map[Kind]int{}, left: map[string]int{}}
	n.act = n.deputy
	n.tk.base, n.tk.memory = n.tk.native("getpid", nil).Base, make([]byte, layout)
	n.reset()
	if errno := n.d.Assume(n.tk.pid); errno != 0 {
		t.Fatal(errno)
	}
	return n
}

// introduced says whether receivers are told the task's process ID: not everybody is introduced, see send_control.go.
func (n *netBench) introduced(rights bool) bool { return n.d.introduces && (!rights || n.w.uid == 0) }

// reset gives back the room of what was put.
func (n *netBench) reset() { n.next = n.tk.base + layout/2 }

// put lays bytes out in the task's memory and returns where.
func (n *netBench) put(b []byte) uint64 {
	n.t.Helper()
	at := n.next
	n.next += uint64(len(b)+63) &^ 63
	if n.next > n.tk.base+layout {
		n.t.Fatal("no room in the task")
	}
	if len(b) > 0 {
		if errno := n.tk.Write(at, b); errno != 0 {
			n.t.Fatal(errno)
		}
	}
	return at
}

// get reads what the task has there now.
func (n *netBench) get(at uint64, length int) []byte {
	n.t.Helper()
	buf := make([]byte, length)
	local := []unix.Iovec{{Base: &buf[0]}}
	local[0].SetLen(length)
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: length}}
	if _, err := unix.ProcessVMReadv(n.tk.pid, local, remote, 0); err != nil {
		n.t.Fatal(err)
	}
	return buf
}

// kernel has the task make a call itself.
func (n *netBench) kernel(name string, args ...any) int64 {
	n.t.Helper()
	r := n.tk.native(name, args)
	if r.Errno != 0 {
		return -int64(r.Errno)
	}
	return int64(r.Value)
}

// must is kernel for what has to work.
func (n *netBench) must(name string, args ...any) int {
	n.t.Helper()
	v := n.kernel(name, args...)
	if v < 0 {
		n.t.Fatalf("%s%v: %v", name, args, syscall.Errno(-v))
	}
	return int(v)
}

// call makes a call on a socket by whoever is to make it.
func (n *netBench) call(name string, args ...any) int64 {
	n.t.Helper()
	if n.native {
		return n.kernel(name, args...)
	}
	inv := n.tk.invocation(arch.Native()[0], name, args)
	return n.answer(n.outcome(&inv), name, args)
}

// answer is what the task gets for an outcome.
func (n *netBench) answer(out Outcome, name string, args []any) int64 {
	n.t.Helper()
	n.kinds[out.Kind]++
	n.signal = out.Signal
	switch out.Kind {
	case Done:
		return out.Value
	case Waits:
		return out.Do(nil)
	case Leave:
		n.left[name]++
		return n.kernel(name, args...)
	}
	n.t.Fatalf("%s%v: outcome of kind %d", name, args, out.Kind)
	return 0
}

// outcome has the Deputy do a call.
func (n *netBench) outcome(inv *syscalls.Invocation) Outcome {
	n.t.Helper()
	n.malformed = false
	if errno := n.judge(n.tk, inv); errno != 0 {
		n.malformed = true
		return done(errno)
	}
	if errno := n.d.Own(); errno != 0 {
		n.t.Fatal(errno)
	}
	var errno syscall.Errno
	if n.copied, errno = n.d.Socket(int(n.acc.Socket.FD)); errno != 0 {
		return done(errno)
	}
	defer n.copied.Close()
	return n.act(n.acc.Socket.Call.Name, &n.copied, inv)
}

func (n *netBench) deputy(call string, s *Socket, inv *syscalls.Invocation) Outcome {
	switch call {
	case "connect":
		return n.d.Connect(s, &n.acc, n.res)
	case "bind":
		return n.d.Bind(s, &n.acc, n.res)
	case "listen":
		return n.d.Listen(s, &n.acc, n.res)
	}
	return n.d.Send(s, inv, n.tk, &n.acc, n.res)
}

// connect connects a socket of the task's.
func (n *netBench) connect(fd int, address []byte) int64 {
	n.t.Helper()
	return n.call("connect", fd, n.put(address), len(address))
}

// sendmsg lays out a message header and sends.
func (n *netBench) sendmsg(fd int, to []byte, payload []byte, control []byte, flags int) int64 {
	n.t.Helper()
	return n.call("sendmsg", fd, n.header(to, payload, control), flags)
}

func (n *netBench) header(to, payload, control []byte) uint64 {
	n.t.Helper()
	var name uint64
	if to != nil {
		name = n.put(to)
	}
	iov := n.put(append(long(n.put(payload)), long(uint64(len(payload)))...))
	var h []byte
	for _, w := range []uint64{name, uint64(len(to)), iov, 1, n.put(control), uint64(len(control)), 0} {
		h = append(h, long(w)...)
	}
	return n.put(h)
}

// longSize is that of a long and of a pointer of this machine's own calls.
const longSize = strconv.IntSize / 8

// long is one, as a task lays it out.
func long(v uint64) []byte {
	if longSize == 4 {
		return binary.NativeEndian.AppendUint32(nil, uint32(v))
	}
	return word64(v)
}

func word64(v uint64) []byte { return binary.NativeEndian.AppendUint64(nil, v) }

// Addresses as the kernel takes them.

func inet4(ip [4]byte, port int) []byte {
	b := binary.NativeEndian.AppendUint16(nil, unix.AF_INET)
	b = binary.BigEndian.AppendUint16(b, uint16(port))
	return append(append(b, ip[:]...), make([]byte, 8)...)
}

func inet6(ip [16]byte, port int) []byte {
	b := binary.NativeEndian.AppendUint16(nil, unix.AF_INET6)
	b = binary.BigEndian.AppendUint16(b, uint16(port))
	b = append(b, 0, 0, 0, 0)
	return append(append(b, ip[:]...), 0, 0, 0, 0)
}

func atUnix(path string) []byte {
	return append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), path...)
}

var (
	lo4    = [4]byte{127, 0, 0, 1}
	lo6    = [16]byte{15: 1}
	mapped = [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}
)

// server makes a socket of the test's that is bound, and listens if it is a stream; and says where it is.
func server(t testing.TB, domain, kind int, at []byte) (fd int, address []byte) {
	t.Helper()
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if errno := bindRaw(fd, at); errno != 0 {
		t.Fatalf("bind %q: %v", at, errno)
	}
	if kind == unix.SOCK_STREAM || kind == unix.SOCK_SEQPACKET {
		if err := unix.Listen(fd, 4096); err != nil {
			t.Fatal(err)
		}
	}
	if path, is := bytes.CutPrefix(at, atUnix("")); is {
		if path, _, _ = bytes.Cut(path, []byte{0}); len(path) > 0 {
			must(t, unix.Chmod(string(path), 0o777))
		}
		return fd, at
	}
	var name [addressMax]byte
	n, errno := addressOf(unix.SYS_GETSOCKNAME, fd, &name)
	if errno != 0 {
		t.Fatal(errno)
	}
	return fd, name[:n:n]
}

// closedPort is an address that nobody is at, and that the kernel gives nobody who does not ask for it: its own ports
// begin at 32768 (ip(7), ip_local_port_range).
func closedPort(t testing.TB, domain, kind int, at []byte) []byte {
	t.Helper()
	closedPorts++
	binary.BigEndian.PutUint16(at[2:], 20000+closedPorts%10000)
	fd, address := server(t, domain, kind, at)
	unix.Close(fd)
	again, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0) // what the cleanup closes
	if err != nil || again != fd {
		t.Fatal("a descriptor was taken meanwhile: ", err)
	}
	return address
}

var closedPorts uint16

// received reads one message that has come, or "" if none has.
func received(fd int) string {
	buf := make([]byte, 64<<10)
	n, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return ""
	}
	return string(buf[:n])
}
