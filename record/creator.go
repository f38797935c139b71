package record

import (
	"bytes"
	"os"
	"strconv"

	"sydbox/tracer"
)

// creator is who made a process, as far as it is known; nil for the command. A child may be there before the event of
// its creator, and if another process dies just then the tracer takes that one for it (see adopt in package tracer). Who
// is dead already makes no children, so the kernel is asked: its answer is right unless the true creator is dead too.
func (r *recorder) creator(child *tracer.Task) *process {
	parent := child.Process.Parent
	if parent == nil {
		return nil
	}
	from, _ := parent.Data.(*process)
	if from == nil || parent.Tasks > 0 {
		return from
	}
	if pid := parentOf(child.Process.TGID); pid > 0 {
		for p := range r.alive {
			if p.pid == pid {
				return p
			}
		}
	}
	return from
}

// parentOf is the parent of a process in proc_pid_stat(5), the second field behind the name in parentheses; 0 if it
// is gone.
func parentOf(pid int) int {
	text, err := os.ReadFile(entry(pid, "stat"))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}
