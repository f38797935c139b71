package landlock

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attempts are what a child can try, by name. Each returns the errno it met.
var attempts = map[string]func(args []string) error{
	"write":    func(a []string) error { return open(a[0], unix.O_WRONLY) },
	"append":   func(a []string) error { return open(a[0], unix.O_WRONLY|unix.O_APPEND) },
	"update":   func(a []string) error { return open(a[0], unix.O_RDWR) },
	"read":     func(a []string) error { return open(a[0], unix.O_RDONLY) },
	"content":  content,
	"empty":    func(a []string) error { return open(a[0], unix.O_RDONLY|unix.O_TRUNC) },
	"tmpfile":  func(a []string) error { return open(a[0], unix.O_WRONLY|unix.O_TMPFILE) },
	"make":     func(a []string) error { return open(a[0], unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL) },
	"truncate": func(a []string) error { return unix.Truncate(a[0], 0) },
	"mkdir":    func(a []string) error { return unix.Mkdir(a[0], 0o755) },
	"mkfifo":   func(a []string) error { return unix.Mknod(a[0], unix.S_IFIFO|0o644, 0) },
	"mkfile":   func(a []string) error { return unix.Mknod(a[0], unix.S_IFREG|0o644, 0) },
	"mksock":   func(a []string) error { return unix.Mknod(a[0], unix.S_IFSOCK|0o644, 0) },
	"mkchar":   func(a []string) error { return unix.Mknod(a[0], unix.S_IFCHR|0o644, 0x103) },
	"mkblock":  func(a []string) error { return unix.Mknod(a[0], unix.S_IFBLK|0o644, 0x103) },
	"symlink":  func(a []string) error { return unix.Symlink("to", a[0]) },
	"link":     func(a []string) error { return unix.Link(a[0], a[1]) },
	"rename":   func(a []string) error { return unix.Rename(a[0], a[1]) },
	"exchange": func(a []string) error {
		return unix.Renameat2(unix.AT_FDCWD, a[0], unix.AT_FDCWD, a[1], unix.RENAME_EXCHANGE)
	},
	"unlink": func(a []string) error { return unix.Unlink(a[0]) },
	"rmdir":  func(a []string) error { return unix.Rmdir(a[0]) },
	"bind":   bindTo,
	"reopen": func(a []string) error { return open("/proc/self/fd/"+a[0], unix.O_WRONLY) },
	"creatat": func(a []string) error {
		fd, err := unix.Openat(number(a[0]), a[1], unix.O_WRONLY|unix.O_CREAT, 0o644)
		return closing(fd, err)
	},
	"memfd": func([]string) error {
		fd, err := unix.MemfdCreate("m", 0)
		if err != nil {
			return err
		}
		return open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDWR)
	},
	"queue":    queue,
	"mount":    func(a []string) error { return unix.Mount(a[0], a[0], "", unix.MS_BIND, "") },
	"kill":     func(a []string) error { return unix.Kill(number(a[0]), unix.Signal(number(a[1]))) },
	"tgkill":   func(a []string) error { return unix.Tgkill(number(a[0]), number(a[0]), unix.SIGCONT) },
	"pidfd":    pidfdSignal,
	"owner":    ownerSignal,
	"children": signalChildren,
	"parent":   signalParent,
	"last":     last,
	"group":    signalGroup,
	"threads":  signalThreads,
	"nested":   signalFromNested,
	"attach":   func(a []string) error { return unix.PtraceSeize(number(a[0])) },
	"vmread":   func(a []string) error { return vmRead(number(a[0])) },
	"getfd":    func(a []string) error { return getFD(number(a[0])) },
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func open(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o644)
	return closing(fd, err)
}

// content reads a byte: some files of /proc/PID can be opened by anybody and read by few.
func content(a []string) error {
	fd, err := unix.Open(a[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Read(fd, make([]byte, 1))
	return err
}

func closing(fd int, err error) error {
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func bindTo(a []string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrUnix{Name: a[0]})
}

func pidfdSignal(a []string) error {
	fd, err := unix.PidfdOpen(number(a[0]), 0)
	if err != nil {
		return err
	}
	return unix.PidfdSendSignal(fd, unix.SIGCONT, nil, 0)
}

// ownerSignal lets a pipe that becomes readable signal its owner. Whether the signal arrives nobody here is told.
func ownerSignal(a []string) error {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETOWN, number(a[0])); err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETFL, unix.O_NONBLOCK|unix.O_ASYNC); err != nil {
		return err
	}
	_, err := unix.Write(p[1], []byte{1})
	return err
}

// signalChildren stops, continues and kills a child, as a shell does with its jobs, and lets the child signal its
// parent.
func signalChildren([]string) error {
	got := make(chan os.Signal, 1)
	signal.Notify(got, unix.SIGUSR1)
	pid, err := startProcess("/proc/self/exe", childName, spellRuleset(&Ruleset{}), "parent")
	if err != nil {
		return err
	}
	select {
	case <-got:
	case <-time.After(5 * time.Minute):
		return errors.New("the parent was not signalled")
	}
	for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGCONT, unix.SIGKILL} {
		if err := unix.Kill(-pid, sig); err != nil {
			return err
		}
	}
	var ws unix.WaitStatus
	_, err = unix.Wait4(pid, &ws, 0, nil)
	return err
}

// signalParent signals this process's parent and lasts until it is killed.
func signalParent([]string) error {
	if err := unix.Kill(os.Getppid(), unix.SIGUSR1); err != nil {
		return err
	}
	for {
		time.Sleep(time.Hour)
	}
}

// last says that it runs and waits to be killed, by any signal: the runtime survives some.
func last([]string) error {
	for _, sig := range []unix.Signal{unix.SIGIO, unix.SIGUSR2, unix.SIGTERM} {
		var byDefault [64]byte // struct sigaction, which is larger nowhere; SIG_DFL is 0
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&byDefault)), 0, 8,
			0, 0); errno != 0 {
			return errno
		}
	}
	if _, err := os.Stdout.WriteString("started\n"); err != nil {
		return err
	}
	for {
		time.Sleep(time.Hour)
	}
}

// startProcess starts a program in a group of its own, from this thread.
func startProcess(path string, argv ...string) (int, error) {
	p, err := os.StartProcess(path, argv, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{nil, os.Stdout, os.Stderr}, Sys: &unix.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, err
	}
	return p.Pid, nil
}

// signalGroup is kill(0): who is outside in the same group is passed over without an error.
func signalGroup([]string) error {
	got := make(chan os.Signal, 1)
	signal.Notify(got, unix.SIGUSR2)
	if err := unix.Kill(0, unix.SIGUSR2); err != nil {
		return err
	}
	<-got
	return nil
}

// signalThreads signals every other thread of this process. Only this one is in the domain: they were there before.
func signalThreads([]string) error {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	if len(entries) < 2 {
		return errors.New("the Go runtime has one thread")
	}
	for _, e := range entries {
		if err := unix.Tgkill(os.Getpid(), number(e.Name()), 0); err != nil {
			return err
		}
	}
	return nil
}

// signalFromNested lets a process in a further domain signal this one, which is in the domain around it.
func signalFromNested([]string) error { return further("kill", strconv.Itoa(os.Getpid()), "0") }

// further has a process in a further domain try something.
func further(what string, args ...string) error {
	ruleset := spellRuleset(&Ruleset{Handled: MakeFIFO})
	p, err := os.StartProcess("/proc/self/exe", append([]string{childName, ruleset, what}, args...),
		&os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err == nil && state.ExitCode() != 0 {
		return unix.Errno(state.ExitCode())
	}
	return err
}

// queue makes and opens a POSIX message queue, which is a file that has no path.
func queue([]string) error {
	name, err := unix.BytePtrFromString(fmt.Sprintf("sydbox-test-%d", os.Getpid()))
	if err != nil {
		return err
	}
	const flags = unix.O_RDWR | unix.O_CREAT
	fd, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), flags, 0o600, 0, 0, 0)
	// Where it may not be opened it has been made all the same.
	_, _, _ = unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

func vmRead(pid int) error {
	var b [8]byte
	local := []unix.Iovec{{Base: &b[0], Len: 8}}
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return err
	}
	start, _, _ := strings.Cut(string(maps), "-")
	addr, err := strconv.ParseUint(start, 16, 64)
	if err != nil {
		return err
	}
	_, err = unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: uintptr(addr), Len: 8}}, 0)
	return err
}

func getFD(pid int) error {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	fd, err := unix.PidfdGetfd(pidfd, 0, 0)
	return closing(fd, err)
}
