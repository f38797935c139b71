package deputy

import (
	"bytes"
	"encoding/gob"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// A task is a process that calls are done for. It is this test binary again. It can do a call itself, and it can lay the
// arguments of one out in its memory and wait, for a Deputy to do it. Where the two differ the Deputy is wrong.

const taskEnv = "DEPUTY_TASK"

// The main thread is the task: its TID is the PID. In the tests themselves it is none of those that they move to other
// namespaces, as /proc/self shows its own.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	if os.Getenv(taskEnv) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// order is what a task is to do.
type order struct {
	// Native: make the call. Otherwise lay out its arguments.
	Native bool
	Nr     int
	Args   [6]argument
	Room   int // in which part of its memory
	// Instead of a call: change what the task is.
	Chdir   string
	Umask   int
	Uncap   uint64 // capabilities to lose
	Prepare bool
}

// argument is a number, or bytes that the call is given the address of.
type argument struct {
	Number  uint64
	Bytes   []byte
	Pointer bool
}

// result is what came of it.
type result struct {
	Value uint64
	Errno syscall.Errno
	Args  [6]uint64
	Base  uint64
	Bytes [6][]byte // what stands where the arguments point to, after the call
}

type task struct {
	t   testing.TB
	in  *gob.Encoder
	out *gob.Decoder
	pid int

	base   uint64 // where arguments are laid out
	memory []byte // what is there
	laid   []syscalls.Invocation
}

// layout is how much room there is for arguments, in parts of room each.
const (
	layout = 20 * 128 << 10
	room   = layout / 20
)

// who is what a task is.
type who struct {
	name     string
	uid, gid uint32
	groups   []uint32
	umask    int
	uncap    uint64
	inside   bool // root of a user namespace of its own, in which uid and gid are all there is
	sample   int  // of many calls each which is tried: those that are like another need not all be
}

// startTask starts a task. Only root can start one that is somebody else.
func startTask(t testing.TB, w who) *task {
	t.Helper()
	reqR, reqW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ansR, ansW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), taskEnv+"=1")
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{reqR, ansW}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: w.uid, Gid: w.gid, Groups: w.groups}}
	}
	if w.inside {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			Credential:  &syscall.Credential{NoSetGroups: true},
			UidMappings: []syscall.SysProcIDMap{{HostID: int(w.uid), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: int(w.gid), Size: 1}},
		}
	}
	if err := cmd.Start(); err != nil {
		if w.inside {
			t.Skipf("no user namespace can be made: %v", err)
		}
		t.Fatal(err)
	}
	reqR.Close()
	ansW.Close()
	tk := &task{t: t, in: gob.NewEncoder(reqW), out: gob.NewDecoder(ansR), pid: cmd.Process.Pid}
	t.Cleanup(func() {
		reqW.Close()
		ansR.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	tk.do(order{Prepare: true, Umask: w.umask, Uncap: w.uncap})
	return tk
}

func (tk *task) do(o order) result {
	tk.t.Helper()
	var r result
	if err := tk.in.Encode(&o); err != nil {
		tk.t.Fatal("the task does not listen: ", err)
	}
	if err := tk.out.Decode(&r); err != nil {
		tk.t.Fatal("the task does not answer: ", err)
	}
	return r
}

// serve is the life of a task.
func serve() {
	in, out := gob.NewDecoder(os.NewFile(3, "orders")), gob.NewEncoder(os.NewFile(4, "results"))
	memory, err := unix.Mmap(-1, 0, layout, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|mapLow)
	if err != nil {
		panic(err)
	}
	for {
		var o order
		if in.Decode(&o) != nil {
			return
		}
		var r result
		if o.Prepare || o.Chdir != "" {
			r.Errno = change(&o)
		} else {
			use := memory[o.Room*room : (o.Room+1)*room]
			for i, a := range o.Args {
				r.Args[i] = a.Number
				if a.Pointer {
					r.Bytes[i] = use[:len(a.Bytes)]
					copy(use, a.Bytes)
					r.Args[i] = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(use))))
					use = use[(len(a.Bytes)+63)&^63:]
				}
			}
			if o.Native {
				v, _, e := syscall.RawSyscall6(uintptr(o.Nr), uintptr(r.Args[0]), uintptr(r.Args[1]), uintptr(r.Args[2]),
					uintptr(r.Args[3]), uintptr(r.Args[4]), uintptr(r.Args[5]))
				r.Value, r.Errno = uint64(v), e
			}
			r.Base = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
		}
		if out.Encode(&r) != nil {
			return
		}
	}
}

func change(o *order) syscall.Errno {
	if o.Chdir != "" {
		if err := unix.Chdir(o.Chdir); err != nil {
			return err.(syscall.Errno)
		}
		return 0
	}
	unix.Umask(o.Umask)
	if o.Uncap != 0 {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&header, &data[0]); err != nil {
			return err.(syscall.Errno)
		}
		data[0].Effective &^= uint32(o.Uncap)
		data[0].Permitted &^= uint32(o.Uncap)
		data[1].Effective &^= uint32(o.Uncap >> 32)
		data[1].Permitted &^= uint32(o.Uncap >> 32)
		if err := unix.Capset(&header, &data[0]); err != nil {
			return err.(syscall.Errno)
		}
	}
	return 0
}

// Read implements Memory, on a copy of what the task has laid out: everything else is unreadable.
func (tk *task) Read(addr uint64, buf []byte) syscall.Errno {
	if len(buf) == 0 {
		return 0
	}
	from := addr - tk.base
	if addr < tk.base || from >= uint64(len(tk.memory)) || uint64(len(tk.memory))-from < uint64(len(buf)) {
		return unix.EFAULT
	}
	copy(buf, tk.memory[from:])
	return 0
}

// ReadString implements Memory.
func (tk *task) ReadString(addr uint64, buf []byte) (int, syscall.Errno) {
	if addr < tk.base || addr-tk.base >= uint64(len(tk.memory)) {
		return 0, unix.EFAULT
	}
	rest := tk.memory[addr-tk.base:]
	n := bytes.IndexByte(rest[:min(len(rest), len(buf))], 0)
	switch {
	case n >= 0:
		copy(buf, rest[:n+1])
		return n, 0
	case len(rest) < len(buf):
		return 0, unix.EFAULT
	}
	copy(buf, rest)
	return 0, unix.ENAMETOOLONG
}

// Write implements Memory.
func (tk *task) Write(addr uint64, buf []byte) syscall.Errno {
	local := []unix.Iovec{{Base: unsafe.SliceData(buf)}}
	local[0].SetLen(len(buf))
	n, err := unix.ProcessVMWritev(tk.pid, local, []unix.RemoteIovec{{Base: uintptr(addr), Len: len(buf)}}, 0)
	if err != nil || n != len(buf) {
		return unix.EFAULT
	}
	if addr >= tk.base && addr-tk.base < uint64(len(tk.memory)) {
		copy(tk.memory[addr-tk.base:], buf) // what Read looks at
	}
	return 0
}

// invocation lays out a call of an ABI in the task's memory.
func (tk *task) invocation(abi *arch.ABI, name string, args []any) syscalls.Invocation {
	tk.t.Helper()
	return tk.invocationIn(0, abi, name, args)
}

// invocationIn is invocation in another part of the memory, so that several calls can be laid out at once.
func (tk *task) invocationIn(part int, abi *arch.ABI, name string, args []any) syscalls.Invocation {
	tk.t.Helper()
	name, args = withDirectory(abi, name, args)
	nr, ok := syscalls.Number(abi, name)
	if !ok {
		tk.t.Fatalf("%s has no %s", abi, name)
	}
	o := order{Args: arguments(tk.t, args), Room: part}
	r := tk.do(o)
	if tk.memory == nil {
		tk.memory = make([]byte, layout)
	}
	tk.base = r.Base
	for i, a := range o.Args {
		if a.Pointer {
			copy(tk.memory[r.Args[i]-r.Base:], a.Bytes)
		}
	}
	inv, ok := syscalls.Decode(abi, uint64(nr), r.Args)
	if !ok {
		tk.t.Fatalf("%s: %d is not known", abi, nr)
	}
	return inv
}

// arguments makes arguments of strings (paths), bytes, numbers and nil (NULL).
func arguments(t testing.TB, args []any) (out [6]argument) {
	t.Helper()
	for i, a := range args {
		switch a := a.(type) {
		case nil:
		case string:
			out[i] = argument{Bytes: append([]byte(a), 0), Pointer: true}
		case []byte:
			out[i] = argument{Bytes: a, Pointer: true}
		case int:
			out[i] = argument{Number: uint64(int64(a))}
		case uint64:
			out[i] = argument{Number: a}
		default:
			t.Fatalf("argument %d is a %T", i, a)
		}
	}
	return out
}

// native lets the task make a call.
func (tk *task) native(name string, args []any) result {
	tk.t.Helper()
	name, args = withDirectory(arch.Native()[0], name, args)
	nr, ok := syscalls.Number(arch.Native()[0], name)
	if !ok {
		tk.t.Fatalf("no call %s here", name)
	}
	return tk.do(order{Native: true, Nr: int(nr), Args: arguments(tk.t, args)})
}

// chdir moves the task.
func (tk *task) chdir(dir string) {
	tk.t.Helper()
	if r := tk.do(order{Chdir: dir}); r.Errno != 0 {
		tk.t.Fatalf("chdir %s: %v", dir, r.Errno)
	}
}

func (r *result) String() string {
	if r.Errno != 0 {
		return r.Errno.Error()
	}
	return strconv.FormatUint(r.Value, 10)
}
