package deputy

import (
	"encoding/binary"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
)

// Of the requests of ioctl only those that access judges are done. Every other is left: it acts on what its descriptor
// may do.
var _ = register(map[string]doer{"ioctl": fileRequest})

// request is how a deputy makes an ioctl.
type request struct {
	number uint32 // in the tracer's own ABI
	size   int    // of what it points to
	back   bool   // the kernel writes it, too
	names  nameForm
}

// nameForm is where a request of btrfs has the name that was judged (struct btrfs_ioctl_vol_args and its second form).
type nameForm uint8

const (
	noName nameForm = iota
	name1           // at 8 of 4096
	name2           // at 56 of 4096, and flags at 16
)

const (
	volArgsSize = 4096
	volFlags    = 16
	volName1    = 8
	volName2    = 56
	// volReadOnly is BTRFS_SUBVOL_RDONLY, the only flag that names nothing else.
	volReadOnly = 2
)

// fileRequests has what is done; every other request is answered ENOTTY, as by a file system that does not know it.
// Missing are: freezing (FIFREEZE), which would stop the tracer as well, and those that point on to more memory
// (FS_IOC_ENABLE_VERITY) or whose size lies in memory (FS_IOC_SET_ENCRYPTION_POLICY).
//
// The kernel reads 4 bytes where FS_IOC_SETFLAGS and SETVERSION are said to point to a long.
var fileRequests = sync.OnceValue(makeRequests)

func makeRequests() map[string]request {
	native := arch.Native()[0]
	table := map[string]request{}
	for _, r := range []struct {
		name, as string
		request
	}{
		{"FS_IOC_SETFLAGS", "FS_IOC_SETFLAGS", request{size: 4}},
		{"FS_IOC32_SETFLAGS", "FS_IOC_SETFLAGS", request{size: 4}},
		{"FS_IOC_SETVERSION", "FS_IOC_SETVERSION", request{size: 4}},
		{"FS_IOC32_SETVERSION", "FS_IOC_SETVERSION", request{size: 4}},
		{"EXT4_IOC_SETVERSION", "EXT4_IOC_SETVERSION", request{size: 4}},
		{"EXT4_IOC32_SETVERSION", "EXT4_IOC_SETVERSION", request{size: 4}},
		{"FS_IOC_FSSETXATTR", "", request{size: 28}},
		{"FS_IOC_SETFSLABEL", "", request{size: 256}},
		{"FAT_IOCTL_SET_ATTRIBUTES", "", request{size: 4}},
		{"BTRFS_IOC_SUBVOL_CREATE", "", request{size: volArgsSize, names: name1}},
		{"BTRFS_IOC_SUBVOL_CREATE_V2", "", request{size: volArgsSize, names: name2}},
		{"BTRFS_IOC_SNAP_CREATE", "", request{size: volArgsSize, names: name1}},
		{"BTRFS_IOC_SNAP_CREATE_V2", "", request{size: volArgsSize, names: name2}},
		{"BTRFS_IOC_SNAP_DESTROY", "", request{size: volArgsSize, names: name1}},
		{"BTRFS_IOC_SNAP_DESTROY_V2", "", request{size: volArgsSize, names: name2}},
		{"BTRFS_IOC_DEFAULT_SUBVOL", "", request{size: 8}},
		{"BTRFS_IOC_SUBVOL_SETFLAGS", "", request{size: 8}},
		{"BTRFS_IOC_SET_RECEIVED_SUBVOL", "", request{size: 200, back: true}},
		{"BTRFS_IOC_SET_RECEIVED_SUBVOL_32", "", request{size: 192, back: true}},
	} {
		if r.as == "" {
			r.as = r.name
		}
		r.number, _ = access.RequestNumber(native, r.as)
		narrow, twin := access.RequestNumber(native, strings.Replace(r.as, "_IOC_", "_IOC32_", 1))
		if native.PointerSize == 4 && twin {
			r.number = narrow
		}
		table[r.name] = r.request
	}
	return table
}

// fileRequest is ioctl(2).
func fileRequest(d *Deputy, c *call) Outcome {
	if c.acc.N == 0 {
		return Outcome{}
	}
	r, known := fileRequests()[access.RequestName(c.inv)]
	if !known {
		return done(unix.ENOTTY)
	}
	path, errno := d.isPath(c.acc.List[0].Name.Dirfd)
	if path {
		errno = unix.EBADF
	}
	if errno == 0 {
		errno = c.failed()
	}
	if errno != 0 {
		return done(errno)
	}
	data, addr := d.content[:r.size], c.inv.Pointer(2)
	var source int
	if r.names == noName {
		errno = c.mem.Read(addr, data)
	} else {
		source, errno = d.volume(c, r, data)
	}
	if errno != 0 {
		return done(errno)
	}
	fd, out, ok := d.requested(c, r)
	if ok {
		out = d.request(fd, r, data)
		closeFD(fd)
		if out.Value == 0 && r.back {
			errno = d.Own()
			if errno == 0 {
				errno = c.mem.Write(addr, data)
			}
			out = done(errno)
		}
	}
	if source > 0 {
		closeFD(source)
	}
	return out
}

// requested borrows the descriptor that a request is made on: the object, or the directory of the name.
func (d *Deputy) requested(c *call, r request) (fd int, out Outcome, ok bool) {
	a := &c.acc.List[0]
	if r.names == noName {
		return d.borrowObject(a.Name.Dirfd, c.pins.Object(0), a.Object.Dev, a.Object.Ino)
	}
	parent, _ := c.pins.Parent(0)
	var st unix.Stat_t
	if errno := fstat(parent, &st); errno != 0 {
		return -1, done(errno), false
	}
	return d.borrowObject(a.Name.Dirfd, parent, uint64(st.Dev), uint64(st.Ino))
}

// request makes the request with the task's rights. Only regular files and directories have any of these: a driver
// might take the same number for something else.
func (d *Deputy) request(fd int, r request, data []byte) Outcome {
	var st unix.Stat_t
	errno := fstat(fd, &st)
	if kind := st.Mode & unix.S_IFMT; errno == 0 && kind != unix.S_IFREG && kind != unix.S_IFDIR {
		errno = unix.ENOTTY
	}
	if errno == 0 {
		errno = d.act(r.names != noName)
	}
	if errno == 0 {
		errno = ioctl(fd, r.number, data)
	}
	return done(errno)
}

// volume makes the structure of a request about a subvolume: with the name as it was judged, and the subvolume that a
// snapshot is taken of as a descriptor of our own, which the caller closes if it is not 0.
func (d *Deputy) volume(c *call, r request, data []byte) (source int, errno syscall.Errno) {
	clear(data)
	name := volName1
	if r.names == name2 {
		name = volName2
		if errno := c.mem.Read(c.inv.Pointer(2)+volFlags, data[volFlags:volFlags+8]); errno != 0 {
			return 0, errno
		}
		if binary.NativeEndian.Uint64(data[volFlags:])&^volReadOnly != 0 {
			return 0, unix.EOPNOTSUPP
		}
	}
	unsafeName := c.acc.List[0].Name.UnsafePath
	if len(unsafeName) > unix.NAME_MAX {
		return 0, unix.ENAMETOOLONG
	}
	copy(data[name:], unsafeName)
	if c.acc.N < 2 {
		return 0, 0
	}
	from := &c.acc.List[1]
	fd, out, ok := d.borrowObject(from.Name.Dirfd, c.pins.Object(1), from.Object.Dev, from.Object.Ino)
	if !ok {
		if out.Kind == Again {
			return 0, unix.EBADF // another file has taken the number: it is as if this one had been closed
		}
		return 0, syscall.Errno(-out.Value)
	}
	binary.NativeEndian.PutUint64(data, uint64(fd))
	return fd, 0
}
