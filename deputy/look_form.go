package deputy

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// form is how a structure lies in a task's memory. One without fields is the tracer's own.
type form struct {
	size   int
	fields []field
}

// field is a number in a form.
type field struct {
	at, size int
	from     source
	check    check
}

// source is where the number comes from: what stat(2) tells, or statfs(2).
type source uint8

const (
	fromDev source = iota
	fromOldDev
	fromIno
	fromMode
	fromNlink
	fromUID
	fromGID
	fromRdev
	fromOldRdev
	fromSize
	fromBlksize
	fromBlocks
	fromAtime
	fromAtimeNsec
	fromMtime
	fromMtimeNsec
	fromCtime
	fromCtimeNsec
	statSources
)

const (
	fromType source = iota
	fromBsize
	fromTotal
	fromFree
	fromAvail
	fromFiles
	fromFfree
	fromFsid0
	fromFsid1
	fromNamelen
	fromFrsize
	fromFlags
	statfsSources
)

// check is what becomes of a number that does not fit.
type check uint8

const (
	lossy    check = iota // the rest is lost
	fits                  // EOVERFLOW
	fitsFile              // EOVERFLOW from 2 GiB on
	fitsOr1s              // EOVERFLOW, unless it is -1 for unknown
	fitsID                // the ID that stands for those that do not fit
)

// overflowID is the default of kernel.overflowuid and overflowgid (proc_sys_kernel(5)).
const overflowID = 65534

var (
	native = &form{}

	// stat32 is struct compat_stat of x86 and arm64, which is struct stat of i386 and arm: cp_compat_stat in fs/stat.c.
	stat32 = &form{64, []field{
		{0, 4, fromDev, lossy}, {4, 4, fromIno, fits}, {8, 2, fromMode, lossy}, {10, 2, fromNlink, fits},
		{12, 2, fromUID, fitsID}, {14, 2, fromGID, fitsID}, {16, 4, fromRdev, lossy}, {20, 4, fromSize, fitsFile},
		{24, 4, fromBlksize, lossy}, {28, 4, fromBlocks, lossy}, {32, 4, fromAtime, lossy}, {36, 4, fromAtimeNsec, lossy},
		{40, 4, fromMtime, lossy}, {44, 4, fromMtimeNsec, lossy}, {48, 4, fromCtime, lossy}, {52, 4, fromCtimeNsec, lossy},
	}}
	// oldStat is struct __old_kernel_stat of x86: cp_old_stat.
	oldStat = &form{32, []field{
		{0, 2, fromOldDev, lossy}, {2, 2, fromIno, fits}, {4, 2, fromMode, lossy}, {6, 2, fromNlink, fits},
		{8, 2, fromUID, fitsID}, {10, 2, fromGID, fitsID}, {12, 2, fromOldRdev, lossy}, {16, 4, fromSize, lossy},
		{20, 4, fromAtime, lossy}, {24, 4, fromMtime, lossy}, {28, 4, fromCtime, lossy},
	}}
	// stat64X86 is struct stat64 of i386, packed: cp_stat64 in arch/x86/kernel/sys_ia32.c.
	stat64X86 = &form{96, []field{
		{0, 8, fromDev, lossy}, {12, 4, fromIno, lossy}, {16, 4, fromMode, lossy}, {20, 4, fromNlink, lossy},
		{24, 4, fromUID, lossy}, {28, 4, fromGID, lossy}, {32, 8, fromRdev, lossy}, {44, 8, fromSize, lossy},
		{52, 4, fromBlksize, lossy}, {56, 8, fromBlocks, lossy}, {64, 4, fromAtime, lossy}, {68, 4, fromAtimeNsec, lossy},
		{72, 4, fromMtime, lossy}, {76, 4, fromMtimeNsec, lossy}, {80, 4, fromCtime, lossy}, {84, 4, fromCtimeNsec, lossy},
		{88, 8, fromIno, lossy},
	}}
	// stat64ARM is struct stat64 of arm: cp_new_stat64 in fs/stat.c.
	stat64ARM = &form{104, []field{
		{0, 8, fromDev, lossy}, {12, 4, fromIno, lossy}, {16, 4, fromMode, lossy}, {20, 4, fromNlink, lossy},
		{24, 4, fromUID, lossy}, {28, 4, fromGID, lossy}, {32, 8, fromRdev, lossy}, {48, 8, fromSize, lossy},
		{56, 4, fromBlksize, lossy}, {64, 8, fromBlocks, lossy}, {72, 4, fromAtime, lossy}, {76, 4, fromAtimeNsec, lossy},
		{80, 4, fromMtime, lossy}, {84, 4, fromMtimeNsec, lossy}, {88, 4, fromCtime, lossy}, {92, 4, fromCtimeNsec, lossy},
		{96, 8, fromIno, lossy},
	}}
	// statfs32 is struct compat_statfs of x86 and arm64: put_compat_statfs in fs/statfs.c.
	statfs32 = &form{64, []field{
		{0, 4, fromType, lossy}, {4, 4, fromBsize, fits}, {8, 4, fromTotal, fits}, {12, 4, fromFree, fits},
		{16, 4, fromAvail, fits}, {20, 4, fromFiles, fitsOr1s}, {24, 4, fromFfree, fitsOr1s}, {28, 4, fromFsid0, lossy},
		{32, 4, fromFsid1, lossy}, {36, 4, fromNamelen, lossy}, {40, 4, fromFrsize, fits}, {44, 4, fromFlags, lossy},
	}}
	// statfs64Form is struct compat_statfs64 of both, packed: put_compat_statfs64.
	statfs64Form = &form{84, []field{
		{0, 4, fromType, lossy}, {4, 4, fromBsize, fits}, {8, 8, fromTotal, lossy}, {16, 8, fromFree, lossy},
		{24, 8, fromAvail, lossy}, {32, 8, fromFiles, lossy}, {40, 8, fromFfree, lossy}, {48, 4, fromFsid0, lossy},
		{52, 4, fromFsid1, lossy}, {56, 4, fromNamelen, lossy}, {60, 4, fromFrsize, fits}, {64, 4, fromFlags, lossy},
	}}
)

// narrow are the forms of the ABIs that a 64-bit kernel runs besides its own, which are written down here.
var narrow = map[*arch.ABI]map[string]*form{
	arch.I386: {
		"stat": stat32, "lstat": stat32, "oldstat": oldStat, "oldlstat": oldStat, "stat64": stat64X86,
		"lstat64": stat64X86, "fstatat64": stat64X86, "statfs": statfs32, "statfs64": statfs64Form,
	},
	arch.ARM: {
		"stat": stat32, "lstat": stat32, "stat64": stat64ARM, "lstat64": stat64ARM, "fstatat64": stat64ARM,
		"statfs": statfs32, "statfs64": statfs64Form,
	},
}

// formOf returns the form that a call's structure has, nil if it is unknown. wide are the calls that have the tracer's
// own where its word has 8 bytes.
func formOf(inv *syscalls.Invocation, wide ...string) *form {
	if forms := narrow[inv.ABI]; forms != nil {
		return forms[inv.Call.Name]
	}
	if inv.ABI.WordSize != 8 || inv.ABI.GOARCH != runtime.GOARCH && (inv.ABI != arch.X32 || runtime.GOARCH != "amd64") {
		return nil
	}
	for _, name := range wide {
		if name == inv.Call.Name {
			return native
		}
	}
	return nil
}

func statForm(inv *syscalls.Invocation) *form   { return formOf(inv, "stat", "lstat", "newfstatat") }
func statfsForm(inv *syscalls.Invocation) *form { return formOf(inv, "statfs") }

// takes says whether a size is the structure's. For arm the kernel takes the size that the old ABI pads it to.
func (f *form) takes(abi *arch.ABI, size uint64) bool {
	return size == uint64(f.size) || abi == arch.ARM && size == uint64(f.size)+4
}

// fill puts numbers into a structure.
func (f *form) fill(d *Deputy, abi *arch.ABI, numbers []uint64) ([]byte, syscall.Errno) {
	b := d.room(f.size)
	clear(b)
	for i := range f.fields {
		x := &f.fields[i]
		n := numbers[x.from]
		most := ^uint64(0) >> (64 - 8*x.size)
		switch {
		case x.check == fits && n > most, x.check == fitsFile && n > smallMax,
			x.check == fitsOr1s && n > most && n != ^uint64(0):
			return nil, unix.EOVERFLOW
		case x.check == fitsID && n > most:
			n = overflowID
		}
		for j := range x.size {
			at := x.at + j
			if abi.BigEndian {
				at = x.at + x.size - 1 - j
			}
			b[at] = byte(n >> (8 * j))
		}
	}
	return b, 0
}

// stat puts st into the form. What is negative, a time before 1970, keeps its sign.
func (f *form) stat(d *Deputy, abi *arch.ABI, st *unix.Stat_t) ([]byte, syscall.Errno) {
	if f == native {
		return append(d.room(0), statBytes(st)...), 0
	}
	dev, rdev := uint64(st.Dev), uint64(st.Rdev) // the types of the fields differ between ports
	numbers := [statSources]uint64{
		fromDev: dev, fromOldDev: oldDev(dev), fromIno: uint64(st.Ino), fromMode: uint64(st.Mode),
		fromNlink: uint64(st.Nlink), fromUID: uint64(st.Uid), fromGID: uint64(st.Gid), fromRdev: rdev,
		fromOldRdev: oldDev(rdev), fromSize: uint64(st.Size), fromBlksize: uint64(st.Blksize),
		fromBlocks: uint64(st.Blocks), fromAtime: uint64(st.Atim.Sec), fromAtimeNsec: uint64(st.Atim.Nsec),
		fromMtime: uint64(st.Mtim.Sec), fromMtimeNsec: uint64(st.Mtim.Nsec), fromCtime: uint64(st.Ctim.Sec),
		fromCtimeNsec: uint64(st.Ctim.Nsec),
	}
	return f.fill(d, abi, numbers[:])
}

// oldDev is a device number as it was when it had 16 bits: old_encode_dev in linux/kdev_t.h.
func oldDev(dev uint64) uint64 { return uint64(unix.Major(dev)<<8 | unix.Minor(dev)) }

// statfs puts fs into the form.
func (f *form) statfs(d *Deputy, abi *arch.ABI, fs *unix.Statfs_t) ([]byte, syscall.Errno) {
	if f == native {
		return append(d.room(0), statfsBytes(fs)...), 0
	}
	numbers := [statfsSources]uint64{
		fromType: uint64(fs.Type), fromBsize: uint64(fs.Bsize), fromTotal: fs.Blocks, fromFree: fs.Bfree,
		fromAvail: fs.Bavail, fromFiles: fs.Files, fromFfree: fs.Ffree, fromFsid0: uint64(fs.Fsid.Val[0]),
		fromFsid1: uint64(fs.Fsid.Val[1]), fromNamelen: uint64(fs.Namelen), fromFrsize: uint64(fs.Frsize),
		fromFlags: uint64(fs.Flags),
	}
	return f.fill(d, abi, numbers[:])
}
