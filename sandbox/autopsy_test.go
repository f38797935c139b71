package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// autopsy says where every process of a session is, and has those of sydbox print where their goroutines are: what a
// run that hangs leaves to find out by.
func autopsy(session int) string {
	var b strings.Builder
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range entries {
		stat, err := os.ReadFile(dir + "/stat")
		_, fields, ok := strings.Cut(string(stat), ") ")
		words := strings.Fields(fields)
		if err != nil || !ok || len(words) < 4 || words[3] != strconv.Itoa(session) {
			continue
		}
		for _, task := range threadsIn(dir) {
			fmt.Fprintf(&b, "%s %s %s\n\tin %s, call %s\n", task, words[0], entry(task, "comm"), entry(task, "wchan"), entry(task, "syscall"))
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && strings.Contains(entry(dir, "comm"), "sydbox") {
			_ = unix.Kill(pid, unix.SIGABRT) // it may end meanwhile
		}
	}
	time.Sleep(time.Second) // for what it prints
	return b.String()
}

func threadsIn(dir string) []string {
	tasks, _ := filepath.Glob(dir + "/task/[0-9]*")
	return tasks
}

func entry(dir, name string) string {
	text, err := os.ReadFile(dir + "/" + name)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
