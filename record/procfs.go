package record

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
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

// proc reads entries of one process after the other, into buffers that are used again.
type proc struct {
	name []byte // "/proc/PID/", then an entry
	base int
	link [4096]byte
	text []byte
}

// of makes a process the one whose entries are read.
func (p *proc) of(pid int) {
	p.name = append(strconv.AppendInt(append(p.name[:0], "/proc/"...), int64(pid), 10), '/')
	p.base = len(p.name)
}

func (p *proc) path(entry string) []byte {
	return append(append(p.name[:p.base], entry...), 0)
}

// readlink returns the text of a link; it is valid until the next call. Empty if there is none.
func (p *proc) readlink(entry string) []byte {
	n, errno := readlink(p.path(entry), p.link[:])
	if errno != 0 || n == len(p.link) {
		return nil
	}
	return p.link[:n]
}

// readdir returns the path of a directory that a link leads to; empty if it has no name.
func (p *proc) readdir(entry string) []byte {
	text := p.readlink(entry)
	if len(text) == 0 || text[0] != '/' || bytes.HasSuffix(text, []byte(deleted)) {
		return nil
	}
	return text
}

// read returns all that a file has; it is valid until the next call. Empty if it cannot be read.
func (p *proc) read(entry string) []byte {
	fd, errno := openRead(p.path(entry))
	if errno != 0 {
		return nil
	}
	defer unix.Close(fd)
	if p.text == nil {
		p.text = make([]byte, 64<<10)
	}
	for have := 0; ; {
		n, err := unix.Read(fd, p.text[have:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n <= 0:
			return p.text[:have]
		}
		if have += n; have == len(p.text) {
			p.text = append(p.text, make([]byte, len(p.text))...)
		}
	}
}

// list splits NUL-terminated strings, as in cmdline and environ. All share one copy of the text.
func list(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// readList reads NUL-terminated strings of a file.
func readList(name string) []string {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return list(text)
}
