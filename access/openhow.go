package access

import "syscall"

// RESOLVE_* of linux/openat2.h.
const (
	resolveNoXdev       = 0x01
	resolveNoMagicLinks = 0x02
	resolveNoSymlinks   = 0x04
	resolveBeneath      = 0x08
	resolveInRoot       = 0x10
	resolveCached       = 0x20
	resolveKnown        = resolveNoXdev | resolveNoMagicLinks | resolveNoSymlinks | resolveBeneath | resolveInRoot |
		resolveCached
)

// howSize is the size of struct open_how in its first and so far only version.
const howSize = 24

// openHow reads openat2(2). The structure lies in memory, so only a private copy of it can be judged, and only what
// this copy says is described: whoever lets the call run must keep the tracee from changing it meanwhile.
func (d *describer) openHow() syscall.Errno {
	addr, size := d.inv.Args[2], d.inv.Args[3]
	switch {
	case size < howSize:
		return syscall.EINVAL
	case size > uint64(syscall.Getpagesize()):
		return syscall.E2BIG
	}
	// The tail first: a newer version's fields must be zero, for their meaning is unknown (copy_struct_from_user).
	if errno := d.zeroTail(addr+howSize, size-howSize); errno != 0 {
		return errno
	}
	how := d.out.block[:howSize]
	if errno := d.mem.Read(addr, how); errno != 0 {
		return errno
	}
	abi := d.inv.ABI
	f := openFlagsOf(abi)
	flags, mode, resolve := getUint64(abi, how), getUint64(abi, how[8:]), getUint64(abi, how[16:])
	if errno := howErrno(f, flags, mode, resolve); errno != 0 {
		return errno
	}
	return d.openAs(How{Flags: flags, Mode: mode}, resolve)
}

// zeroTail reads n bytes at addr: E2BIG unless all are zero.
func (d *describer) zeroTail(addr, n uint64) syscall.Errno {
	for n > 0 {
		buf := d.out.path[1][:min(n, PathMax)]
		if errno := d.mem.Read(addr, buf); errno != 0 {
			return errno
		}
		for _, c := range buf {
			if c != 0 {
				return syscall.E2BIG
			}
		}
		addr += uint64(len(buf))
		n -= uint64(len(buf))
	}
	return 0
}

// howErrno says what is wrong with an open_how: unlike open, openat2 takes no unknown or pointless bits
// (build_open_flags in fs/open.c).
func howErrno(f *openFlags, flags, mode, resolve uint64) syscall.Errno {
	const permissions = 0o7777
	creates := flags&(f.creat|f.tmpfile) != 0
	switch {
	case flags&^f.known() != 0,
		resolve&^resolveKnown != 0,
		resolve&resolveBeneath != 0 && resolve&resolveInRoot != 0,
		creates && mode&^permissions != 0,
		!creates && mode != 0,
		flags&f.creat != 0 && flags&f.directory != 0, // since 6.4
		flags&f.tmpfile != 0 && (flags&f.directory == 0 || flags&(oWronly|oRdwr) == 0),
		flags&f.path != 0 && flags&^f.besidePath() != 0:
		return syscall.EINVAL
	case resolve&resolveCached != 0 && flags&(f.trunc|f.creat|f.tmpfile) != 0:
		return syscall.EAGAIN
	}
	return 0
}
