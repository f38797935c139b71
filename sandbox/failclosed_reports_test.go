package sandbox

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

// Reports that cannot be written. The rules hold without them, and the user learns that the log is not complete.

// unharmed lets the probe run once under the flags so far, and checks that the rules hold.
func (o *ordeal) unharmed(status int, stderr ...string) {
	o.Helper()
	o.start("probe")
	for range 2 {
		if got := o.ask(); got != all {
			o.Errorf("the probe says %s", got)
		}
	}
	o.expect(status, stderr...)
}

func (o *ordeal) logDiskFull() {
	o.flags = []string{"--log", "/dev/full"}
	o.unharmed(125, "the log is not complete", "no space left on device")
	if o.uid != 0 || !canUnshareMounts() {
		return // a disk of our own can only be had by mounting it
	}
	disk := filepath.Join(o.base, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		o.Fatal(err)
	}
	o.wrap = []string{"/bin/sh", "-c", "mount -t tmpfs -o size=12k none " + disk + ` && exec "$@"`, "sh"}
	o.adjust = func(cmd *exec.Cmd) { cmd.SysProcAttr.Unshareflags = unix.CLONE_NEWNS }
	o.flags = []string{"--log", filepath.Join(disk, "log")}
	o.start("probe")
	o.ask()
	// In the namespace of the run there is room for one page more than the log has by now.
	inside := filepath.Join("/proc", strconv.Itoa(o.cmd.Process.Pid), "root", disk)
	if err := os.WriteFile(filepath.Join(inside, "filling"), make([]byte, 4096), 0o644); err != nil {
		o.Fatal(err)
	}
	for range 8 {
		if got := o.ask(); got != all {
			o.Errorf("on a full disk the probe says %s", got)
		}
	}
	// Denials are written a moment after they have happened.
	logged := func(enough func(text []byte) bool) (text []byte) {
		for end := time.Now().Add(hang); time.Now().Before(end) && !enough(text); time.Sleep(time.Millisecond) {
			var err error
			if text, err = os.ReadFile(filepath.Join(inside, "log")); err != nil {
				o.Fatal(err)
			}
		}
		return text
	}
	cutOff := logged(func(text []byte) bool { return len(text) > 0 && !bytes.HasSuffix(text, []byte{'\n'}) })
	if err := os.Remove(filepath.Join(inside, "filling")); err != nil {
		o.Fatal(err)
	}
	o.ask()
	text := logged(func(text []byte) bool { return len(text) > len(cutOff) && bytes.Count(text, []byte{'\n'}) >= 10 })
	o.expect(125, "the log is not complete", "no space left on device")
	// The one line that was cut off spoils no other.
	good, bad := 0, 0
	for line := range bytes.Lines(text) {
		if _, err := event.Parse(line); err != nil {
			bad++
		} else {
			good++
		}
	}
	if bad != 1 || good < 9 {
		o.Errorf("%d lines of the log can be read, %d cannot:\n%s", good, bad, text)
	}
}

// logTooLarge reaches the limit of file sizes, which comes with a deadly signal (SIGXFSZ).
func (o *ordeal) logTooLarge() {
	const size = 4096
	log := filepath.Join(o.base, "log")
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		o.Fatal(err)
	}
	own(o.T, log, o.uid)
	o.flags = []string{"--log", log}
	o.wrap = []string{"prlimit", "--fsize=4096"}
	o.start("repeat", "100")
	o.expect(125, "the log is not complete", "file too large")
	text, err := os.ReadFile(log)
	if err != nil || len(text) != size {
		o.Fatalf("the log has %d bytes (%v), want %d", len(text), err, size)
	}
	lines := bytes.SplitAfter(text, []byte{'\n'})
	for _, line := range lines[:len(lines)-1] {
		if _, err := event.Parse(line); err != nil {
			o.Errorf("a line of the log: %v", err)
		}
	}
}

// fifoLog gives the ordeal a log that is a FIFO and returns its reading end.
func (o *ordeal) fifoLog() *os.File {
	o.Helper()
	path := filepath.Join(o.base, "log")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		o.Fatal(err)
	}
	own(o.T, path, o.uid)
	o.flags = []string{"--log", path}
	r, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // sydbox's own open waits for nobody then
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() { r.Close() })
	return r
}

func (o *ordeal) logReaderGone() {
	r := o.fifoLog()
	o.start("probe")
	if got := o.ask(); got != all {
		o.Errorf("the probe says %s", got)
	}
	r.Close()
	if got := o.ask(); got != all {
		o.Errorf("without a reader the probe says %s", got)
	}
	o.expect(125, "the log is not complete", "broken pipe")
}

// logReaderStuck never reads: the tree goes on, and what is missing is counted.
func (o *ordeal) logReaderStuck() {
	r := o.fifoLog()
	o.start("repeat", "5000")
	if got := o.line(); got != "ok" {
		o.Errorf("wear says %q", got)
	}
	go func() { // it can end when it has been read
		for buf := make([]byte, 1<<16); ; {
			if _, err := r.Read(buf); err != nil {
				return
			}
		}
	}()
	o.expect(125, "the report is not complete", "denials are missing")
}

// stderrFull and its like run without a log: there is nobody to tell, and nothing else changes.
func (o *ordeal) stderrFull() {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		o.Fatal(err)
	}
	defer full.Close()
	o.adjust = func(cmd *exec.Cmd) { cmd.Stderr = full }
	o.unharmed(0)
}

func (o *ordeal) stderrClosed() {
	o.wrap = []string{"/bin/sh", "-c", `exec "$@" 2>&-`, "sh"}
	o.unharmed(0)
}

func (o *ordeal) stderrBroken() {
	r, w := o.newPipe()
	r.Close()
	defer w.Close()
	o.adjust = func(cmd *exec.Cmd) { cmd.Stderr = w }
	o.unharmed(0)
}

// stderrStuck never reads what sydbox says: the tree goes on, and so does the rest of sydbox.
func (o *ordeal) stderrStuck() {
	r, w := o.newPipe()
	defer r.Close()
	fd := int(w.Fd())
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, 4096); err != nil {
		o.Fatal(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		o.Fatal(err)
	}
	filling := []byte(strings.Repeat("f", 4096))
	for {
		if _, err := unix.Write(fd, filling); err != nil {
			break
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		o.Fatal(err)
	}
	o.adjust = func(cmd *exec.Cmd) { cmd.Stderr = w }
	o.start("repeat", "5000")
	w.Close()
	if got := o.line(); got != "ok" {
		o.Errorf("wear says %q", got)
	}
	said := make(chan string)
	go func() {
		var all bytes.Buffer
		_, _ = all.ReadFrom(r) // a pipe has no other end than EOF
		said <- all.String()
	}()
	o.end()
	if text := <-said; !strings.Contains(text, "the report is not complete") {
		o.Errorf("what the user reads does not say that something is missing: %s", cut(text[len(filling):]))
	}
}
