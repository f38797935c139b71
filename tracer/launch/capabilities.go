package launch

import "golang.org/x/sys/unix"

// capabilities returns those of the calling thread, a bit for each number of linux/capability.h.
func capabilities() (inheritable, permitted, effective uint64, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, 0, 0, err
	}
	join := func(low, high uint32) uint64 { return uint64(high)<<32 | uint64(low) }
	return join(data[0].Inheritable, data[1].Inheritable), join(data[0].Permitted, data[1].Permitted),
		join(data[0].Effective, data[1].Effective), nil
}

// dropCapabilities drops those of the order. Where all are preferred and cannot be had, those that must go do.
//
// Precondition: the main OS thread is locked to the goroutine.
func (o *order) dropCapabilities(noNewPrivs bool, told *outcomes) error {
	if o.dropAll != Off {
		err := drop(^uint64(0), noNewPrivs)
		if told.came(StepCapabilities, o.dropAll, err) != nil {
			return err
		}
		if err == nil || o.drop == 0 {
			return nil
		}
		return drop(o.drop, noNewPrivs)
	}
	return told.came(StepCapabilities, Required, drop(o.drop, noNewPrivs))
}

// drop takes the capabilities of a set from the calling thread and all that it becomes and starts.
//
// Root's bounding set loses them too: else each exec of root's would compute them anew, and even where no_new_privs
// then takes them away the kernel clears the personality, as for any program that gains something (PER_CLEAR_ON_SETID
// in security/commoncap.c): setarch -R would do nothing. What it costs is programs that have them in their file and
// insist on them, as ping does on some systems: EPERM (capabilities(7), "Safety checking for capability-dumb
// binaries"). So the bounding set of others, to whom an exec gives nothing under no_new_privs, stays as it is. It takes
// CAP_SETPCAP; whoever has no capabilities lacks that and does not need it: the kernel gives a traced program none.
//
// Precondition: the main OS thread is locked to the goroutine.
func drop(set uint64, noNewPrivs bool) error {
	inheritable, permitted, effective, err := capabilities()
	if err != nil {
		return err
	}
	if !noNewPrivs || unix.Getuid() == 0 || unix.Geteuid() == 0 {
		if err := dropBounding(set); err != nil && permitted != 0 && !noNewPrivs {
			return err
		}
	}
	if (inheritable|permitted|effective)&set == 0 {
		return nil
	}
	inheritable, permitted, effective = inheritable&^set, permitted&^set, effective&^set
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(effective), Permitted: uint32(permitted), Inheritable: uint32(inheritable)},
		{Effective: uint32(effective >> 32), Permitted: uint32(permitted >> 32), Inheritable: uint32(inheritable >> 32)},
	}
	return unix.Capset(&header, &data[0]) // ambient ones go with these
}

// dropBounding takes capabilities from the bounding set.
func dropBounding(set uint64) error {
	for n := range uintptr(64) {
		if set&(1<<n) == 0 {
			continue
		}
		// EINVAL: this kernel has no such capability.
		if has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, n, 0, 0, 0); err != nil || has == 0 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, n, 0, 0, 0); err != nil {
			return err
		}
	}
	return nil
}
