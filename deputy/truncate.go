package deputy

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
)

// These calls change the size of a file by its name.
var _ = register(map[string]doer{
	"truncate":   truncateFile,
	"truncate64": truncateFile,
})

// truncateFile is truncate(2). The file is opened for writing, which takes the same permission and fails for the same
// reasons (ETXTBSY, EPERM for one that may only be appended to), and then cut: unlike truncate, open can be told not to
// wait for somebody's lease (fcntl(2), F_SETLEASE). The task is then told EAGAIN, and the holder of the lease to give
// it back; natively the call would wait for that, but the tracer must not.
func truncateFile(d *Deputy, c *call) Outcome {
	length := truncateLength(c)
	if length < 0 {
		return done(unix.EINVAL) // before the name is looked at: do_sys_truncate
	}
	if out, ok := d.ready(c); !ok {
		return out
	}
	switch kind := c.acc.List[0].Object.Kind; kind {
	case access.Regular, access.Anonymous:
	case access.Directory:
		return done(unix.EISDIR)
	default:
		return done(unix.EINVAL)
	}
	fd, owned, out, ok := d.object(c, 0)
	if !ok {
		return out
	}
	// An anonymous object may be of any type, and opening a device is more than finding out what it is.
	var st unix.Stat_t
	errno := fstat(fd, &st)
	var file int
	if errno == 0 && st.Mode&unix.S_IFMT != unix.S_IFREG {
		errno = unix.EINVAL
	}
	if errno == 0 {
		file, errno = openAt(d.fds, d.pin(fd), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	}
	if owned {
		closeFD(fd)
	}
	if errno != 0 {
		return done(errno)
	}
	if errno = d.mayGrow(length, st.Size); errno == 0 {
		if err := unix.Ftruncate(file, length); err != nil {
			errno, _ = err.(syscall.Errno)
		}
	}
	closeFD(file)
	return done(errno)
}

// truncateLength returns the length: of 64 bits in one register or two, of 32 where there is no more.
func truncateLength(c *call) int64 {
	inv, abi := c.inv, c.inv.ABI
	if abi.WordSize == 8 {
		return int64(inv.Args[1])
	}
	if inv.Call.Name == "truncate" {
		return int64(inv.Int(1))
	}
	low := 1
	switch abi {
	case arch.ARM, arch.MIPS, arch.MIPSEL, arch.PPC:
		low = 2 // an even register comes first: syscall(2), "Architecture-specific requirements"
	}
	high := low + 1
	if abi.BigEndian {
		low, high = high, low
	}
	return int64(uint64(inv.Uint(high))<<32 | uint64(inv.Uint(low)))
}

// mayGrow holds a file that grows against the task's limit (RLIMIT_FSIZE), whose breach is told by a signal. The
// tracer's own limit must not be met: the signal would be its own.
func (d *Deputy) mayGrow(length, size int64) syscall.Errno {
	if length <= size {
		return 0
	}
	if errno := d.Own(); errno != 0 { // for the signal
		return errno
	}
	task, errno := d.fileSizeLimit(d.tid)
	if errno != 0 {
		return errno
	}
	own, errno := d.fileSizeLimit(0)
	switch {
	case errno != 0:
		return errno
	case uint64(length) > task:
		unix.RawSyscall(unix.SYS_TKILL, uintptr(d.tid), uintptr(unix.SIGXFSZ), 0)
		return unix.EFBIG
	case uint64(length) > own:
		return unix.EFBIG
	}
	return d.act(false)
}

// fileSizeLimit reads a task's soft RLIMIT_FSIZE; tid 0 is the tracer's.
func (d *Deputy) fileSizeLimit(tid int) (uint64, syscall.Errno) { return d.limit(tid, "Max file size") }

// limit reads a soft limit from /proc/TID/limits, because prlimit(2) tells another user's limits only to
// CAP_SYS_RESOURCE, which containers lack.
func (d *Deputy) limit(tid int, key string) (uint64, syscall.Errno) {
	text, errno := d.readEntry(d.entry(tid, "limits"))
	if errno != 0 {
		return 0, errno
	}
	i := bytes.Index(text, []byte(key))
	if i < 0 {
		return 0, unix.EIO
	}
	rest := bytes.TrimLeft(text[i+len(key):], " ")
	word := cut(&rest)
	if string(word) == "unlimited" {
		return ^uint64(0), 0
	}
	n, ok := parseUint(word, 10)
	if !ok {
		return 0, unix.EIO
	}
	return n, 0
}
