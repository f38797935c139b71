package ask

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"sydbox/event"
	"sydbox/record/trail"
)

// storyStart is when every story starts.
var storyStart = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)

// tell makes a trail of a story: one line for each thing, which starts with the time in milliseconds and a process.
// The first line has the directory and the environment; #1's parent is #0.
//
//	/b LANG=C
//	0 #1 born 0
//	0 #1 exec /b make -j2 all
//	1 #1 env CFLAGS=-O2 -LANG       changes the program before
//	1 #1 stdio /dev/null pipe:[1] - changes the program before
//	2 #1 read /b/Makefile           an operation, and an error if it failed
//	2 #1 rename /b/x /b/y
//	2 #1 connect 192.0.2.1:80 tcp ECONNREFUSED
//	2 #1 ask example.org 192.0.2.53:53
//	2 #1 hint random getrandom
//	2 #1 tried /b/x ENOEXEC         an exec that failed
//	9 #1 exit 0
//
// "+O_APPEND" is for flags, "+dir" for a kind. $S in a word is a space.
func tell(t *testing.T, story string) *trail.Trail {
	t.Helper()
	var lines []event.Event
	var text []byte
	for i, line := range strings.Split(strings.TrimSpace(story), "\n") {
		words := strings.Fields(line)
		for i, w := range words {
			words[i] = strings.ReplaceAll(w, "$S", " ")
		}
		if i == 0 {
			lines = append(lines,
				&event.Recording{Time: storyStart, Tool: "test", Dir: words[0], Env: words[1:], Host: "buildhost"})
			continue
		}
		if len(words) == 0 || strings.HasPrefix(words[0], "//") {
			continue
		}
		at, err := strconv.ParseFloat(words[0], 64)
		if err != nil || len(words) < 3 {
			t.Fatalf("%q: what?", line)
		}
		id, err := strconv.Atoi(words[1][1:])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		e, err := lineOf(int64(at*1e6), id, words[2], words[3:], lines)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if e != nil {
			lines = append(lines, e)
		}
	}
	for _, e := range lines {
		text = append(e.AppendJSON(text), '\n')
	}
	tr, err := trail.Read(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// lineOf is the line that a line of a story comes to; nil if it changes an earlier one.
func lineOf(at int64, id int, verb string, args []string, lines []event.Event) (event.Event, error) {
	var flags, kind, errno string
	var rest []string
	for _, w := range args {
		switch {
		case strings.HasPrefix(w, "+O_"):
			flags = w[1:]
		case strings.HasPrefix(w, "+") && verb != "exec":
			kind = w[1:]
		case len(w) > 1 && w[0] == 'E' && strings.ToUpper(w) == w && verb != "exec" && verb != "env":
			errno = w
		default:
			rest = append(rest, w)
		}
	}
	rest = append(rest, "", "", "")
	switch verb {
	case "born":
		parent, err := strconv.Atoi(rest[0])
		return &event.Born{At: at, ID: id, PID: 1000 + id, Parent: parent}, err
	case "exec":
		path := "/usr/bin/" + args[1][strings.LastIndexByte(args[1], '/')+1:]
		return &event.Executed{At: at, ID: id, Path: path, Argv: args[1:], Dir: args[0]}, nil
	case "env", "stdio":
		return nil, amend(lines[len(lines)-1], verb, args)
	case "connect", "bind", "listen", "send":
		return &event.Reached{At: at, ID: id, Op: verb, Address: rest[0], Protocol: rest[1], Host: rest[2], Errno: errno}, nil
	case "ask":
		return &event.Asked{At: at, ID: id, Host: rest[0], Server: rest[1]}, nil
	case "hint":
		return &event.Hinted{At: at, ID: id, What: rest[0], Call: rest[1]}, nil
	case "exit":
		status, err := strconv.Atoi(rest[0])
		return &event.Ended{At: at, ID: id, Exit: status}, err
	case event.OpLook, event.OpRead, event.OpWrite, event.OpMake, event.OpDelete, event.OpRename, event.OpLink,
		event.OpSymlink, event.OpAttr, event.OpList, event.OpEnter:
		return &event.Used{At: at, ID: id, Op: verb, Path: rest[0], To: rest[1], Flags: flags, Kind: kind, Errno: errno}, nil
	}
	if verb == "tried" {
		return &event.Used{At: at, ID: id, Op: event.OpExec, Path: rest[0], Errno: errno}, nil
	}
	return nil, fmt.Errorf("nothing is called %q", verb)
}

// amend changes the program that was told last.
func amend(last event.Event, verb string, args []string) error {
	x, ok := last.(*event.Executed)
	if !ok {
		return fmt.Errorf("%T is no program", last)
	}
	for i, w := range args {
		name, gone := strings.CutPrefix(w, "-")
		switch {
		case verb == "stdio" && w != "-":
			x.Stdio[i] = w
		case verb == "env" && gone:
			x.Unset = append(x.Unset, name)
		case verb == "env":
			x.Set = append(x.Set, w)
		}
	}
	return nil
}
