package tracer

import (
	"bytes"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Tracee memory is read by process_vm_readv: measured, it costs the same as a pread of a kept /proc/PID/mem, but needs
// no descriptor per process, cannot be left over from before an exec, and respects page protections as the kernel does
// when the call itself reads (/proc/PID/mem reads through PROT_NONE). Where the kernel lacks it
// (CONFIG_CROSS_MEMORY_ATTACH), /proc/PID/mem is opened for each read.
//
// A read can wait for a page (a file on a dead server), so it goes through the scheduler: KillTree still works
// meanwhile.

// pageSize bounds each step of ReadString: the smallest page of any port, so that no step reaches into a page that the
// string does not touch.
const pageSize = 4096

// firstRead is how much of a string is read at once: nearly every path is shorter.
const firstRead = 512

// noVMReadv is set once the kernel has said that it has no process_vm_readv.
var noVMReadv atomic.Bool

// Read fills buf from the task's memory at addr. EFAULT if any byte cannot be read; EPERM if the tracer may not look
// (a non-dumpable task of an unprivileged tracer); ESRCH if the task is gone.
//
// Precondition: the task is stopped.
func (t *Task) Read(addr uint64, buf []byte) syscall.Errno {
	for len(buf) > 0 {
		n, errno := t.readSome(addr, buf)
		if errno != 0 {
			return errno
		}
		addr += uint64(n)
		buf = buf[n:]
	}
	return 0
}

// ReadString reads the NUL-terminated string at addr into buf and returns its length without the NUL. It reads page by
// page, so a string that ends on the last byte before an unmapped page is read in full. ENAMETOOLONG if buf is filled
// without a NUL; otherwise as Read.
//
// Precondition: the task is stopped.
func (t *Task) ReadString(addr uint64, buf []byte) (int, syscall.Errno) {
	for have := 0; have < len(buf); {
		step := pageSize - int((addr+uint64(have))%pageSize)
		if have == 0 {
			step = min(step, firstRead)
		}
		step = min(step, len(buf)-have)
		n, errno := t.readSome(addr+uint64(have), buf[have:have+step])
		if errno != 0 {
			return 0, errno
		}
		if i := bytes.IndexByte(buf[have:have+n], 0); i >= 0 {
			return have + i, 0
		}
		have += n
	}
	return 0, unix.ENAMETOOLONG
}

// readSome reads at least one byte.
func (t *Task) readSome(addr uint64, buf []byte) (int, syscall.Errno) {
	if addr != uint64(uintptr(addr)) {
		return 0, unix.EFAULT // a 64-bit address seen by a 32-bit tracer
	}
	if !noVMReadv.Load() {
		n, errno := vmReadv(t.TID, uintptr(addr), buf)
		if errno == 0 && n > 0 {
			return n, 0
		}
		if errno == 0 {
			return 0, unix.EFAULT
		}
		if errno == unix.EPERM {
			return peek(t.TID, addr, buf)
		}
		if errno != unix.ENOSYS {
			return 0, errno
		}
		noVMReadv.Store(true)
	}
	return readMem(t.TID, addr, buf)
}

// readMem reads through /proc/TID/mem.
func readMem(tid int, addr uint64, buf []byte) (int, syscall.Errno) {
	f, err := os.Open("/proc/" + strconv.Itoa(tid) + "/mem")
	if err != nil {
		errno, _ := err.(*os.PathError).Err.(syscall.Errno)
		if errno == unix.ENOENT {
			return 0, unix.ESRCH
		}
		return 0, unix.EPERM
	}
	defer f.Close()
	n, err := unix.Pread(int(f.Fd()), buf, int64(addr))
	if err != nil || n == 0 {
		return 0, unix.EFAULT // EIO: nothing is mapped there
	}
	return n, 0
}
