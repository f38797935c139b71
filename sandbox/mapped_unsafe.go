package sandbox

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/policy/program"
)

// mappings says which files a task has mapped. It implements program.Mappings and belongs to the tracer's thread.
//
// One mapping is asked for where the kernel can be (PROCMAP_QUERY, Linux 6.11): that takes a third of what the text of
// all of them does.
type mappings struct {
	proc procfs
	tid  int
	// text: the kernel only lists them all.
	text  bool
	query mappingQuery
	name  [unix.PathMax]byte
}

// mappingQuery is struct procmap_query of linux/fs.h.
type mappingQuery struct {
	size, flags, address                 uint64
	start, end, access, pageSize, offset uint64
	inode                                uint64
	major, minor, nameSize, buildIDSize  uint32
	nameAddress, buildIDAddress          uint64
}

const (
	procmapQuery    = 0xc0686611 // _IOWR(PROCFS_IOCTL_MAGIC, 17, struct procmap_query)
	coveringOrNext  = 0x10
	fileBacked      = 0x20
	mostQueries     = 16
	betweenPrograms = 0x6000_0000_0000
)

// Has implements program.Mappings. A file behind more than mostQueries mappings is not found.
//
// The interpreter is what is asked for, and the kernel puts it where it puts what names no address, above programs
// (ELF_ET_DYN_BASE is two thirds of the address space): so the search begins there.
func (m *mappings) Has(ino uint64, path []byte) bool {
	if !m.text {
		found, errno := m.ask(ino, path)
		if errno == 0 {
			return found
		}
		m.text = errno == unix.ENOTTY || errno == unix.EINVAL
	}
	text, errno := m.proc.read(m.tid, "maps")
	return errno == 0 && program.MappingsText(text).Has(ino, path)
}

// ask goes from mapping to mapping. ENOTTY and EINVAL mean that the kernel does not answer such questions. The buffer
// of names is told by its address, so m is on the heap: an interface holds it.
func (m *mappings) ask(ino uint64, path []byte) (bool, syscall.Errno) {
	fd, errno := openRaw(m.proc.name(m.tid, "maps"), unix.O_RDONLY)
	if errno != 0 {
		return false, errno
	}
	defer unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	q := &m.query
	at, end := uint64(betweenPrograms), uint64(0)
	for range mostQueries {
		*q = mappingQuery{size: uint64(unsafe.Sizeof(*q)), flags: coveringOrNext | fileBacked, address: at,
			nameSize: uint32(len(m.name)), nameAddress: uint64(uintptr(unsafe.Pointer(&m.name[0])))}
		_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), procmapQuery, uintptr(unsafe.Pointer(q)))
		switch {
		case errno == unix.ENOENT && end == 0 && at != 0:
			at, end = 0, betweenPrograms // none is above: now from the beginning
			continue
		case errno == unix.ENOENT:
			return false, 0
		case errno != 0:
			return false, errno
		}
		// The size of a name counts its NUL.
		if n := int(q.nameSize); q.inode == ino && ino != 0 && n > 0 && string(m.name[:n-1]) == string(path) {
			return true, 0
		}
		if at = q.end; end != 0 && at >= end {
			return false, 0
		}
	}
	return false, 0
}
