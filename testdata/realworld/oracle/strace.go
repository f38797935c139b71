package main

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// task is what strace follows.
type task struct {
	born   *program // what it was as it was made
	is     *program
	linked bool // its birth was seen
	thread bool
	end    string
}

// program is what a task is. One that was only forked is what its parent was then, which may be told later: strace may
// write what a child does before it writes that the child was made.
type program struct {
	name string
	from *program
}

func newTask() *task {
	p := new(program)
	return &task{born: p, is: p}
}

var (
	callLine = regexp.MustCompile(`^(\w+)\((.*)\) += (-?\d+)(?:<(.*)>(?:\(deleted\))?)?(?: .*)?$`)
	endLine  = regexp.MustCompile(`^\+\+\+ (exited with \d+|killed by SIG[A-Z0-9]+)`)
)

// readStrace is what strace tells.
func readStrace(text string) *seen {
	s := newSeen()
	unfinished := make(map[string]string)
	tasks := make(map[string]*task)
	var all []*task
	find := func(pid string) *task {
		if t := tasks[pid]; t != nil && t.end == "" {
			return t
		}
		t := newTask()
		tasks[pid] = t
		all = append(all, t)
		return t
	}
	for line := range strings.Lines(text) {
		pid, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		rest = strings.TrimSpace(rest)
		if m := endLine.FindStringSubmatch(rest); m != nil {
			find(pid).end = m[1]
			continue
		}
		t := find(pid)
		if begun, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
			unfinished[pid] = begun
			continue
		}
		if strings.HasPrefix(rest, "<... ") {
			_, resumed, _ := strings.Cut(rest, " resumed>")
			rest = unfinished[pid] + resumed
			delete(unfinished, pid)
		}
		m := callLine.FindStringSubmatch(rest)
		if m == nil || strings.HasPrefix(m[3], "-") {
			continue
		}
		switch call, args, result, file := m[1], m[2], m[3], m[4]; {
		case isOpen(call):
			s.opened[plain(unquote(file))]++
		case call == "execve" || call == "execveat":
			argv := vector(args)
			s.executed[executed(argv)]++
			if t.is = (&program{name: "?"}); len(argv) > 0 {
				t.is.name = path.Base(argv[0])
			}
		case call == "clone" || call == "clone3" || call == "fork" || call == "vfork":
			child := tasks[result]
			if child == nil || child.linked { // it has not been heard of yet, or was another of the same number
				child = newTask()
				tasks[result] = child
				all = append(all, child)
			}
			child.linked, child.thread = true, strings.Contains(args, "CLONE_THREAD")
			child.born.from = t.is
		}
	}
	for _, t := range all {
		if !t.thread && t.end != "" {
			s.ends[plain(t.is.called())+" "+t.end]++
		}
	}
	return s
}

// called is the program's name.
func (p *program) called() string {
	for p.name == "" && p.from != nil {
		p = p.from
	}
	return p.name
}

// vector is the second of the arguments of execve, or the third of execveat: what stands in the first brackets.
func vector(args string) (words []string) {
	_, rest, _ := strings.Cut(args, ", [")
	for strings.HasPrefix(rest, `"`) {
		end := 1
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		words = append(words, unquote(rest[1:min(end, len(rest))]))
		rest = strings.TrimPrefix(rest[min(end+1, len(rest)):], ", ")
	}
	return words
}

// unquote is a string of C without its escapes.
func unquote(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if at := strings.IndexByte("abfnrtv", s[i]); at >= 0 {
			b = append(b, "\a\b\f\n\r\t\v"[at])
			continue
		}
		end := i
		for end < len(s) && end < i+3 && s[end] >= '0' && s[end] <= '7' {
			end++
		}
		if n, err := strconv.ParseUint(s[i:end], 8, 8); err == nil {
			b = append(b, byte(n))
			i = end - 1
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}
