package tracer

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// setsInfo says whether this kernel has PTRACE_SET_SYSCALL_INFO (6.16). At a stop that is no call's the request is
// EINVAL, and EIO where there is none.
var setsInfo = sync.OnceValue(func() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var status unix.WaitStatus
	if _, err := unix.Wait4(cmd.Process.Pid, &status, 0, nil); err != nil || !status.Stopped() {
		panic("the child does not stop")
	}
	return setSyscallInfo(cmd.Process.Pid, &syscallInfo{}) != unix.EIO
})

// reachesArg0 says whether the first argument of a call can be changed here at all.
func reachesArg0() bool { return !arch.Native()[0].Regs.Arg0Lost || setsInfo() }

// eachSetter calls f once for each way to change a call that there is here. byInfo is Options.infoSets.
func eachSetter(t *testing.T, f func(t *testing.T, byInfo bool)) {
	t.Helper()
	if !arch.Native()[0].Regs.Arg0Lost {
		t.Run("registers", func(t *testing.T) { f(t, false) })
	}
	if setsInfo() {
		t.Run("description", func(t *testing.T) { f(t, true) })
	}
}
