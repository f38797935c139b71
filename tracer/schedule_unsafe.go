package tracer

import (
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// scheduled is what a task has had of the CPUs in its life.
type scheduled struct{ ran, waited time.Duration }

// scheduleFile reads that from /proc/PID/schedstat: three numbers, nanoseconds on a CPU, nanoseconds ready to run without
// one, and how often it ran (sched-stats.rst; CONFIG_SCHED_INFO). It does not allocate. The zero value is ready.
type scheduleFile struct {
	path [48]byte
	text [96]byte
}

// read is false if the kernel does not say it, or the task is gone.
func (f *scheduleFile) read(tid int) (s scheduled, ok bool) {
	path := strconv.AppendInt(append(f.path[:0], "/proc/"...), int64(tid), 10)
	path = append(path, "/schedstat\x00"...)
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, atFDCWD, uintptr(unsafe.Pointer(&path[0])),
		unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return s, false
	}
	size, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&f.text)), unsafe.Sizeof(f.text))
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 {
		return s, false
	}
	return parseScheduled(f.text[:size])
}

// atFDCWD is AT_FDCWD in a register.
const atFDCWD = ^uintptr(99)

// counted says whether the kernel counts, asked by a thread about itself: all is 0 where it does not (sched_info_on),
// and of a task that has not run yet, as a new one before its first stop.
func (f *scheduleFile) counted() bool {
	s, ok := f.read(unix.Gettid())
	return ok && s != scheduled{}
}

// parseScheduled reads the three numbers.
func parseScheduled(text []byte) (s scheduled, ok bool) {
	var numbers [3]uint64
	i := 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			numbers[i] = numbers[i]*10 + uint64(c-'0')
		case i < len(numbers)-1:
			i++
		default:
			return scheduled{time.Duration(numbers[0]), time.Duration(numbers[1])}, true
		}
	}
	return s, false
}
