package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path"
)

// sameCredentials says whether a task has the tracer's own user, groups and effective capabilities, so that what the
// kernel would answer to the one it answers to the other.
func sameCredentials(tid int) bool {
	own, err1 := credentials("self")
	its, err2 := credentials(fmt.Sprint(tid))
	return err1 == nil && err2 == nil && own == its
}

// credentials returns the lines of /proc/PID/status that decide file access (proc(5)).
func credentials(pid string) (string, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return "", err
	}
	var keep []byte
	for line := range bytes.Lines(status) {
		for _, key := range [][]byte{[]byte("Uid:"), []byte("Gid:"), []byte("Groups:"), []byte("CapEff:")} {
			if bytes.HasPrefix(line, key) {
				keep = append(keep, line...)
			}
		}
	}
	return string(keep), nil
}

// parentOf returns the directory that holds path.
func parentOf(p string) string { return path.Dir(p) }
