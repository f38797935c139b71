package sandbox

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/tracer/landlock"
)

// TestOutlineIsNeverStricter makes up policies about a small tree and lets the kernel have its word: in the domain of a
// policy, whatever the policy allows can be done.
func TestOutlineIsNeverStricter(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	w := &workshop{dir: t.TempDir()}
	seed := rand.Uint64()
	for i := range uint64(200) {
		outlineOfRandom(t, w, rand.New(rand.NewPCG(seed, i)))
		if t.Failed() {
			t.Fatalf("seed %d, %d", seed, i)
		}
	}
}

// names are few, so that rules and paths meet often.
var outlineNames = []string{"a", "b", "link", "new", "*", "**", "?", "[ab]"}

func outlineOfRandom(t *testing.T, w *workshop, r *rand.Rand) {
	t.Helper()
	base, err := os.MkdirTemp(w.dir, "tree-")
	if err != nil {
		t.Fatal(err)
	}
	if base, err = filepath.EvalSymlinks(base); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	growTree(t, base, 3)
	var text strings.Builder
	text.WriteString("extends = []\n")
	for _, section := range []string{"write", "create", "delete"} {
		fmt.Fprintf(&text, "[%s]\n", section)
		if section != "write" && r.IntN(6) == 0 {
			text.WriteString("default = 'allow'\n")
		}
		for _, action := range []string{"allow", "deny"} {
			var rules []string
			for range r.IntN(4) {
				parts := []string{base}
				for range r.IntN(4) {
					parts = append(parts, outlineNames[r.IntN(len(outlineNames))])
				}
				if r.IntN(6) == 0 {
					parts = append(parts, ".")
				}
				rules = append(rules, "'"+strings.Join(parts, "/")+"'")
			}
			fmt.Fprintf(&text, "%s = [%s]\n", action, strings.Join(rules, ", "))
		}
	}
	p := loadText(t, w, text.String())
	ruleset := landlock.Probe().Fit(outline(p))
	allowed := func(op access.Op, path string) bool {
		d := p.Decide(&policy.Query{Op: op, Path: []byte(path)})
		return !d.Denied()
	}
	// The name of a place that is there is the tracer's to take away: outline says why.
	place := func(path string) bool {
		return slices.ContainsFunc(p.Hull().Places, func(place policy.Place) bool { return place.Path == path })
	}
	var files, dirs []string
	err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		switch {
		case d.IsDir():
			dirs = append(dirs, path)
		case d.Type().IsRegular():
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	onlyHere(func() {
		if ruleset != nil {
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				t.Error(err)
				return
			}
			if err := ruleset.Apply(); err != nil {
				t.Error(err)
				return
			}
		}
		check := func(what, path string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s %s: %v, though it is allowed\n%s%+v", what, path, err, text.String(), ruleset)
			}
		}
		for _, path := range files {
			if allowed(access.Write, path) {
				check("write", path, openOnce(path, unix.O_WRONLY|unix.O_TRUNC))
				check("truncate", path, unix.Truncate(path, 3))
			}
		}
		for _, dir := range dirs {
			if path := dir + "/new"; allowed(access.Create, path) {
				check("create", path, unix.Mkdir(path, 0o755))
				if below := path + "/a"; allowed(access.Create, below) {
					check("create", below, openOnce(below, unix.O_RDONLY|unix.O_CREAT))
				}
			}
		}
		for _, path := range files {
			if allowed(access.Delete, path) && !place(path) {
				check("delete", path, unix.Unlink(path))
			}
		}
	})
}

func openOnce(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o644)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// growTree makes directories a and b, a file in each, and a link from one to the other.
func growTree(t *testing.T, dir string, depth int) {
	t.Helper()
	if depth == 0 {
		return
	}
	for _, name := range []string{"a", "b"} {
		path := filepath.Join(dir, name)
		if depth == 1 || name == "b" && depth == 2 {
			if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		growTree(t, path, depth-1)
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
}
