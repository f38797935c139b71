package tracer

import (
	"math"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Whether the tree got a signal that came to us is found out in an order in which nothing can be missed, however late
// anybody gets to run:
//
//  1. Whoever signals a group holds tasklist_lock until all members have the signal (kill_something_info, and kill_pgrp
//     for the terminal), so a call that takes that lock comes back when they have.
//  2. Who has got it and has not come to take it shows it in /proc/PID/status (ShdPnd). It is taken and the task stopped
//     for it in one step of sighand->siglock (get_signal, ptrace_stop), under which that file is written.
//  3. Who has taken it is in a stop that the tracer's thread can see, so when that thread has looked for stops until there
//     was none, and has handled them, it has seen this one.

// groupHasIt makes sure of what the group got before this moment.
func (f *forwarder) groupHasIt(i int) bool {
	// No process has that number, and looking for it takes the lock for writing.
	_ = unix.Setpgid(math.MaxInt32, f.group)
	if !f.own[i].Load() && f.underWay(i) { // or what is under way may be ours
		return true
	}
	f.lookAtAll()
	return false
}

// underWay says whether a process of the tree that is in our group has a signal that it is about to take. What all its
// threads block may have been there for long, and tells nothing.
func (f *forwarder) underWay(i int) bool {
	bit := uint64(1) << (passed[i] - 1)
	for _, pid := range f.control.processes() {
		if pgid, err := unix.Getpgid(pid); err != nil || pgid != f.group {
			continue
		}
		if readStatus(pid).mask("ShdPnd")&bit == 0 {
			continue
		}
		dir := "/proc/" + strconv.Itoa(pid) + "/task"
		threads, err := os.ReadDir(dir)
		if err != nil {
			continue // it is gone
		}
		for _, thread := range threads {
			tid, _ := strconv.Atoi(thread.Name())
			if status := readStatus(tid); len(status) > 0 && status.mask("SigBlk")&bit == 0 {
				return true
			}
		}
	}
	return false
}

// lookAtAll returns when the tracer's thread has handled every stop that was there when it was called, or the run ends.
func (f *forwarder) lookAtAll() {
	ticket := f.asked.Add(1)
	for pause := time.NewTicker(wakePause); ; {
		if f.handled.Load() >= ticket {
			pause.Stop()
			return
		}
		if f.waiting.Load() { // a raw wait ends by itself, and anything else must not be interrupted: see ticker.tick
			_ = unix.Tgkill(f.self, f.thread, wakeSignal) // the thread ends after stop has been called
		}
		select {
		case <-f.quit:
			pause.Stop()
			return
		case <-f.looked:
		case <-pause.C:
		}
	}
}

// waits is told when the tracer's thread begins to wait without an end, and when that is over.
func (f *forwarder) waits(on bool) {
	if f != nil {
		f.waiting.Store(on)
	}
}

// wants says for what the tracer's thread is asked to look at all stops, 0 for nothing.
func (f *forwarder) wants() uint32 {
	if f == nil {
		return 0
	}
	if asked := f.asked.Load(); asked != f.handled.Load() {
		return asked
	}
	return 0
}

// has is told that this was done.
func (f *forwarder) has(ticket uint32) {
	if ticket == 0 {
		return
	}
	f.handled.Store(ticket)
	select {
	case f.looked <- struct{}{}:
	default:
	}
}
