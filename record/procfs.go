package record

import (
	"os"
	"strconv"
	"strings"
)

// entry is the name of an entry of a process in /proc.
func entry(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// readCwd returns the working directory of a process; empty if it has no name.
func readCwd(pid int) string {
	text, err := os.Readlink(entry(pid, "cwd"))
	if err != nil || !strings.HasPrefix(text, "/") || strings.HasSuffix(text, deleted) {
		return ""
	}
	return text
}

// deleted follows the text of a link in /proc whose file has no name any more (proc_pid_exe(5)).
const deleted = " (deleted)"

// readList reads NUL-terminated strings, as in cmdline and environ.
func readList(name string) []string {
	text, err := os.ReadFile(name)
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
