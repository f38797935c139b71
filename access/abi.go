package access

import (
	"encoding/binary"

	"sydbox/arch"
)

// openFlags are the O_* values of one machine: they differ between architectures (asm/fcntl.h), and so the wrong table
// would take a harmless open for a creating one, or the reverse. The compat ABIs of a 64-bit kernel use its values.
type openFlags struct {
	creat, excl, noctty, trunc, appnd, nonblock, dsync, async, direct, largefile uint64
	directory, nofollow, noatime, cloexec, sync, path, tmpfile                   uint64
}

// The access mode has the same bits everywhere. Mode 3 asks for both rights and gets neither: the kernel demands read
// and write permission (ACC_MODE in fs.h).
const (
	oAccmode = 3
	oWronly  = 1
	oRdwr    = 2
)

var (
	genericFlags = openFlags{
		creat: 0x40, excl: 0x80, noctty: 0x100, trunc: 0x200, appnd: 0x400, nonblock: 0x800, dsync: 0x1000,
		async: 0x2000, direct: 0x4000, largefile: 0x8000, directory: 0x10000, nofollow: 0x20000, noatime: 0x40000,
		cloexec: 0x80000, sync: 0x100000, path: 0x200000, tmpfile: 0x400000,
	}
	armFlags = openFlags{
		creat: 0x40, excl: 0x80, noctty: 0x100, trunc: 0x200, appnd: 0x400, nonblock: 0x800, dsync: 0x1000,
		async: 0x2000, direct: 0x10000, largefile: 0x20000, directory: 0x4000, nofollow: 0x8000, noatime: 0x40000,
		cloexec: 0x80000, sync: 0x100000, path: 0x200000, tmpfile: 0x400000,
	}
	powerFlags = openFlags{
		creat: 0x40, excl: 0x80, noctty: 0x100, trunc: 0x200, appnd: 0x400, nonblock: 0x800, dsync: 0x1000,
		async: 0x2000, direct: 0x20000, largefile: 0x10000, directory: 0x4000, nofollow: 0x8000, noatime: 0x40000,
		cloexec: 0x80000, sync: 0x100000, path: 0x200000, tmpfile: 0x400000,
	}
	mipsFlags = openFlags{
		creat: 0x100, excl: 0x400, noctty: 0x800, trunc: 0x200, appnd: 0x8, nonblock: 0x80, dsync: 0x10,
		async: 0x1000, direct: 0x8000, largefile: 0x2000, directory: 0x10000, nofollow: 0x20000, noatime: 0x40000,
		cloexec: 0x80000, sync: 0x4000, path: 0x200000, tmpfile: 0x400000,
	}
	sparcFlags = openFlags{
		creat: 0x200, excl: 0x800, noctty: 0x8000, trunc: 0x400, appnd: 0x8, nonblock: 0x4000, dsync: 0x2000,
		async: 0x40, direct: 0x100000, largefile: 0x40000, directory: 0x10000, nofollow: 0x20000, noatime: 0x200000,
		cloexec: 0x400000, sync: 0x800000, path: 0x1000000, tmpfile: 0x2000000,
	}
)

// The low 16 bits of an audit word are the ELF machine (linux/elf-em.h).
const (
	emSparc   = 2
	emMIPS    = 8
	emSparc32 = 18
	emPPC     = 20
	emPPC64   = 21
	emARM     = 40
	emSparcV9 = 43
	emAArch64 = 183
)

func machine(abi *arch.ABI) uint16 { return uint16(abi.Audit) }

// openFlagsOf returns the O_* values of an ABI.
func openFlagsOf(abi *arch.ABI) *openFlags {
	switch machine(abi) {
	case emARM, emAArch64:
		return &armFlags
	case emPPC, emPPC64:
		return &powerFlags
	case emMIPS:
		return &mipsFlags
	case emSparc, emSparc32, emSparcV9:
		return &sparcFlags
	}
	return &genericFlags
}

// known is VALID_OPEN_FLAGS of linux/fcntl.h.
func (f *openFlags) known() uint64 {
	return oAccmode | f.creat | f.excl | f.noctty | f.trunc | f.appnd | f.nonblock | f.dsync | f.async | f.direct |
		f.largefile | f.directory | f.nofollow | f.noatime | f.cloexec | f.sync | f.path | f.tmpfile
}

// besidePath is O_PATH_FLAGS: what O_PATH leaves in force (open(2): "flag bits other than O_CLOEXEC, O_DIRECTORY, and
// O_NOFOLLOW are ignored").
func (f *openFlags) besidePath() uint64 { return f.path | f.directory | f.nofollow | f.cloexec }

// splitsWide says that a 64-bit argument takes two registers.
func splitsWide(abi *arch.ABI) bool { return abi.WordSize == 4 }

// putUint16 writes a number of a structure.
func putUint16(abi *arch.ABI, b []byte, v uint16) {
	if abi.BigEndian {
		binary.BigEndian.PutUint16(b, v)
	} else {
		binary.LittleEndian.PutUint16(b, v)
	}
}

// getUint16, getUint32 and getUint64 read a number of a structure in tracee memory.
func getUint16(abi *arch.ABI, b []byte) uint16 {
	if abi.BigEndian {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func getUint32(abi *arch.ABI, b []byte) uint32 {
	if abi.BigEndian {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func getUint64(abi *arch.ABI, b []byte) uint64 {
	if abi.BigEndian {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}
