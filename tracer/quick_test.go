package tracer

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestGiveLate: the same where the tracer's thread has something else to do each time, so that the goroutine answers.
func TestGiveLate(t *testing.T) {
	needsGive(t)
	onlyLate = true
	defer func() { onlyLate = false }()
	for _, args := range [][]string{{"plain"}, {"signals", "200", "2000"}, {"threads", "300"}, {"children"}, {"write_and_run"},
		{"stops"}, {"queued"}} {
		for _, mark := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/mark %v", args[0], mark), func(t *testing.T) {
				b, g := newGiving(t, taker64(t), args[0], args[1:]...)
				b.opt.markOnly = mark
				b.exits(0)
				if g.gave == 0 {
					t.Error("nothing was given")
				}
			})
		}
	}
}

// TestMomentPasses: where no question comes the tracer's thread goes on. A timeout that the kernel read in another width
// held it for ever on 32-bit machines.
func TestMomentPasses(t *testing.T) {
	t.Parallel()
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(epoll)
	passed := make(chan struct{})
	go func() {
		waitMoment(epoll)
		close(passed)
	}()
	select {
	case <-passed:
	case <-time.After(time.Minute):
		t.Fatal("it waits for a question that does not come")
	}
}

// TestWhoWaitsIsWoken: of two epolls that watch the same descriptor the second hears of it while nobody waits at the
// first. So the goroutine hears of what comes when the tracer's thread does something else.
func TestWhoWaitsIsWoken(t *testing.T) {
	r, w := make([]int, 2), []byte{0}
	if err := unix.Pipe2(r, unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	epolls := [2]int{}
	for i := range epolls {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil || !watches(fd, r[0], unix.EPOLLIN|unix.EPOLLEXCLUSIVE) {
			t.Fatal("no epoll: ", err)
		}
		epolls[i] = fd
		defer unix.Close(fd)
	}
	defer unix.Close(r[0])
	defer unix.Close(r[1])
	woken := make(chan int, 2)
	wait := func(i int) {
		var event [1]unix.EpollEvent
		for {
			if n, err := unix.EpollWait(epolls[i], event[:], -1); n == 1 || err != unix.EINTR {
				woken <- i
				return
			}
		}
	}
	go wait(1)
	if _, err := unix.Write(r[1], w); err != nil {
		t.Fatal(err)
	}
	if got := <-woken; got != 1 {
		t.Errorf("%d was woken, who did not wait", got)
	}
	if _, err := unix.Read(r[0], w); err != nil {
		t.Fatal(err)
	}
}
