package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/policy"
	"sydbox/sandbox"
	"sydbox/syscalls"
)

// What the documents show is what the program does. Fenced blocks say by their first line what they are:
//
//	```toml               a policy that must load
//	```toml NAME          the same, and a file that later commands see; likewise ```make NAME, ```sh NAME
//	```toml NAME error    a file that must not load
//	```console test       commands after "$ " and all that they print; "$ echo $?" is the status of the one before
//
// Each document is one story in one directory of its own: /home/a/hello, in a home directory /home/a. Two tables are
// compared with the code. With -docs-update the documents are rewritten instead: read what changed.
var updateDocs = flag.Bool("docs-update", false, "rewrite what commands print and the generated tables in docs/*.md")

// The documents whose blocks are tried. The others have none.
var documents = []string{"README.md", "docs/policy.md", "docs/cookbook.md"}

func TestDocs(t *testing.T) {
	for _, name := range documents {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file := filepath.Join("..", "..", name)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newStory(t)
			var out strings.Builder
			for _, b := range splitBlocks(string(text)) {
				b.body = s.tell(t, b)
				out.WriteString(b.String())
			}
			finishDoc(t, file, string(text), out.String())
		})
	}
}

var links = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinks fails for a link to a file of this tree that is not there.
func TestLinks(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), link[1])); err != nil {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
		}
	}
}

// finishDoc compares a document with what it should be, or rewrites it.
func finishDoc(t *testing.T, file, have, want string) {
	t.Helper()
	if !*updateDocs {
		if diff := cmp.Diff(strings.Split(have, "\n"), strings.Split(want, "\n")); diff != "" {
			t.Errorf("%s is not what happens; go test ./cmd/sydbox -run Docs -docs-update rewrites it (-says +is):\n%s",
				filepath.Base(file), diff)
		}
		return
	}
	if have != want {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// block is a part of a document: fenced, or the text between (info is then empty and open is false).
type block struct {
	open bool
	info []string // the words behind ```
	line int
	body string // without the fences
	raw  string // the fence's first line
}

func (b block) String() string {
	if !b.open {
		return b.body
	}
	return b.raw + b.body + "```\n"
}

func splitBlocks(text string) []block {
	var list []block
	cur := block{line: 1}
	n := 0
	for line := range strings.Lines(text) {
		n++
		fence := strings.HasPrefix(line, "```")
		switch {
		case fence && !cur.open:
			list = append(list, cur)
			cur = block{open: true, line: n, raw: line, info: strings.Fields(strings.Trim(line, "`\n"))}
		case fence:
			list = append(list, cur)
			cur = block{line: n + 1}
		default:
			cur.body += line
		}
	}
	return append(list, cur)
}

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
	t.Fatalf("the documents need a directory that the profile `build` protects: neither %s nor the home directory is one", here)
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

// table brings the tables between markers up to date.
func table(t *testing.T, text string) string {
	t.Helper()
	for name, rows := range map[string]func(*testing.T, string) string{"refusals": refusalTable, "calls": callTable} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
		before, rest, ok := strings.Cut(text, begin)
		if !ok {
			continue
		}
		body, after, ok := strings.Cut(rest, end)
		if !ok {
			t.Fatalf("the table %q has no end", name)
		}
		text = before + begin + rows(t, body) + end + after
	}
	return text
}

// refusalTable is policy.Refusals.
func refusalTable(*testing.T, string) string {
	var b strings.Builder
	b.WriteString("| name | errno | what it protects | what does not work |\n| --- | --- | --- | --- |\n")
	for i := range policy.Refusals {
		r := &policy.Refusals[i]
		name := "`" + r.Name + "`"
		if r.Fixed {
			name += " (fixed)"
		}
		errno := "–" // it is about something else than calls
		if r.Errno != 0 {
			errno = unix.ErrnoName(r.Errno)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, errno, r.Why, r.Breaks)
	}
	return b.String()
}

var words = regexp.MustCompile("`([a-z0-9_]+)`")

// callTable checks a table written by hand: every call that a rule may judge is in one row, whose last column names the
// sections that access says it may need.
func callTable(t *testing.T, body string) string {
	t.Helper()
	needs := demands()
	for line := range strings.Lines(body) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.Contains(line, "`") {
			continue
		}
		said := access.Op(0)
		for _, w := range words.FindAllStringSubmatch(cells[3], -1) {
			op, err := access.ParseOp(w[1])
			if err != nil {
				t.Errorf("row %q: %v", strings.TrimSpace(cells[1]), err)
			}
			said |= op
		}
		for _, w := range words.FindAllStringSubmatch(cells[2], -1) {
			need, ok := needs[w[1]]
			switch {
			case !ok:
				t.Errorf("row %q: %s is twice in the table, or no call that a rule judges", strings.TrimSpace(cells[1]), w[1])
			case need != said:
				t.Errorf("row %q: %s may need %v, the table says %v", strings.TrimSpace(cells[1]), w[1], need, said)
			}
			delete(needs, w[1])
		}
	}
	missing := make([]string, 0, len(needs))
	for name, op := range needs {
		missing = append(missing, fmt.Sprintf("%s (%v)", name, op))
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("the table of calls lacks %s", strings.Join(missing, ", "))
	}
	return body
}

// demands has every call that may need an operation, in any ABI, with all operations that it may need.
func demands() map[string]access.Op {
	needs := make(map[string]access.Op)
	for _, abi := range arch.All() {
		for _, e := range syscalls.All(abi) {
			for _, d := range access.Demands(abi, e.Call) {
				needs[e.Call.Name] |= d.Ops
			}
		}
	}
	return needs
}
