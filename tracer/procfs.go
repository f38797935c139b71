package tracer

import (
	"bytes"
	"os"
	"strconv"
)

// taskStatus is the text of /proc/TID/status. Only rare cases read it: deaths in the middle of a birth, and errors.
type taskStatus []byte

// readStatus returns nothing if the task is gone.
func readStatus(tid int) taskStatus {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return nil
	}
	return status
}

// number returns the number in the line "name:\tN", 0 if there is none.
func (s taskStatus) number(name string) int {
	_, rest, _ := bytes.Cut(s, []byte("\n"+name+":\t"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.Atoi(string(line))
	if err != nil {
		return 0
	}
	return n
}

// ended says whether the task is gone or a zombie.
func (s taskStatus) ended() bool {
	return len(s) == 0 || bytes.Contains(s, []byte("\nState:\tZ")) || bytes.Contains(s, []byte("\nState:\tX"))
}

// state says whether the task is in a state, by its letter (proc_pid_stat(5)).
func (s taskStatus) state(letter byte) bool {
	_, rest, found := bytes.Cut(s, []byte("\nState:\t"))
	return found && len(rest) > 0 && rest[0] == letter
}

// tracerOf returns the TID of the thread that traces tid, 0 if there is none or nobody can tell.
func tracerOf(tid int) int { return readStatus(tid).number("TracerPid") }
