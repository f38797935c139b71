package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// What -count can count.
const (
	countInstructions = "instructions" // of the whole tree, user and kernel: needs counters of the CPU
	countSyscalls     = "syscalls"     // of the tracer itself, by name: needs a tracepoint
)

// perfBitInheritThread: new threads are counted, new processes are not (Linux 5.13, perf_event_open(2)).
const perfBitInheritThread = 1 << 35

// event is something that the kernel counts in a process from its next exec on, as described by perf_event_open(2).
type event struct {
	name   string
	attr   unix.PerfEventAttr
	filter string
}

// counter is an event of one process.
type counter struct {
	name string
	fd   int
}

// countable says why this machine cannot count what -count asks for.
func (s *settings) countable() error {
	if s.count == "" {
		return nil
	}
	events, err := eventsOf(s.count)
	if err != nil {
		return err
	}
	c, err := events[0].open(os.Getpid())
	if err == nil {
		return unix.Close(c.fd)
	}
	hint := "it takes root, or kernel.perf_event_paranoid at -1"
	if s.count == countInstructions && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EPERM) {
		hint = "this CPU, or the virtual machine, shows no counters; -count " + countSyscalls + " needs none"
	}
	return fmt.Errorf("-count %s: %w: %s", s.count, err, hint)
}

// eventsOf are the events of a kind of count.
func eventsOf(kind string) ([]event, error) {
	if kind == countInstructions {
		return []event{{name: kind, attr: unix.PerfEventAttr{
			Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_INSTRUCTIONS,
			Bits: unix.PerfBitInherit,
		}}}, nil
	}
	id, err := tracepoint("raw_syscalls/sys_enter")
	if err != nil {
		return nil, fmt.Errorf("-count %s: %w: it takes root and tracefs", kind, err)
	}
	var events []event
	for _, e := range syscalls.All(arch.Native()[0]) {
		events = append(events, event{
			name: e.Call.Name, filter: fmt.Sprintf("id == %d", e.Nr),
			attr: unix.PerfEventAttr{
				Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Bits: unix.PerfBitInherit | perfBitInheritThread,
			},
		})
	}
	return events, nil
}

// tracepoint is the number of a tracepoint.
func tracepoint(name string) (uint64, error) {
	text, err := os.ReadFile("/sys/kernel/tracing/events/" + name + "/id")
	if errors.Is(err, os.ErrNotExist) {
		text, err = os.ReadFile("/sys/kernel/debug/tracing/events/" + name + "/id") // where it was before Linux 4.1
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// open begins to count in the process, at its next exec.
func (e *event) open(pid int) (counter, error) {
	attr := e.attr
	attr.Size = unix.PERF_ATTR_SIZE_VER5
	attr.Bits |= unix.PerfBitDisabled | unix.PerfBitEnableOnExec
	fd, err := unix.PerfEventOpen(&attr, pid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return counter{}, fmt.Errorf("perf_event_open: %w", err)
	}
	if e.filter != "" {
		if err := setFilter(fd, e.filter); err != nil {
			unix.Close(fd)
			return counter{}, fmt.Errorf("perf_event_open: the filter %s: %w", e.filter, err)
		}
	}
	return counter{e.name, fd}, nil
}

// read returns the count, those of tasks that have ended included.
func (c counter) read() (uint64, error) {
	var buf [8]byte
	n, err := unix.Read(c.fd, buf[:])
	if err != nil {
		return 0, fmt.Errorf("read the count of %s: %w", c.name, err)
	}
	if n != len(buf) {
		return 0, fmt.Errorf("read the count of %s: %w", c.name, syscall.EIO)
	}
	return binary.NativeEndian.Uint64(buf[:]), nil
}
