// Command oracle STRACE RECORDING compares what strace(1) and syd-trace saw in two runs of the same commands: the files
// that were opened, the programs that were executed with their arguments, and how each process ended. Strace is run as
//
//	strace -f -y -v -s 65535 -e trace=%file,%process -o STRACE
//
// What differs between two runs of anything is made equal: see plain.
package main

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"sydbox/record/trail"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: oracle STRACE RECORDING")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	f, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := trail.Read(f)
	if err != nil {
		return err
	}
	theirs, ours := readStrace(string(text)), readTrail(t)
	if t.Cut != nil {
		return fmt.Errorf("%s is cut off: %w", args[1], t.Cut)
	}
	// Malloc of the GNU C library reads it when threads happen to meet (arena_get2).
	delete(theirs.opened, "/sys/devices/system/cpu/online")
	delete(ours.opened, "/sys/devices/system/cpu/online")
	different := compare("opened", theirs.opened, ours.opened, false) +
		compare("executed", theirs.executed, ours.executed, true) + compare("end", theirs.ends, ours.ends, true)
	fmt.Printf("%d files opened, %d programs executed, %d processes ended: %d differences\n",
		len(theirs.opened), total(theirs.executed), total(theirs.ends), different)
	if different > 0 || len(theirs.opened) == 0 || total(theirs.ends) == 0 {
		return fmt.Errorf("strace and the recording do not agree")
	}
	return nil
}

// seen is what one of them tells, each with how often.
type seen struct{ opened, executed, ends map[string]int }

func newSeen() *seen {
	return &seen{make(map[string]int), make(map[string]int), make(map[string]int)}
}

// readTrail is what a recording tells.
func readTrail(t *trail.Trail) *seen {
	s := newSeen()
	for i := range t.Uses {
		u := &t.Uses[i]
		if isOpen(u.Call) && u.Errno == "" {
			s.opened[plain(u.Path)]++
		}
	}
	for _, p := range t.Procs {
		for _, x := range p.Execs {
			s.executed[executed(typed(x))]++
		}
		end := "not seen"
		switch {
		case p.End == nil:
		case p.End.Signal != "":
			end = "killed by " + p.End.Signal
		default:
			end = fmt.Sprint("exited with ", p.End.Exit)
		}
		name := "?"
		if x := p.Program(); x != nil && len(x.Argv) > 0 {
			name = path.Base(typed(x)[0])
		}
		s.ends[plain(name)+" "+end]++
	}
	return s
}

// typed are the arguments as they were given to execve(2). A recording has what the kernel made of them: for a script
// the interpreter, perhaps an argument of its own, and the script's path in place of the first.
func typed(x *trail.Exec) []string {
	switch {
	case x.Script == "":
		return x.Argv
	case len(x.Argv) > 2 && !strings.Contains(x.Argv[1], "/"):
		return x.Argv[2:]
	}
	return x.Argv[min(1, len(x.Argv)-1):]
}

// executed is a program with its arguments, the first without a directory: what a script was called by is not known.
func executed(argv []string) string {
	if len(argv) == 0 {
		return ""
	}
	return plain(strings.Join(append([]string{path.Base(argv[0])}, argv[1:]...), " "))
}

func isOpen(call string) bool {
	return call == "open" || call == "openat" || call == "openat2" || call == "creat"
}

var chances = []struct {
	is *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`/proc/[0-9]+`), "/proc/N"},
	{regexp.MustCompile(`/task/[0-9]+`), "/task/N"},
	{regexp.MustCompile(`--jobserver-(auth|fds)=[^ ]*`), "--jobserver"},
	{regexp.MustCompile(`GMfifo[0-9]+`), "GMfifoN"},
	{regexp.MustCompile(`\bcc[A-Za-z0-9]{6}\b`), "ccRANDOM"},             // gcc, mkstemp(3)
	{regexp.MustCompile(`\b(cg|conf|cf)[A-Za-z0-9]{6}\b`), "${1}RANDOM"}, // config.guess, config.status
	{regexp.MustCompile(`\bGm[A-Za-z0-9_]*\b`), "GmRANDOM"},              // make
	{regexp.MustCompile(`\b(conf|sub|cf)[0-9]+`), "${1}N"},               // $$ in configure
	{regexp.MustCompile(`\bst[A-Za-z0-9]{6}\b`), "stRANDOM"},             // ar, strip, ranlib
	{regexp.MustCompile(`cmTC_[0-9a-f]+`), "cmTC_N"},                     // CMake's try_compile
	{regexp.MustCompile(`go-build[0-9]+`), "go-buildN"},
	{regexp.MustCompile(`(_cacache/tmp/)[-A-Za-z0-9]+`), "${1}RANDOM"}, // npm
	{regexp.MustCompile(`_logs/[0-9][^/ ]*`), "_logs/TIME"},
	{regexp.MustCompile(`(\.tmp)[0-9a-f]{5}\b`), "${1}RANDOM"}, // CMake
	{regexp.MustCompile(`TryCompile-[A-Za-z0-9]+`), "TryCompile-RANDOM"},
}

// plain is a text without numbers of processes and without names that are made up at random.
func plain(s string) string {
	for _, c := range chances {
		s = c.is.ReplaceAllString(s, c.as)
	}
	return s
}

// compare says what only one of them has, or with counted which has more of it.
func compare(what string, theirs, ours map[string]int, counted bool) (different int) {
	var keys []string
	for key := range theirs {
		keys = append(keys, key)
	}
	for key := range ours {
		if theirs[key] == 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if a, b := theirs[key], ours[key]; a != b && (counted || a == 0 || b == 0) {
			fmt.Printf("%s: %d by strace, %d by syd-trace: %q\n", what, a, b, key)
			different++
		}
	}
	return different
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
