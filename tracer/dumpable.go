package tracer

import (
	"sync"

	"golang.org/x/sys/unix"
)

// The tracer's own process: same user as the tree, and so open to it by default. A process that is not dumpable can be
// traced, read by /proc/PID/mem and process_vm_readv, or robbed of descriptors only with CAP_SYS_PTRACE, and its /proc
// entries belong to root (ptrace(2), proc(5)). A process may always look at itself through /proc/self. What it executes
// is dumpable again: the shim and the target are not affected.

// dumpUsers counts the runs that want it closed; the last one puts back what was.
var (
	dumpMu    sync.Mutex
	dumpUsers int
	dumpHad   int
)

// closeToOthers makes this process not dumpable until the returned function is called.
func closeToOthers() (restore func()) {
	dumpMu.Lock()
	defer dumpMu.Unlock()
	if dumpUsers == 0 {
		// Neither can fail in a way that could be helped: the operations are older than any kernel that sydbox runs on.
		dumpHad, _ = unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	}
	dumpUsers++
	return func() {
		dumpMu.Lock()
		defer dumpMu.Unlock()
		// 2 cannot be set: it is what a change of credentials leaves (suid_dumpable), and closed as well.
		if dumpUsers--; dumpUsers == 0 && dumpHad == 1 {
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
		}
	}
}
