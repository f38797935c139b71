package pathres

import (
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// A twin is a process whose names are resolved. It is this test binary again, does what it is asked to its own root,
// working directory and descriptors, and says where the kernel itself takes its names.

const (
	twinEnv      = "PATHRES_TWIN"
	namespaceEnv = "PATHRES_NAMESPACE"
)

func init() {
	if os.Getenv(twinEnv) != "" {
		runtime.LockOSThread() // the main thread is the task: its TID is the PID
	}
}

// TestMain moves the tests into a mount namespace of their own, as root or as root of a new user namespace, so that
// they can mount and chroot.
func TestMain(m *testing.M) {
	if os.Getenv(twinEnv) != "" {
		serve()
		return
	}
	if os.Getenv(namespaceEnv) == "" && !strings.Contains(strings.Join(os.Args, " "), "-test.fuzzworker") {
		if code, ok := inNamespace(); ok {
			os.Exit(code)
		}
	}
	if os.Getenv(namespaceEnv) != "" {
		if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			fmt.Fprintln(os.Stderr, "make mounts private:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// inNamespace runs the tests in a namespace; ok is false if none can be had.
func inNamespace() (code int, ok bool) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), namespaceEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	err := cmd.Start()
	if err != nil {
		return 0, false
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return cmd.ProcessState.ExitCode(), true
}

// namespaces skips a test that must mount or chroot where the kernel lets it do neither.
func namespaces(t testing.TB) {
	t.Helper()
	if os.Getenv(namespaceEnv) == "" {
		t.Skip("neither CAP_SYS_ADMIN nor user namespaces (clone failed): mounts and chroots cannot be made")
	}
}

// ask is what a twin is to do.
type ask struct {
	Op      string
	Path    string
	Dirfd   int
	Flags   int
	Resolve uint64
	PID     int
}

// answer is what came of it.
type answer struct {
	Errno    syscall.Errno
	FD       int
	Dev, Ino uint64
	Mode     uint32
	TID      int
	Object   access.Object
}

type twin struct {
	t   testing.TB
	cmd *exec.Cmd
	in  *gob.Encoder
	out *gob.Decoder
	pid int
}

// spawn starts a twin. adjust may change how; nil if not.
func spawn(t testing.TB, adjust func(*exec.Cmd)) *twin {
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
	cmd.Env = append(os.Environ(), twinEnv+"=1", "GORACE=atexit_sleep_ms=0") // else each takes a second to end
	cmd.ExtraFiles = []*os.File{reqR, ansW}
	cmd.Stderr = os.Stderr
	cmd.Dir = "/"
	if adjust != nil {
		adjust(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start a twin: %v", err)
	}
	reqR.Close()
	ansW.Close()
	t.Cleanup(func() {
		reqW.Close()
		ansR.Close()
		cmd.Wait()
	})
	return &twin{t: t, cmd: cmd, in: gob.NewEncoder(reqW), out: gob.NewDecoder(ansR), pid: cmd.Process.Pid}
}

// try asks the twin to do something that may fail.
func (tw *twin) try(a ask) answer {
	tw.t.Helper()
	var ans answer
	if err := tw.in.Encode(&a); err != nil {
		tw.t.Fatalf("ask twin: %v", err)
	}
	if err := tw.out.Decode(&ans); err != nil {
		tw.t.Fatalf("twin's answer to %+v: %v", a, err)
	}
	return ans
}

// do asks for something that must work.
func (tw *twin) do(a ask) answer {
	tw.t.Helper()
	ans := tw.try(a)
	if ans.Errno != 0 {
		tw.t.Fatalf("twin: %+v: %v", a, ans.Errno)
	}
	return ans
}

func (tw *twin) chdir(path string) { tw.t.Helper(); tw.do(ask{Op: "chdir", Path: path}) }

// open opens a path in the twin and returns the descriptor's number there.
func (tw *twin) open(path string, flags int) int {
	tw.t.Helper()
	return tw.do(ask{Op: "open", Dirfd: unix.AT_FDCWD, Path: path, Flags: flags}).FD
}

// serve is a twin's life.
func serve() {
	in, out := gob.NewDecoder(os.NewFile(3, "asks")), gob.NewEncoder(os.NewFile(4, "answers"))
	thread := make(chan func())
	for {
		var a ask
		if in.Decode(&a) != nil {
			return
		}
		var ans answer
		switch a.Op {
		case "thread": // a thread with a working directory of its own
			done := make(chan error)
			go func() {
				runtime.LockOSThread()
				ans.TID = unix.Gettid()
				done <- errors.Join(unix.Unshare(unix.CLONE_FS), unix.Chdir(a.Path))
				for f := range thread {
					f()
				}
			}()
			ans.set(<-done)
		case "thread probe":
			done := make(chan bool)
			thread <- func() { ans = a.perform(); done <- true }
			<-done
		default:
			ans = a.perform()
		}
		if out.Encode(&ans) != nil {
			return
		}
	}
}

func (ans *answer) set(err error) {
	if err != nil && !errors.As(err, &ans.Errno) {
		ans.Errno = unix.EPROTO
	}
}

// perform carries out a request on the present thread.
func (a *ask) perform() (ans answer) {
	var err error
	switch a.Op {
	case "chdir":
		err = unix.Chdir(a.Path)
	case "fchdir":
		err = unix.Fchdir(a.Dirfd)
	case "chroot":
		err = unix.Chroot(a.Path)
	case "mkdir":
		err = unix.Mkdirat(a.Dirfd, a.Path, 0o777)
	case "unlink":
		err = unix.Unlinkat(a.Dirfd, a.Path, a.Flags)
	case "mount":
		kind := "tmpfs"
		if a.Flags != 0 {
			kind = "proc"
		}
		err = unix.Mount("none", a.Path, kind, 0, "")
	case "open":
		ans.FD, err = unix.Openat(a.Dirfd, a.Path, a.Flags|unix.O_CLOEXEC, 0o666)
	case "close":
		err = unix.Close(a.Dirfd)
	case "pipe":
		var p [2]int
		err = unix.Pipe(p[:])
		ans.FD = p[1]
	case "socket":
		ans.FD, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	case "epoll":
		ans.FD, err = unix.EpollCreate1(0)
	case "memfd":
		ans.FD, err = unix.MemfdCreate(a.Path, 0)
	case "undumpable":
		err = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	case "weaken": // gives up searching what the mode forbids
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var sets [2]unix.CapUserData
		err = unix.Capget(&header, &sets[0])
		sets[0].Effective &^= 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH
		err = errors.Join(err, unix.Capset(&header, &sets[0]))
	case "probe", "thread probe", "create":
		err = a.probe(&ans)
	case "resolve":
		var r *Resolver
		if r, err = New(); err == nil {
			r.Task(a.PID, a.PID)
			r.Resolve(0, &access.Name{Dirfd: int32(a.Dirfd), UnsafePath: []byte(a.Path), Follow: true,
				FD: a.Path == ""}, &ans.Object)
			ans.Object.Path = append([]byte(nil), ans.Object.Path...)
			r.Close()
		}
	default:
		err = unix.ENOSYS
	}
	ans.set(err)
	return ans
}

// probe says where the kernel takes a name.
func (a *ask) probe(ans *answer) error {
	how := unix.OpenHow{Flags: uint64(a.Flags), Resolve: a.Resolve}
	if a.Op == "create" {
		how.Mode = 0o666
	}
	fd, err := unix.Openat2(a.Dirfd, a.Path, &how)
	if err == unix.ENOSYS {
		fd, err = unix.Openat(a.Dirfd, a.Path, a.Flags, 0o666)
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	ans.Dev, ans.Ino, ans.Mode = st.Dev, st.Ino, st.Mode
	return err
}
