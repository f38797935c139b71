package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/sandbox"
)

// story is a document's directory.
type story struct {
	root, dir, home string
	status          int
}

// newStory makes the directory. It must lie where the profile `build` does not let anyone write.
func newStory(t *testing.T) *story {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	home, _ := os.UserHomeDir()
	for _, base := range []string{here, home} {
		if base == "" || !buildDenies(t, base) {
			continue
		}
		root, err := os.MkdirTemp(base, ".docs-test-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = os.RemoveAll(root) })
		s := &story{root: root, home: filepath.Join(root, "home/a"), dir: filepath.Join(root, "home/a/hello")}
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatalf("the documents need a directory that the profile `build` protects: neither %s nor %q is one", here, home)
	return nil
}

// buildDenies says whether the profile `build`, used elsewhere, keeps programs from writing a directory.
func buildDenies(t *testing.T, dir string) bool {
	t.Helper()
	sys := sandbox.Host()
	sys.Cwd = "/nowhere"
	p, err := policy.Load(sys, policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := p.Decide(&policy.Query{Op: access.Write, Path: []byte(dir)})
	return d.Denied()
}

// tell does what a block says and returns what its body should be.
func (s *story) tell(t *testing.T, b block) string {
	t.Helper()
	if !b.open {
		return table(t, b.body)
	}
	lang, name := "", ""
	if len(b.info) > 0 {
		lang = b.info[0]
	}
	if len(b.info) > 1 {
		name = b.info[1]
	}
	switch {
	case lang == "console" && name == "test":
		return s.console(t, b)
	case lang == "console", lang != "toml" && name == "":
		return b.body
	}
	file := filepath.Join(s.dir, name)
	switch {
	case name == "":
		file = filepath.Join(s.dir, fmt.Sprintf("line-%d.toml", b.line))
		defer func() { _ = os.Remove(file) }()
	case strings.HasPrefix(name, "~/"):
		file = filepath.Join(s.home, name[2:])
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(b.body), 0o755); err != nil {
		t.Fatal(err)
	}
	if lang == "toml" {
		s.load(t, b, file)
	}
	return b.body
}

// load loads a policy as somebody in the story's directory would.
func (s *story) load(t *testing.T, b block, file string) {
	t.Helper()
	sys := sandbox.Host()
	sys.Cwd, sys.Home = s.dir, s.home
	_, err := policy.Load(sys, policy.Options{Policies: []string{file}})
	switch wrong := len(b.info) > 2 && b.info[2] == "error"; {
	case err != nil && !wrong:
		t.Errorf("line %d: %v", b.line, err)
	case err == nil && wrong:
		t.Errorf("line %d: it loads, and should not", b.line)
	}
}

// console runs the commands of a block.
func (s *story) console(t *testing.T, b block) string {
	t.Helper()
	var out strings.Builder
	lines := strings.SplitAfter(b.body, "\n")
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			if lines[i] != "" {
				t.Fatalf("line %d: the block must start with a command", b.line)
			}
			break
		}
		from := i
		for i++; i < len(lines) && strings.HasSuffix(lines[i-1], "\\\n"); i++ {
			command += lines[i]
		}
		typed := strings.Join(lines[from:i], "")
		said := i
		for i < len(lines) && !strings.HasPrefix(lines[i], "$ ") {
			i++
		}
		says, is := strings.Join(lines[said:i], ""), s.run(t, strings.TrimSuffix(command, "\n"))
		if same(says, is) {
			is = says
		}
		out.WriteString(typed + is)
	}
	return out.String()
}

// run runs one command line in the story's directory and returns what it printed, as somebody in /home/a would see it.
func (s *story) run(t *testing.T, command string) string {
	t.Helper()
	if command == "echo $?" {
		return fmt.Sprintln(s.status)
	}
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	s.status = cmd.ProcessState.ExitCode()
	text := strings.ReplaceAll(string(out), s.root, "")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

var (
	// ownLines is what sydbox writes in one piece, perhaps into the middle of somebody else's line.
	ownLines = regexp.MustCompile(`sydbox: [^\n]*\n(?:  (?:by|typed|call|rule|why|note) [^\n]*\n| +[0-9]+× [^\n]*\n)*`)
	pids     = regexp.MustCompile(`\[[0-9]+\]`)
	// The C library may open by either call.
	opens  = regexp.MustCompile(`\bopen\(`)
	blanks = regexp.MustCompile(` +`)
)

// untear tells what sydbox wrote from what the command wrote: which of them comes first is chance.
func untear(text string) (own, rest string) {
	return strings.Join(ownLines.FindAllString(text, -1), ""), ownLines.ReplaceAllString(text, "")
}

// same compares what was printed but for process ids, and for blanks: columns are as wide as the paths in them.
func same(a, b string) bool {
	plain := func(s string) string {
		own, rest := untear(s)
		own = opens.ReplaceAllString(pids.ReplaceAllString(own, "[PID]"), "openat(")
		return blanks.ReplaceAllString(own, " ") + "\n" + rest
	}
	return plain(a) == plain(b)
}
