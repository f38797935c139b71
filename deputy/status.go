package deputy

import (
	"bytes"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// status is what /proc/TID/status says besides an identity (proc_pid_status(5)).
type status struct {
	umask, tgid            int
	permitted, inheritable uint64
	one                    bool // real, effective, saved and file system IDs are the same
}

// readStatus reads the rights of a task; tid 0 is the calling thread. ESRCH if the task has begun to end. who.groups is
// reused; with a nil who.groups and a task in none nothing is allocated.
func (d *Deputy) readStatus(tid int, s *status, who *identity) syscall.Errno {
	text, errno := d.readEntry(d.entry(tid, "status"))
	if errno == unix.ENOENT {
		errno = unix.ESRCH
	}
	if errno != 0 {
		return errno
	}
	return s.parse(text, who)
}

// readEntry reads a file of procfs as a whole.
func (d *Deputy) readEntry(name []byte) ([]byte, syscall.Errno) { return d.readFrom(d.proc, name) }

// readFrom reads a file of a directory in a procfs as a whole. What it returns is valid until the next call.
func (d *Deputy) readFrom(dir int, name []byte) ([]byte, syscall.Errno) {
	if d.onTracer != nil {
		return d.askForFile(dir, name)
	}
	return d.readHere(dir, name)
}

// readHere reads on the calling thread. A file made by one seq_file show, as status is, comes whole into a buffer that
// has room for it (fs/seq_file.c).
func (d *Deputy) readHere(dir int, name []byte) ([]byte, syscall.Errno) {
	for {
		fd, errno := openAt(dir, name, unix.O_RDONLY, 0)
		if errno != 0 {
			return nil, errno
		}
		n, errno := read(fd, d.status)
		closeFD(fd)
		switch {
		case errno != 0:
			return nil, errno
		case n < len(d.status):
			return d.status[:n], 0
		case n >= statusMax:
			return nil, unix.E2BIG
		}
		d.status = make([]byte, min(4*len(d.status), statusMax))
	}
}

// entry returns the name of an entry of a task in procfs, NUL-terminated and valid until the next call. tid 0 is the
// calling thread.
func (d *Deputy) entry(tid int, name string) []byte {
	b := d.line[:0]
	if tid == 0 {
		b = append(b, "thread-self"...)
	} else {
		b = strconv.AppendInt(b, int64(tid), 10)
	}
	b = append(b, '/')
	b = append(b, name...)
	return append(b, 0)
}

// entryFD is entry for one of the task's descriptors: in the directory name, "fd/" or "fdinfo/".
func (d *Deputy) entryFD(tid int, name string, n int32) []byte {
	b := d.entry(tid, name)
	return append(strconv.AppendInt(b[:len(b)-1], int64(n), 10), 0)
}

// parse reads the lines that matter. Every one of them has to be there: the umask's is missing for a task that has
// begun to end, and before Linux 4.7. The first line is the task's own choice, but has no line break in it.
func (s *status) parse(text []byte, who *identity) syscall.Errno {
	const all = 1<<8 - 1
	found := 0
	s.one = true
	for len(text) > 0 && found != all {
		key, value := cutLine(&text)
		ok := true
		switch string(key) {
		case "Umask":
			var n uint64
			n, ok = parseUint(trim(value), 8)
			s.umask = int(n & 0o777)
			found |= 1 << 0
		case "State":
			if value = trim(value); len(value) == 0 || value[0] == 'Z' || value[0] == 'X' {
				return unix.ESRCH
			}
			found |= 1 << 1
		case "Tgid":
			var n uint64
			n, ok = parseUint(trim(value), 10)
			s.tgid = int(n)
			found |= 1 << 2
		case "Uid":
			who.users, who.uid, ok = s.ids(trim(value))
			found |= 1 << 3
		case "Gid":
			who.groupIDs, who.gid, ok = s.ids(trim(value))
			found |= 1 << 4
		case "Groups":
			ok = who.parseGroups(trim(value))
			found |= 1 << 5
		case "CapInh":
			s.inheritable, ok = parseUint(trim(value), 16)
		case "CapPrm":
			s.permitted, ok = parseUint(trim(value), 16)
			found |= 1 << 6
		case "CapEff":
			who.effective, ok = parseUint(trim(value), 16)
			found |= 1 << 7
		}
		if !ok {
			return unix.EIO
		}
	}
	switch {
	case found == all:
		return 0
	case found&1 == 0:
		return unix.ESRCH
	}
	return unix.EIO
}

// ids parses real, effective, saved and file system ID. The last is apart.
func (s *status) ids(list []byte) (three triple, files uint32, ok bool) {
	for _, id := range [...]*uint32{&three.real, &three.effective, &three.saved, &files} {
		n, valid := parseUint(cut(&list), 10)
		if !valid || n > 1<<32-1 {
			return three, 0, false
		}
		*id = uint32(n)
	}
	s.one = s.one && three == triple{files, files, files}
	return three, files, len(list) == 0
}

func (who *identity) parseGroups(list []byte) bool {
	who.groups = who.groups[:0]
	for len(list) > 0 {
		n, ok := parseUint(cut(&list), 10)
		if !ok || n > 1<<32-1 {
			return false
		}
		who.groups = append(who.groups, uint32(n))
	}
	return true
}

// cutLine takes the first line, "key:	value", off a file of procfs. The value may have blanks around it.
func cutLine(text *[]byte) (key, value []byte) {
	line := *text
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line, *text = line[:i], line[i+1:]
	} else {
		*text = nil
	}
	if i := bytes.IndexByte(line, ':'); i >= 0 {
		return line[:i], line[i+1:]
	}
	return nil, nil
}

// trim takes the blanks off both ends of a value: procfs knows blanks and tabs only.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// lineOf returns the value of a key.
func lineOf(text []byte, key string) ([]byte, bool) {
	for len(text) > 0 {
		if k, value := cutLine(&text); string(k) == key {
			return trim(value), true
		}
	}
	return nil, false
}

// cut takes the first word off a list separated by blanks.
func cut(list *[]byte) []byte {
	word := *list
	if i := bytes.IndexAny(word, " \t"); i >= 0 {
		*list = bytes.TrimLeft(word[i:], " \t")
		return word[:i]
	}
	*list = nil
	return word
}

// parseUint is strconv.ParseUint for bytes: without signs, prefixes or errors that say more than no.
func parseUint(s []byte, base uint64) (n uint64, ok bool) {
	for _, c := range s {
		digit := uint64(c - '0')
		if 'a' <= c && c <= 'f' {
			digit = uint64(c-'a') + 10
		}
		if digit >= base || n > (1<<64-1-digit)/base {
			return 0, false
		}
		n = n*base + digit
	}
	return n, len(s) > 0
}
