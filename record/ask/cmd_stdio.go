package ask

import (
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// stdio writes the redirections: of files, and of what was closed. An output that was the same for the recording's
// command is left as it is, and what a shell cannot make is told.
func (w *commandWriter) stdio(t *trail.Trail, x *trail.Exec) {
	if x.Stdio == [3]string{} {
		return // not recorded
	}
	var first [3]string
	if root := t.Root(); root != nil && len(root.Execs) > 0 && root.Execs[0] != x {
		first = root.Execs[0].Stdio
	}
	for fd, s := range x.Stdio {
		switch file := stdioPath(s); {
		case s == "":
			w.words = append(w.words, [...]string{"<&-", ">&-", "2>&-"}[fd])
		case s == first[fd] && (file == "" || fd > 0),
			strings.HasPrefix(file, "/dev/pts/"), strings.HasPrefix(file, "/dev/tty"):
			// A log that the whole recording went to is not written again, or it would lose what it has.
		case fd == 2 && s == x.Stdio[1] && file != "":
			w.words = append(w.words, "2>&1")
		case strings.HasSuffix(file, " (deleted)"):
			w.note(fd, "was a file that is deleted: "+show.Q(strings.TrimSuffix(file, " (deleted)")))
		case file == "/dev/null":
			w.words = append(w.words, [...]string{"<", ">", "2>"}[fd]+file)
		case file != "":
			w.words = append(w.words, redirection(fd, s)+w.quote(file))
		case strings.Contains(s, "pipe:["):
			w.note(fd, "was a pipe"+pipeEnds(t, x, fd, s))
		default:
			w.note(fd, "was "+show.Q(s))
		}
	}
}

func (w *commandWriter) note(fd int, text string) {
	name := [...]string{"standard input ", "standard output ", "standard error "}[fd]
	w.a.Notes = append(w.a.Notes, "Its "+name+text+".")
}

// redirection is a shell's operator for a descriptor, with its number where that is not understood.
func redirection(fd int, s string) string {
	op, usual := ">", 1
	switch s[0] {
	case '<':
		op, usual = "<", 0
	case '+':
		op = ">>"
	case '=':
		op, usual = "<>", 0
	case '/':
		if fd == 0 {
			op, usual = "<", 0
		}
	}
	if fd == usual {
		return op
	}
	return itoa(fd) + op
}

// pipeEnds names the programs at the other end of a pipe.
func pipeEnds(t *trail.Trail, x *trail.Exec, fd int, s string) string {
	var names []string
	for _, p := range t.Procs {
		for _, y := range p.Execs {
			if p != x.Proc && (fd == 0 && y.Stdio[1] == s || fd > 0 && y.Stdio[0] == s) {
				names = append(names, Process{p.ID, show.Bytes(y.Name())}.String())
			}
		}
	}
	if len(names) == 0 || len(names) > 5 {
		return ""
	}
	return []string{" from ", " to ", " to "}[fd] + strings.Join(names, ", ")
}

// Text implements Answer: the command, on one line, to be pasted; what has to be said about it are comments.
func (a *CmdAnswer) Text(p *show.Printer) {
	for _, n := range a.Notes {
		p.Line("# %s", n)
	}
	if a.Programs > 1 && a.Number == a.Programs {
		p.Line("# It became %s; this is the last. --program 1 shows the first.", count(a.Programs, "program"))
	}
	if a.Command != "" {
		p.Line("%s", string(a.Command))
	}
}

// Status is 1 if there is no command to show.
func (a *CmdAnswer) Status() int {
	if a.Command == "" {
		return 1
	}
	return 0
}
