package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sydbox/policy/program"
)

// manyRules denies more programs than are looked for one by one, and the given ones last.
func manyRules(last ...string) string {
	var b strings.Builder
	for i := range 2 * manyNames {
		fmt.Fprintf(&b, "'absent-%d', ", i)
	}
	for _, name := range last {
		fmt.Fprintf(&b, "'%s', ", name)
	}
	return "extends = []\n[exec]\ndeny = [" + b.String() + "]"
}

// TestListing: what a directory does not list is not opened, and nothing else is missed for it.
func TestListing(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	copyProgram(t, "/bin/true", filepath.Join(dir, "tool"))
	copied := filepath.Join(t.TempDir(), "copied")
	copyProgram(t, "/bin/true", copied)
	opens := func(list func(string) ([]string, bool), rules string) int {
		sys := d.host(dir)
		sys.ListPrograms = list
		n := 0
		sys.OpenProgram = func(name string) (program.File, error) {
			n++
			return d.open(name)
		}
		p := mustLoad(t, sys, rules)
		if got := verdict(d.exec(t, p, copied).Decision); got != "deny tool" {
			t.Errorf("a copy of the program: %s", got)
		}
		return n
	}
	listed := func(extra ...string) func(string) ([]string, bool) {
		return func(dir string) ([]string, bool) {
			entries, err := os.ReadDir(dir)
			names := append([]string{}, extra...)
			for _, e := range entries {
				names = append(names, e.Name())
			}
			return names, err == nil || os.IsNotExist(err)
		}
	}
	rules := manyRules("tool")
	all := opens(nil, rules)
	if n := opens(listed(), rules); n > all*2/3 {
		t.Errorf("%d opens with listings, %d without", n, all)
	}
	// Lists that do not tell what is not there.
	for name, list := range map[string]func(string) ([]string, bool){
		"not all":                            func(string) ([]string, bool) { return nil, false },
		"a name that folds to another":       listed("\u212aill"),
		"the same name in other letters":     func(string) ([]string, bool) { return []string{"TOOL"}, true },
		"the same name in letters and marks": func(string) ([]string, bool) { return []string{"t\u00f6\u00f6l"}, true },
	} {
		t.Run(name, func(t *testing.T) { opens(list, rules) })
	}
}

// TestListingOnce: a directory that $PATH has by two names is listed once.
func TestListingOnce(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	sys := d.host(dir + ":" + link)
	times := make(map[string]int)
	sys.ListPrograms = func(dir string) ([]string, bool) {
		times[dir]++
		return nil, false
	}
	mustLoad(t, sys, manyRules())
	if times[dir] != 1 || times[link] != 0 {
		t.Errorf("listed %v", times)
	}
}
