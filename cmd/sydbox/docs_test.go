package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the documents show is what the program does. Fenced blocks say by their first line what they are:
//
//	```toml               a policy that must load
//	```toml NAME          the same, and a file that later commands see; likewise ```make NAME, ```sh NAME
//	```toml NAME error    a file that must not load
//	```console test       commands after "$ " and all that they print; "$ echo $?" is the status of the one before
//
// Each document is one story in one directory of its own: /home/a/hello, in a home directory /home/a. Some tables are
// compared with the code. With -docs-update the documents are rewritten instead: read what changed.
var updateDocs = flag.Bool("docs-update", false, "rewrite what commands print and the generated tables in docs/*.md")

// The documents whose blocks are tried. The others have none.
var documents = []string{"README.md", "docs/policy.md", "docs/cookbook.md", "docs/kernels.md"}

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
