package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// sameCredentials says whether a task has the tracer's own user, groups and capabilities about files, so that what the
// kernel would answer to the one about a file it answers to the other.
func sameCredentials(tid int) bool {
	own, err1 := credentials("self")
	its, err2 := credentials(fmt.Sprint(tid))
	return err1 == nil && err2 == nil && own == its
}

// fileCapabilities are those that stand in for file permissions (capabilities(7)). Of root's others the sandbox takes
// some away.
const fileCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH |
	1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID

// credentials returns what decides file access of /proc/PID/status (proc(5)).
func credentials(pid string) (string, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return "", err
	}
	var keep []byte
	for line := range bytes.Lines(status) {
		for _, key := range [][]byte{[]byte("Uid:"), []byte("Gid:"), []byte("Groups:")} {
			if bytes.HasPrefix(line, key) {
				keep = append(keep, line...)
			}
		}
		if set, ok := bytes.CutPrefix(line, []byte("CapEff:")); ok {
			caps, err := strconv.ParseUint(string(bytes.TrimSpace(set)), 16, 64)
			if err != nil {
				return "", err
			}
			keep = strconv.AppendUint(keep, caps&fileCapabilities, 16)
		}
	}
	return string(keep), nil
}

// parentOf returns the directory that holds path.
func parentOf(p string) string { return path.Dir(p) }
