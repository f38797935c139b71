package tracer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

// seizeError says why PTRACE_SEIZE of our own child failed, and what to change.
func seizeError(pid int, errno syscall.Errno) error {
	return &launch.SetupError{Step: launch.StepSeize, Err: errno, Hint: seizeHint(errno, tracerOf(pid), yamaScope())}
}

// seizeHint is pure: tracer is who traces the child already, scope Yama's ptrace_scope or -1.
func seizeHint(errno syscall.Errno, tracer, scope int) string {
	switch {
	case errno == unix.EIO || errno == unix.EINVAL || errno == unix.ENOSYS:
		return "the kernel, or a sandbox around this one, lacks PTRACE_SEIZE with EXITKILL: " +
			"use Linux 4.8 or later, and a container whose seccomp profile lets ptrace through"
	case tracer != 0:
		return fmt.Sprintf("process %d traces it already, and a process has only one tracer: "+
			"start this outside of strace, gdb or another sandbox", tracer)
	case scope == 3:
		return "kernel.yama.ptrace_scope is 3, nobody may trace, and it stays so until the next boot: boot with 1 " +
			"(a file in /etc/sysctl.d)"
	case scope == 2:
		return "kernel.yama.ptrace_scope is 2: set it to 1 (sysctl kernel.yama.ptrace_scope=1), or run with " +
			"CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE)"
	case errno == unix.EPERM || errno == unix.EACCES:
		return "a container or security module forbids ptrace: allow it there (docker run --cap-add SYS_PTRACE, or a " +
			"seccomp profile that lets ptrace through; SELinux: setsebool deny_ptrace off)"
	}
	return ""
}

// yamaScope returns kernel.yama.ptrace_scope, -1 without Yama.
func yamaScope() int {
	b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	if err != nil {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return -1
	}
	return n
}
