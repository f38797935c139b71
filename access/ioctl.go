package access

import (
	"syscall"

	"sydbox/arch"
	"sydbox/syscalls"
)

// request is an ioctl that changes what its descriptor's rights do not cover: most need no descriptor opened for
// writing. Which requests exist is each file system's business; these are the ones of the kernel's own headers that
// change attributes or names.
type request struct {
	name      string
	dir       ioDir
	magic, nr uint8
	size      uint16
	does      ioctlVerb
}

// ioDir is the direction of an ioctl's data.
type ioDir uint8

const (
	ioNone ioDir = 0
	ioW    ioDir = 1
	ioR    ioDir = 2
	ioWR         = ioW | ioR
)

// ioctlVerb is what a request does to its descriptor.
type ioctlVerb uint8

const (
	setsAttr      ioctlVerb = iota // attributes of the object or its file system
	makesSubvol                    // btrfs: makes a name below it, struct btrfs_ioctl_vol_args
	makesSubvol2                   // the same with struct btrfs_ioctl_vol_args_v2
	makesSnap                      // as makesSubvol, from a subvolume that the structure names by descriptor
	makesSnap2                     //
	dropsSubvol                    // btrfs: removes a name below it
	dropsSubvol2                   //
	numIoctlVerbs                  //
)

// ioctlOps are the operations that a verb may need.
var ioctlOps = [numIoctlVerbs]Op{
	setsAttr: Attr, makesSubvol: Create, makesSubvol2: Create, makesSnap: Create | Read, makesSnap2: Create | Read,
	dropsSubvol: Delete, dropsSubvol2: Delete,
}

const (
	btrfsMagic  = 0x94
	volArgsSize = 4096
	// Offsets in btrfs_ioctl_vol_args(_v2): the source's descriptor, the flags, the name with its size.
	volFlags, volName1, volName2        = 16, 8, 56
	volNameSize1, volNameSize2          = volArgsSize - volName1, volArgsSize - volName2
	btrfsSubvolSpecByID          uint64 = 1 << 4
)

// requests in the order of linux/fs.h, fsverity.h, fscrypt.h, msdos_fs.h, ext4.h, btrfs.h. Where the structure is a
// long, a 64-bit kernel also answers to the number of its 32-bit form for compat callers.
var requests = [...]request{
	{"FS_IOC_SETFLAGS", ioW, 'f', 2, 8, setsAttr},
	{"FS_IOC32_SETFLAGS", ioW, 'f', 2, 4, setsAttr},
	{"FS_IOC_SETVERSION", ioW, 'v', 2, 8, setsAttr},
	{"FS_IOC32_SETVERSION", ioW, 'v', 2, 4, setsAttr},
	{"FS_IOC_FSSETXATTR", ioW, 'X', 32, 28, setsAttr},
	{"FS_IOC_SETFSLABEL", ioW, btrfsMagic, 50, 256, setsAttr},
	{"FIFREEZE", ioWR, 'X', 119, 4, setsAttr},
	{"FITHAW", ioWR, 'X', 120, 4, setsAttr},
	{"FS_IOC_ENABLE_VERITY", ioW, 'f', 133, 128, setsAttr},
	{"FS_IOC_SET_ENCRYPTION_POLICY", ioR, 'f', 19, 12, setsAttr}, // its direction is a historical mistake
	{"FAT_IOCTL_SET_ATTRIBUTES", ioW, 'r', 0x11, 4, setsAttr},
	{"EXT4_IOC_SETVERSION", ioW, 'f', 4, 8, setsAttr},
	{"EXT4_IOC32_SETVERSION", ioW, 'f', 4, 4, setsAttr},
	{"EXT4_IOC_SETRSVSZ", ioW, 'f', 6, 8, setsAttr},
	{"EXT4_IOC32_SETRSVSZ", ioW, 'f', 6, 4, setsAttr},
	{"EXT4_IOC_MIGRATE", ioNone, 'f', 9, 0, setsAttr},
	{"F2FS_IOC_SET_PIN_FILE", ioW, 0xf5, 13, 4, setsAttr},
	{"CEPH_IOC_SET_LAYOUT", ioW, 0x97, 2, 40, setsAttr},
	{"CEPH_IOC_SET_LAYOUT_POLICY", ioW, 0x97, 5, 40, setsAttr},
	{"BTRFS_IOC_SNAP_CREATE", ioW, btrfsMagic, 1, volArgsSize, makesSnap},
	{"BTRFS_IOC_SUBVOL_CREATE", ioW, btrfsMagic, 14, volArgsSize, makesSubvol},
	{"BTRFS_IOC_SNAP_DESTROY", ioW, btrfsMagic, 15, volArgsSize, dropsSubvol},
	{"BTRFS_IOC_DEFAULT_SUBVOL", ioW, btrfsMagic, 19, 8, setsAttr},
	{"BTRFS_IOC_SNAP_CREATE_V2", ioW, btrfsMagic, 23, volArgsSize, makesSnap2},
	{"BTRFS_IOC_SUBVOL_CREATE_V2", ioW, btrfsMagic, 24, volArgsSize, makesSubvol2},
	{"BTRFS_IOC_SUBVOL_SETFLAGS", ioW, btrfsMagic, 26, 8, setsAttr},
	{"BTRFS_IOC_SET_RECEIVED_SUBVOL", ioWR, btrfsMagic, 37, 200, setsAttr},
	{"BTRFS_IOC_SET_RECEIVED_SUBVOL_32", ioWR, btrfsMagic, 37, 192, setsAttr},
	{"BTRFS_IOC_SNAP_DESTROY_V2", ioW, btrfsMagic, 63, volArgsSize, dropsSubvol2},
}

// number returns the request's value in an ABI (asm-generic/ioctl.h; mips, powerpc and sparc have their own).
func (r *request) number(abi *arch.ABI) uint32 {
	low := uint32(r.size)<<16 | uint32(r.magic)<<8 | uint32(r.nr)
	switch machine(abi) {
	case emMIPS, emPPC, emPPC64, emSparc, emSparc32, emSparcV9:
		dir := uint32(0)
		if r.dir == ioNone {
			dir = 1
		}
		if r.dir&ioR != 0 {
			dir |= 2
		}
		if r.dir&ioW != 0 {
			dir |= 4
		}
		return dir<<29 | low
	}
	return uint32(r.dir)<<30 | low
}

// lookupRequest finds a request by its number.
func lookupRequest(abi *arch.ABI, number uint32) *request {
	for i := range requests {
		if requests[i].number(abi) == number {
			return &requests[i]
		}
	}
	return nil
}

// ioctl reads the requests that change more than their device. All others are free: their descriptor's rights cover
// them, or they only look.
func (d *describer) ioctl() syscall.Errno {
	r := lookupRequest(d.inv.ABI, d.spec.extra.bits(d.inv))
	if r == nil {
		return 0
	}
	a := d.add(ioctlOps[r.does] &^ Read)
	a.Name.Dirfd = d.dirfd(d.spec.dirfd)
	if r.does == setsAttr {
		a.Name.FD = true
		d.resolve()
		d.natural(a.Object.Errno)
		return 0
	}
	if errno := d.subvolume(r.does, &a.Name); errno != 0 {
		return d.drop(errno)
	}
	d.resolve()
	if r.does == dropsSubvol || r.does == dropsSubvol2 {
		d.natural(rmdirErrno(a))
	} else {
		d.natural(newNameErrno(newDir, a))
	}
	return 0
}

// subvolume reads the arguments of the btrfs requests: a name in the directory that the descriptor is, and for a
// snapshot the descriptor of the subvolume it is taken from.
func (d *describer) subvolume(does ioctlVerb, n *Name) syscall.Errno {
	abi, addr := d.inv.ABI, d.inv.Pointer(2)
	head := d.out.block[:24]
	if errno := d.mem.Read(addr, head); errno != 0 {
		return errno
	}
	at, size := uint64(volName1), volNameSize1
	if does == makesSubvol2 || does == makesSnap2 || does == dropsSubvol2 {
		at, size = volName2, volNameSize2
		if getUint64(abi, head[volFlags:])&btrfsSubvolSpecByID != 0 {
			return syscall.EOPNOTSUPP // a subvolume by number has no name to judge; kernels before 5.7 answer this too
		}
	}
	length, errno := d.mem.ReadString(addr+at, d.out.path[0][:size])
	if errno != 0 {
		return errno
	}
	n.UnsafePath = d.out.path[0][:length]
	n.Create = does != dropsSubvol && does != dropsSubvol2
	if kind, _ := lastOf(n.UnsafePath); kind != lastName {
		return syscall.EINVAL
	}
	for _, c := range n.UnsafePath {
		if c == '/' {
			return syscall.EINVAL // a single component
		}
	}
	if does == makesSnap || does == makesSnap2 {
		source := d.add(Read)
		source.Name.Dirfd, source.Name.FD = int32(uint32(getUint64(abi, head))), true
	}
	return 0
}

// RequestName returns the name of the ioctl request that a call makes, as linux/fs.h and its kin spell it, if it is one
// that changes more than its descriptor's rights cover; else "". It allocates nothing.
func RequestName(inv *syscalls.Invocation) string {
	if s := specOf(inv.Call); s != nil && s.shape == fileIoctl {
		if r := lookupRequest(inv.ABI, s.extra.bits(inv)); r != nil {
			return r.name
		}
	}
	return ""
}

// RequestNumber returns the number of such a request in an ABI.
func RequestNumber(abi *arch.ABI, name string) (number uint32, ok bool) {
	for i := range requests {
		if requests[i].name == name {
			return requests[i].number(abi), true
		}
	}
	return 0, false
}
