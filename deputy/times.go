package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// These calls change the times of an object. Their structures differ in the size of time_t and in the unit of what
// follows it; all become the pair of timespec64 that the kernel itself makes of them (fs/utimes.c). The times are not
// judged, so they are read now, once.
var _ = register(map[string]doer{
	"utime":            changeTimes(1, utimbuf),
	"utimes":           changeTimes(1, timeval),
	"futimesat":        changeTimes(2, timeval),
	"utimensat":        changeTimes(2, timespec),
	"utimensat_time64": changeTimes(2, timespec64),
})

// timeForm is what a call takes for times.
type timeForm uint8

const (
	utimbuf    timeForm = iota // two seconds
	timeval                    // two pairs of seconds and microseconds
	timespec                   // two pairs of seconds and nanoseconds, UTIME_NOW and UTIME_OMIT among them
	timespec64                 // the same in 64 bits for 32-bit machines (Linux 5.1)
)

// fileTimes are access and modification time, each seconds and nanoseconds.
type fileTimes [4]int64

// changeTimes is utimensat(2) and its kin; arg is the argument that points to the times. A NULL stands for now.
func changeTimes(arg int, form timeForm) doer {
	return func(d *Deputy, c *call) Outcome {
		var times fileTimes
		addr := c.inv.Pointer(arg)
		now := addr == 0
		if !now {
			errno := times.read(c, addr, form, d.block[:])
			if errno != 0 {
				return done(errno)
			}
			if form >= timespec && times[1] == unix.UTIME_OMIT && times[3] == unix.UTIME_OMIT {
				return done(0) // not even the name is looked up: do_utimensat
			}
		}
		if out, ok := d.ready(c); !ok {
			return out
		}
		fd, owned, out, ok := d.object(c, 0)
		if !ok {
			return out
		}
		var errno syscall.Errno
		if now {
			errno = pathCall(sysUtimensat, d.fds, d.pin(fd), 0, 0, 0)
		} else {
			errno = setTimes(d.fds, d.pin(fd), &times)
		}
		if owned {
			closeFD(fd)
		}
		return done(errno)
	}
}

// read reads the times in a call's own form, with buf as room for them. A long has the size of a register, in x32 as
// well: there the kernel takes its own structures (time_t of posix_types_x32.h).
func (t *fileTimes) read(c *call, addr uint64, form timeForm, buf []byte) syscall.Errno {
	abi := c.inv.ABI
	size := abi.WordSize
	if form == timespec64 {
		size = 8
	}
	count := 4
	if form == utimbuf {
		count = 2
	}
	if errno := c.mem.Read(addr, buf[:count*size]); errno != 0 {
		return errno
	}
	var words fileTimes
	for i := range count {
		words[i] = getInt(abi, buf[i*size:], size)
	}
	switch form {
	case utimbuf:
		*t = fileTimes{words[0], 0, words[1], 0}
	case timeval:
		for _, usec := range [...]int64{words[1], words[3]} {
			if usec < 0 || usec >= 1e6 {
				return unix.EINVAL
			}
		}
		*t = fileTimes{words[0], 1000 * words[1], words[2], 1000 * words[3]}
	case timespec, timespec64:
		*t = words
		if abi.PointerSize == 4 {
			t[1], t[3] = int64(uint32(t[1])), int64(uint32(t[3])) // the rest is padding: get_timespec64
		}
	}
	return 0
}

// getInt reads a signed number of 4 or 8 bytes of a structure in tracee memory.
func getInt(abi *arch.ABI, b []byte, size int) int64 {
	var n uint64
	for i := range size {
		at := size - 1 - i
		if abi.BigEndian {
			at = i
		}
		n = n<<8 | uint64(b[at])
	}
	if size == 4 {
		return int64(int32(uint32(n)))
	}
	return int64(n)
}
