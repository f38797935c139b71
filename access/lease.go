package access

import (
	"syscall"

	"sydbox/syscalls"
)

// A lease (fcntl(2), "Leases") needs no descriptor opened for writing. Whoever opens the file against it then waits
// until the holder has let go, up to /proc/sys/fs/lease-break-time: 45 seconds. So it is for those who may write.

// Commands of linux/fcntl.h, the same on every machine. F_SETDELEG, for directories too, is of Linux 6.19.
const (
	fSetlease = 1024
	fSetdeleg = 1040
)

// lease reads fcntl: of all commands only those concern the file. Giving a lease back is judged as taking it was.
func (d *describer) lease() syscall.Errno {
	if leaseName(d.spec.extra.bits(d.inv)) == "" {
		return 0
	}
	a := d.add(Write)
	a.Name.Dirfd, a.Name.FD = d.dirfd(d.spec.dirfd), true
	d.resolve()
	d.natural(a.Object.Errno)
	return 0
}

// TakesLease says whether a call is fcntl with one of the commands that concern the file. It allocates nothing.
func TakesLease(inv *syscalls.Invocation) bool {
	s := specOf(inv.Call)
	return s != nil && s.shape == fileLease && leaseName(s.extra.bits(inv)) != ""
}

func leaseName(command uint32) string {
	switch command {
	case fSetlease:
		return "F_SETLEASE"
	case fSetdeleg:
		return "F_SETDELEG"
	}
	return ""
}
