package tracer

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// giver answers the calls that wait for a descriptor. A goroutine reads the listener; ptrace is none of its business,
// so it needs no particular thread, and the tracer goes on with other stops meanwhile. Where there are none the tracer's
// thread answers itself (quick).
//
// It answers nothing but what the tracer has put there for the very task that asks, by its TID. A call for which nothing
// is there was made by a program that knows the private number: ENOSYS, as for any number that does not exist.
type giver struct {
	listener int
	wake     int // eventfd that ends the goroutine
	late     int // epoll that the goroutine waits at: for listener and wake
	quick    quick
	taking   sync.Mutex // held by who answers those that ask
	control  *Control
	// byNumber: no filter of anybody else looks at the calls, so the private number may be used.
	byNumber bool
	done     chan struct{}

	mu    sync.Mutex
	gifts map[int]*gift // by TID
	fault string        // a panic's text
}

// newGiver starts answering on listener, which it owns from now on. nil if this kernel or machine cannot give: it lacks
// ADDFD (before 5.9), or nobody has written down its registers.
func newGiver(listener int, control *Control) *giver {
	r := &giver{
		listener: listener, wake: -1, late: -1, quick: quick{epoll: -1}, control: control, byNumber: !filtered(),
		done: make(chan struct{}), gifts: map[int]*gift{},
	}
	if !canGive() || !notifySizesFit() || !r.adds() || !r.listen() {
		r.close()
		return nil
	}
	wakeHere(listener)
	go func() {
		defer close(r.done)
		r.guarded("the goroutine that gives descriptors", r.receive)
	}()
	return r
}

// listen gets ready to hear of notifications. The kernel wakes the first who waits (EPOLLEXCLUSIVE), in the order in which
// they came here: the tracer's thread, if it does, else the goroutine.
func (r *giver) listen() bool {
	r.quick.listen(r.listener)
	var err error
	if r.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		return false
	}
	if r.late, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return false
	}
	return watches(r.late, r.listener, unix.EPOLLIN|unix.EPOLLEXCLUSIVE) && watches(r.late, r.wake, unix.EPOLLIN)
}

// watches adds a descriptor to an epoll.
func watches(epoll, fd int, events uint32) bool {
	return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}) == nil
}

func (r *giver) close() {
	for _, fd := range []int{r.quick.epoll, r.late, r.wake, r.listener} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// canGive says whether the registers of this machine's calls are known.
func canGive() bool {
	abis := arch.Native()
	return len(abis) > 0 && abis[0].Regs != nil
}

// adds asks the kernel for SECCOMP_IOCTL_NOTIF_ADDFD: it looks at the descriptor before it looks for a notification.
func (r *giver) adds() bool {
	_, errno := addDescriptor(r.listener, 0, -1, false)
	return errno == unix.EBADF
}

// filtered says whether the calling thread runs under a seccomp filter already, which the tree inherits.
func filtered() bool {
	status, err := os.ReadFile("/proc/thread-self/status")
	return err != nil || !strings.Contains(string(status), "\nSeccomp:\t0\n")
}

// receive answers what nobody else does until stop is called or nobody is left who could ask.
func (r *giver) receive() {
	var n notification
	var events [2]unix.EpollEvent
	wait, end := waiter(r.late)
	defer end()
	for {
		k, err := wait(events[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			panic(fmt.Errorf("wait for the seccomp listener: %w", err))
		}
		for _, e := range events[:k] {
			if int(e.Fd) == r.wake {
				return
			}
		}
		r.taking.Lock()
		r.answerAll(&n)
		r.taking.Unlock()
		if events[0].Events&unix.EPOLLHUP != 0 {
			return // the last task that has the filter is gone
		}
	}
}

// waiter returns what waits at an epoll, through the runtime's poller: a goroutine in a system call has a processor, which
// the monitor wants back, and looks every 20 µs for a while whether there are more (ticker_unsafe.go).
func waiter(epoll int) (wait func(events []unix.EpollEvent) (n int, err error), end func()) {
	none := func() {}
	blocking := func(events []unix.EpollEvent) (int, error) { return unix.EpollWait(epoll, events, -1) }
	fd, err := unix.FcntlInt(uintptr(epoll), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return blocking, none
	}
	if err := unix.SetNonblock(fd, true); err != nil { // for os.NewFile: it shall be polled
		unix.Close(fd)
		return blocking, none
	}
	file := os.NewFile(uintptr(fd), "epoll")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return blocking, none
	}
	return func(events []unix.EpollEvent) (n int, err error) {
		failed := conn.Read(func(uintptr) bool {
			n, err = unix.EpollWait(epoll, events, 0)
			return n != 0 || err != nil
		})
		if failed != nil {
			return blocking(events)
		}
		return n, err
	}, func() { file.Close() }
}

// answerAll answers every call that waits, and waits for none.
//
// Precondition: taking is held.
func (r *giver) answerAll(n *notification) {
	for {
		taken, errno := r.take(n)
		switch {
		case !taken:
			return
		case errno == 0:
			if g := r.find(int(n.pid)); g == nil || !g.asked(n.id) {
				_ = answerNotification(r.listener, n.id, -int64(unix.ENOSYS)) // ENOENT: it waits no more
			}
		case errno == unix.ENOENT, errno == unix.EINTR: // it waits no more
		default:
			panic(fmt.Errorf("receive from the seccomp listener: %w", errno))
		}
	}
}

// take receives a notification if there is one. To receive one that somebody else has taken meanwhile would be to wait
// for the next.
//
// Precondition: taking is held.
func (r *giver) take(n *notification) (taken bool, errno syscall.Errno) {
	fds := [1]unix.PollFd{{Fd: int32(r.listener), Events: unix.POLLIN}}
	if _, err := unix.Poll(fds[:], 0); err != nil && err != unix.EINTR {
		panic(fmt.Errorf("poll the seccomp listener: %w", err))
	}
	switch {
	case fds[0].Revents&unix.POLLIN != 0:
		return true, takeNotification(r.listener, n)
	case fds[0].Revents&unix.POLLNVAL != 0:
		panic("somebody closed the seccomp listener")
	}
	return false, 0 // POLLERR: a signal came while the kernel looked (seccomp_notify_poll)
}

// guarded calls f where no caller would notice a panic: it kills the tree, and Run panics with it. Ending the goroutine
// (runtime.Goexit) counts as one.
func (r *giver) guarded(what string, f func()) {
	ended := false
	defer func() {
		p := recover()
		if ended {
			return
		}
		r.mu.Lock()
		if r.fault == "" {
			r.fault = fmt.Sprintf("%s: %v\n\n%s", what, p, debug.Stack())
		}
		r.mu.Unlock()
		r.control.KillTree()
	}()
	f()
	ended = true
}

func (r *giver) find(tid int) *gift {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gifts[tid]
}

// add makes the gift of a task, which it keeps until it dies: giving then allocates nothing.
func (r *giver) add(tid int) *gift {
	g := &gift{giver: r, tid: tid}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gifts[tid] = g
	return g
}

// forget is for a task that died.
func (r *giver) forget(g *gift) {
	r.mu.Lock()
	if r.gifts[g.tid] == g {
		delete(r.gifts, g.tid)
	}
	r.mu.Unlock()
	g.withdraw()
}

// stop ends the goroutine and gives back what is held. It returns the text of a panic, if there was one. An Open that
// still runs is cancelled but not waited for: its goroutine holds nothing of the giver's any more.
func (r *giver) stop() (fault string) {
	_, _ = unix.Write(r.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // cannot be full
	<-r.done
	r.mu.Lock()
	gifts := r.gifts
	r.gifts = nil
	fault = r.fault
	r.mu.Unlock()
	for _, g := range gifts {
		g.withdraw()
	}
	r.close()
	return fault
}
