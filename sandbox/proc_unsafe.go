package sandbox

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/policy/program"
)

// procfs reads /proc into its own memory: nothing is allocated at a stop. It belongs to the tracer's thread.
type procfs struct {
	line  [64]byte
	text  [16 << 10]byte // of a status; one with thousands of groups is cut off, and the rest then counts as missing
	dents [8 << 10]byte
	stat  unix.Statx_t
	// The directory being listed.
	dir, at, filled int
}

// name returns the path of an entry of a task, NUL-terminated; tid 0 is the calling thread.
func (p *procfs) name(tid int, entry string) *byte {
	clear(p.line[:])
	b := append(p.line[:0], "/proc/"...)
	if tid == 0 {
		b = append(b, "thread-self"...)
	} else {
		b = strconv.AppendInt(b, int64(tid), 10)
	}
	b = append(append(b, '/'), entry...)
	return &b[0]
}

// read returns the beginning of an entry of a task. ENOENT and ESRCH: there is no such task.
func (p *procfs) read(tid int, entry string) ([]byte, syscall.Errno) {
	return p.readAll(p.name(tid, entry))
}

// readFDInfo returns what is said of a descriptor of a task.
func (p *procfs) readFDInfo(tid, fd int) ([]byte, syscall.Errno) {
	name := p.name(tid, "fdinfo/")
	end := bytes.IndexByte(p.line[:], 0)
	strconv.AppendInt(p.line[:end], int64(fd), 10)
	return p.readAll(name)
}

func (p *procfs) readAll(path *byte) ([]byte, syscall.Errno) {
	fd, errno := openRaw(path, unix.O_RDONLY)
	if errno != 0 {
		return nil, errno
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p.text[0])), uintptr(len(p.text)))
	unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return p.text[:n], 0
}

// readlink returns the text of a link of a task in buf.
func (p *procfs) readlink(tid int, entry string, buf []byte) ([]byte, syscall.Errno) {
	at := unix.AT_FDCWD
	n, _, errno := unix.RawSyscall6(unix.SYS_READLINKAT, uintptr(at), uintptr(unsafe.Pointer(p.name(tid, entry))),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return buf[:n], 0
}

// identify says which regular file a link of a task leads to. ENOSYS: the kernel has no statx(2), which came with Linux
// 4.11.
func (p *procfs) identify(tid int, entry string) (program.ID, syscall.Errno) {
	at := unix.AT_FDCWD
	_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(at), uintptr(unsafe.Pointer(p.name(tid, entry))), 0, idMask,
		uintptr(unsafe.Pointer(&p.stat)), 0)
	if errno != 0 {
		return program.ID{}, errno
	}
	if p.stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return program.ID{}, unix.EACCES
	}
	return idOfStatx(&p.stat), 0
}

// idMask is what statx(2) is asked for a program.ID.
const idMask = unix.STATX_TYPE | unix.STATX_INO | unix.STATX_SIZE | unix.STATX_MTIME | unix.STATX_CTIME

func idOfStatx(st *unix.Statx_t) program.ID {
	return program.ID{
		Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino, Size: int64(st.Size),
		Mtime: nanoseconds(&st.Mtime), Ctime: nanoseconds(&st.Ctime),
	}
}

func nanoseconds(t *unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

// same says whether a namespace link of a task is the tracer's own.
func (p *procfs) same(tid int, entry string) bool {
	var mine, its [64]byte
	a, errno := p.readlink(0, entry, mine[:])
	b, errno2 := p.readlink(tid, entry, its[:])
	if errno == unix.ENOENT && errno2 == unix.ENOENT {
		return true // a kernel without them
	}
	return errno == 0 && errno2 == 0 && string(a) == string(b)
}

var procPath = []byte("/proc\x00")

// begin starts to list the processes that there are; end gives the directory back.
func (p *procfs) begin() syscall.Errno {
	var errno syscall.Errno
	p.dir, errno = openRaw(&procPath[0], unix.O_RDONLY|unix.O_DIRECTORY)
	p.at, p.filled = 0, 0
	return errno
}

func (p *procfs) end() { unix.RawSyscall(unix.SYS_CLOSE, uintptr(p.dir), 0, 0) }

// next returns the next process, 0 if there is none left. They come in the order of their numbers.
func (p *procfs) next() int {
	const reclen, name = 16, 19 // offsets in struct linux_dirent64, getdents(2)
	for {
		if p.at >= p.filled {
			n, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, uintptr(p.dir), uintptr(unsafe.Pointer(&p.dents[0])),
				uintptr(len(p.dents)))
			if errno != 0 || n == 0 {
				return 0
			}
			p.at, p.filled = 0, int(n)
		}
		entry := p.dents[p.at:p.filled]
		size := int(binary.NativeEndian.Uint16(entry[reclen:]))
		p.at += size
		if pid := leadingNumber(entry[name:size]); pid > 0 {
			return pid
		}
	}
}

// leadingNumber parses a NUL-terminated decimal, 0 if it is none.
func leadingNumber(text []byte) (n int) {
	for i, c := range text {
		switch {
		case c == 0 && i > 0:
			return n
		case c < '0' || c > '9' || i > 9:
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return 0
}

func openRaw(path *byte, flags int) (int, syscall.Errno) {
	at := unix.AT_FDCWD
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(path)),
		uintptr(flags|unix.O_CLOEXEC|unix.O_LARGEFILE), 0, 0, 0)
	return int(fd), errno
}

// queueInfo makes a siginfo_t of a signal that was queued by a process (sigaction(2)).
func queueInfo(sig, code, pid int, uid uint32, value uint64) unix.Siginfo {
	info := unix.Siginfo{Signo: int32(sig), Code: int32(code)}
	const word = unsafe.Sizeof(uintptr(0))
	fields := unsafe.Add(unsafe.Pointer(&info), (3*4+word-1)&^(word-1)) // after three ints, aligned to a pointer
	*(*int32)(fields) = int32(pid)
	*(*uint32)(unsafe.Add(fields, 4)) = uid
	*(*uintptr)(unsafe.Add(fields, 8)) = uintptr(value)
	return info
}

// sigqueue is rt_sigqueueinfo(2).
func sigqueue(pid, sig int, info unix.Siginfo) syscall.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	return errno
}

// sigqueueThread is rt_tgsigqueueinfo(2).
func sigqueueThread(tgid, tid, sig int, info unix.Siginfo) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(tgid), uintptr(tid), uintptr(sig),
		uintptr(unsafe.Pointer(&info)), 0, 0)
	return errno
}
