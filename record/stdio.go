package record

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// stdio says what descriptors 0, 1 and 2 of p's process are, as event.Executed has it. Most are what the last process
// that was asked about had, so its strings are used again.
func (r *recorder) stdio() (std [3]string) {
	for i, name := range [...]string{"fd/0", "fd/1", "fd/2"} {
		text := r.proc.readlink(name)
		if len(text) == 0 {
			continue
		}
		line := r.text[:0]
		if text[0] == '/' {
			line = append(line, r.direction(i, name))
		}
		line = append(line, text...)
		if string(line) != r.std[i] {
			r.std[i] = string(line)
		}
		std[i] = r.std[i]
	}
	return std
}

// direction says how a file is open. The mode of the link in /proc tells what for (proc_pid_fd(5)); only where it can
// be written to is there more to know.
func (r *recorder) direction(i int, name string) byte {
	var st unix.Stat_t
	if lstat(r.proc.path(name), &st) != 0 {
		return '='
	}
	switch st.Mode & (unix.S_IRUSR | unix.S_IWUSR) {
	case unix.S_IRUSR:
		return '<'
	case unix.S_IRUSR | unix.S_IWUSR:
		return '='
	}
	info := r.proc.read([...]string{"fdinfo/0", "fdinfo/1", "fdinfo/2"}[i])
	if appends(info) {
		return '+'
	}
	return '>'
}

// appends says whether /proc/PID/fdinfo/N tells of O_APPEND. It gives the flags in octal.
func appends(info []byte) bool {
	_, rest, _ := bytes.Cut(info, []byte("flags:\t"))
	var flags uint64
	for _, c := range rest {
		if c < '0' || c > '7' {
			break
		}
		flags = flags<<3 | uint64(c-'0')
	}
	return flags&unix.O_APPEND != 0
}
