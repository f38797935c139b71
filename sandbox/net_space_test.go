package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// space is a network namespace to throw away.
type space struct{ file *os.File }

// newSpace makes an empty one.
func newSpace() (*space, error) {
	type made struct {
		file *os.File
		err  error
	}
	done := make(chan made)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- made{err: fmt.Errorf("make a network namespace: %w", err)}
			return
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		done <- made{file, err}
	}()
	m := <-done
	if m.err != nil {
		return nil, m.err
	}
	return &space{m.file}, nil
}

// enter moves this thread there. Precondition: the goroutine is locked to its thread, and ends locked.
func (s *space) enter() error {
	if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	return nil
}

// do runs f there. What it starts and the sockets that it makes belong there.
func (s *space) do(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := s.enter()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// ip runs commands of ip(8), which can name files as /proc/self/fd/3 and up.
func (s *space) ip(files []*os.File, commands ...string) error {
	return s.do(func() error {
		cmd := exec.Command("ip", "-batch", "-")
		cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
		cmd.ExtraFiles = files
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("ip: %w (make test installs iproute2)\n%s", err, out)
		}
		return nil
	})
}

// tables is what the namespace knows of itself: interfaces, addresses, routes.
func (s *space) tables() (text string, err error) {
	err = s.do(func() error {
		for _, what := range [][]string{
			{"-o", "link", "show"}, {"-o", "addr", "show"}, {"-4", "route", "show", "table", "all"},
		} {
			out, err := exec.Command("ip", what...).Output()
			if err != nil {
				return fmt.Errorf("ip %s: %w", strings.Join(what, " "), err)
			}
			text += string(out)
		}
		return nil
	})
	return text, err
}

// set sets sysctls below net, as far as this kernel has them.
func (s *space) set(values map[string]string) error {
	return s.do(func() error {
		for name, value := range values {
			if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}

// canHaveSpaces says why there are no network namespaces to throw away; nil if there are.
var canHaveSpaces = sync.OnceValue(func() error {
	s, err := newSpace()
	if err != nil {
		return err
	}
	return s.file.Close()
})

// needSpaces skips a test where the kernel gives this user no network namespaces.
func needSpaces(t *testing.T) {
	t.Helper()
	if err := canHaveSpaces(); err != nil {
		t.Skip(err)
	}
}

// inhabit moves the test's goroutine, and what it starts, there for good.
func (s *space) inhabit(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := s.enter(); err != nil {
		t.Fatal(err)
	}
}
