package program

import "bytes"

// scriptHead is how much of a file the kernel looks at: BINPRM_BUF_SIZE, 256 since Linux 5.1. Before it was 128; a
// longer line is cut there, and then only the second look knows.
const scriptHead = 256

// maxScripts is how many scripts may lead to a program. The sixth is ELOOP (exec_binprm in fs/exec.c).
const maxScripts = 5

// shebang is the first line of a script.
type shebang struct {
	interpreter []byte
	arg         []byte
	hasArg      bool
}

// parseShebang reads the first bytes of a file as the kernel's binfmt_script does. ok is false where it finds no script
// (ENOEXEC): no `#!`, no interpreter, or one that may be cut.
func parseShebang(head []byte) (s shebang, ok bool) {
	var buf [scriptHead]byte // a shorter file is padded with NULs
	copy(buf[:], head)
	if buf[0] != '#' || buf[1] != '!' {
		return s, false
	}
	// Both ends of a search are inclusive, as in the kernel: what follows a trimmed line is still looked at once.
	const start, last = 2, scriptHead - 1
	end := bytes.IndexByte(buf[:], '\n')
	if end < 0 {
		name := search(&buf, start, last, notBlank)
		if name < 0 || search(&buf, name, last, blankOrNUL) < 0 {
			return s, false // nothing but blanks, or a path that may be longer than the buffer
		}
		end = last
	}
	for blank(buf[end-1]) {
		end--
	}
	name := search(&buf, start, end, notBlank)
	if name < 0 || name == end {
		return s, false
	}
	arg := -1
	if sep := search(&buf, name, end, blankOrNUL); sep >= 0 && buf[sep] != 0 {
		arg = search(&buf, sep, end, notBlank)
		buf[sep] = 0
	}
	buf[end] = 0
	s.interpreter = bytes.Clone(cString(buf[name:]))
	if arg >= 0 {
		s.arg, s.hasArg = bytes.Clone(cString(buf[arg:])), true
	}
	return s, true
}

// search returns the first place from from to to, both included, whose byte fits, or -1.
func search(buf *[scriptHead]byte, from, to int, fits func(byte) bool) int {
	for i := from; i <= to; i++ {
		if fits(buf[i]) {
			return i
		}
	}
	return -1
}

func blank(c byte) bool      { return c == ' ' || c == '\t' }
func notBlank(c byte) bool   { return !blank(c) }
func blankOrNUL(c byte) bool { return blank(c) || c == 0 }

// cString is what comes before the first NUL.
func cString(b []byte) []byte {
	text, _, _ := bytes.Cut(b, []byte{0})
	return text
}

// splice is the argument vector that the interpreter gets: the caller's argv[0] is lost.
func (s *shebang) splice(path []byte, argv [][]byte) [][]byte {
	spliced := make([][]byte, 0, len(argv)+3)
	spliced = append(spliced, s.interpreter)
	if s.hasArg {
		spliced = append(spliced, s.arg)
	}
	spliced = append(spliced, path)
	return append(spliced, after(argv, 1)...)
}
