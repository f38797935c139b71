package ask

import (
	"path"
	"slices"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
	"sydbox/sandbox/report"
)

// CmdOptions say how a command is to be written.
type CmdOptions struct {
	// AllEnv writes the whole environment ("env -i"), not only the changes against the recording's own.
	AllEnv bool
	// Sh writes nothing that a shell older than POSIX.1-2024 does not read, dash among them.
	Sh bool
	// Program is which of the programs that the process became, from 1; 0 is the last.
	Program int
}

// CmdAnswer is a command to paste.
type CmdAnswer struct {
	Process
	// Command is the whole line.
	Command show.Bytes   `json:"command"`
	Dir     show.Bytes   `json:"dir"`
	Argv    []show.Bytes `json:"argv"`
	Path    show.Bytes   `json:"path"`
	// Set and Unset are the changes of the environment against that of the recording's command; with all of the
	// environment asked for, Set is all of it.
	Set   []show.Bytes  `json:"set,omitempty"`
	Unset []show.Bytes  `json:"unset,omitempty"`
	Stdio [3]show.Bytes `json:"stdio"`
	// Programs is how many programs the process became; Number is which of them this is.
	Programs int      `json:"programs"`
	Number   int      `json:"program_number"`
	Notes    []string `json:"notes,omitempty"`
}

// Cmd writes the command that a process was; for a fork that became nothing of its own, that of what it was forked
// from.
func Cmd(t *trail.Trail, p *trail.Proc, options CmdOptions) *CmdAnswer {
	a := &CmdAnswer{Process: Process{p.ID, show.Bytes(p.Name())}, Programs: len(p.Execs)}
	x := p.Program()
	switch n := options.Program; {
	case n > 0 && n <= len(p.Execs):
		x, a.Number = p.Execs[n-1], n
	case n != 0:
		a.Notes = append(a.Notes, p.String()+" became "+count(len(p.Execs), "program")+", there is no number "+itoa(n)+".")
		return a
	default:
		a.Number = len(p.Execs)
	}
	if x == nil {
		a.Notes = append(a.Notes, "The recording does not have the program of "+p.String()+".")
		return a
	}
	a.ID, a.Process.Program = x.Proc.ID, show.Bytes(x.Name())
	if x.Proc != p {
		a.Notes = append(a.Notes,
			"#"+itoa(p.ID)+" is a fork that became no program of its own: this is "+x.Proc.String()+".")
	}
	a.Dir, a.Argv, a.Path = show.Bytes(x.Dir), show.Strings(x.Argv), show.Bytes(x.Path)
	for i, s := range x.Stdio {
		a.Stdio[i] = show.Bytes(s)
	}
	w := &commandWriter{quote: report.ShellQuote, a: a}
	if options.Sh {
		w.quote = shQuote
	}
	a.environment(t, x, options.AllEnv)
	w.write(x, t, options.AllEnv)
	if a.Command = show.Bytes(strings.Join(w.words, " ")); options.Sh && strings.Contains(string(a.Command), "$_nl") {
		a.Command = newlineVariable + " " + a.Command
	}
	if !options.Sh && strings.Contains(string(a.Command), "$'") {
		a.Notes = append(a.Notes, "$'...' is read by bash, zsh, ksh and busybox sh, not by dash: --sh writes it for that.")
	}
	return a
}

// environment finds what the program got that the recording's command did not, sorted by name.
func (a *CmdAnswer) environment(t *trail.Trail, x *trail.Exec, all bool) {
	had := make(map[string]string)
	if !all {
		for _, v := range t.Head.Env {
			name, value, _ := strings.Cut(v, "=")
			had[name] = value
		}
	}
	var set, unset []string
	have := make(map[string]bool)
	for _, v := range t.Environ(x) {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			a.Notes = append(a.Notes, "The variable "+show.Q(v)+" has no name that env(1) can set; it is left out.")
			continue
		}
		have[name] = true
		if shellOwn[name] && !all {
			continue // a shell that this is pasted into sets it itself
		}
		if old, ok := had[name]; !ok || old != value {
			set = append(set, v)
		}
	}
	for name := range had {
		if !have[name] && !shellOwn[name] {
			unset = append(unset, name)
		}
	}
	slices.Sort(set)
	slices.Sort(unset)
	a.Set, a.Unset = show.Strings(set), show.Strings(unset)
}

// commandWriter puts a command together.
type commandWriter struct {
	a     *CmdAnswer
	quote func(string) string
	words []string
}

func (w *commandWriter) add(words ...string) {
	for _, word := range words {
		w.words = append(w.words, w.quote(word))
	}
}

// write writes "cd DIR && env ... PROGRAM ARGS <IN >OUT".
func (w *commandWriter) write(x *trail.Exec, t *trail.Trail, all bool) {
	if x.Dir != "" {
		w.add("cd", x.Dir)
		w.words = append(w.words, "&&")
	}
	program, argv := w.program(t, x)
	if all || len(w.a.Set)+len(w.a.Unset) > 0 || strings.HasPrefix(program[0], "-") || shellWords[program[0]] {
		w.env(all, strings.HasPrefix(program[0], "-"))
	}
	w.add(program...)
	w.add(argv...)
	w.stdio(t, x)
}

// env writes env(1) with the changes.
func (w *commandWriter) env(all, guard bool) {
	w.add("env")
	if all {
		w.add("-i")
	}
	for _, name := range w.a.Unset {
		w.add("-u", string(name))
	}
	if guard || len(w.a.Set) > 0 && strings.HasPrefix(string(w.a.Set[0]), "-") {
		w.add("--")
	}
	for _, v := range w.a.Set {
		w.add(string(v))
	}
}

// program returns the words that start the program and its arguments. A program that was called by another name than
// its file's needs a shell that can do that; one with a '=' in its name would be a variable to env.
func (w *commandWriter) program(t *trail.Trail, x *trail.Exec) (program, argv []string) {
	file := x.Path
	if x.Typed != "" && x.Script == "" {
		file = x.Typed
	}
	if len(x.Argv) == 0 {
		w.a.Notes = append(w.a.Notes, "It had no arguments at all, not even a name: a shell cannot do that.")
		return []string{file}, nil
	}
	name, argv := x.Argv[0], x.Argv[1:]
	resolved := name
	if !strings.Contains(name, "/") {
		resolved = lookPath(t, x, name)
	}
	switch {
	case resolved != file && !sameFile(resolved, x):
		return []string{"bash", "-c", `exec -a "$0" "$@"`, name, file}, argv
	case strings.Contains(name, "="):
		return []string{"sh", "-c", `exec "$0" "$@"`, name}, argv
	}
	return []string{name}, argv
}

// sameFile says that a program's name leads to what was executed, as far as its text tells.
func sameFile(name string, x *trail.Exec) bool {
	if !path.IsAbs(name) {
		name = path.Join(x.Dir, name)
	}
	return name == x.Path || x.Typed != "" && (name == x.Typed || name == path.Join(x.Dir, x.Typed)) ||
		x.Script != "" && (path.Base(name) == path.Base(x.Path) || shells[path.Base(name)])
}

// lookPath finds which file of a directory in PATH a name without a slash was: that which was executed, if its
// directory is in the program's PATH.
func lookPath(t *trail.Trail, x *trail.Exec, name string) string {
	for _, v := range t.Environ(x) {
		if list, ok := strings.CutPrefix(v, "PATH="); ok {
			for _, dir := range strings.Split(list, ":") {
				file := path.Join(dir, name)
				if file == x.Typed || file == x.Path {
					return file
				}
			}
		}
	}
	return name
}

// shellWords are names that a shell would not look for in PATH.
var shellWords = map[string]bool{}

func init() {
	for _, word := range strings.Fields(`. : [ [[ ] ! { } alias bg bind break builtin caller case cd command compgen
		complete continue declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for
		function getopts hash help history if in jobs kill let local logout mapfile popd printf pushd pwd read readonly
		return select set shift shopt source suspend test then time times trap true type typeset ulimit umask unalias
		unset until wait while`) {
		shellWords[word] = true
	}
}
