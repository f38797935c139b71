//go:build ablation

package sandbox

import (
	"os"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
	"sydbox/tracer"
)

// panicAt says where a build for tests is to panic: at the first "syscall", "exec" or "death", or in a "report".
var panicAt = os.Getenv("SYDBOX_PANIC")

// provoke returns a Handler that panics where panicAt says.
func provoke(h tracer.Handler) tracer.Handler { return provoked{h} }

func provokeReport() { panicIf("report") }

func panicIf(where string) {
	if panicAt == where {
		panic("SYDBOX_PANIC=" + where)
	}
}

type provoked struct{ tracer.Handler }

func (p provoked) Syscall(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	panicIf("syscall")
	return p.Handler.Syscall(t, inv)
}

func (p provoked) Exec(t *tracer.Task, launch bool) tracer.Action {
	panicIf("exec")
	return p.Handler.Exec(t, launch)
}

func (p provoked) Death(t *tracer.Task, ws unix.WaitStatus) {
	panicIf("death")
	p.Handler.Death(t, ws)
}
