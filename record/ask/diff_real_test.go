package ask

import (
	"os"
	"path/filepath"
	"testing"

	"sydbox/record/trail"
)

// diffFiles are a package with what temporary names, numbers of processes and job servers can spoil.
var diffFiles = []string{"Makefile", `all: one.o two.o three.o
	$(MAKE) -C sub
%.o: %.c
	gcc $(CFLAGS) -I$(CURDIR)/include -c $<
`, "sub/Makefile", `all: a b
a b:
	sh ../tool $@
`, "tool", `t=$$; echo $1 > work$t && d=$(mktemp -d) && f=$(mktemp) && cp work$t $d/x && mv $d/x $1
rm -rf $d $f work$t
sed -e s/a/b/ < $1 | sort > $1.sorted
`, "one.c", "#include \"k.h\"\n#include <stdio.h>\n", "two.c", "#include \"k.h\"\n", "three.c", "int three;\n",
	"include/k.h", "int k;\n"}

// Real builds of the same files, each in a directory of its own: in one, something is changed.
func TestRealDiff(t *testing.T) {
	build := func(prepare func(dir string), args ...string) *trail.Trail {
		t.Helper()
		tr, _ := recordedFilesAfter(t, diffFiles, prepare, append([]string{"make", "-j2"}, args...)...)
		return tr
	}
	before := build(nil)
	if a := Diff(before, build(nil), "A", "B", false); a.Status() != 0 {
		t.Fatalf("the same build differs from itself:\n%s", shown(t, a, 0))
	}
	for _, test := range []struct {
		name    string
		prepare func(dir string)
		args    []string
		wants   []string
	}{
		{"a flag", nil, []string{"CFLAGS=-O2"}, []string{"make #1\n", "+ CFLAGS=-O2", "+ -O2\n"}},
		{"a header", func(dir string) { _ = os.Remove(filepath.Join(dir, "include/k.h")) }, []string{"-k"},
			[]string{"make #1\n", "+ -k\n", "ended differently", "k.h  cc1 #", "read: ok", "read: ENOENT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := Diff(before, build(test.prepare, test.args...), "A", "B", false)
			if a.Status() != 1 {
				t.Fatal("no difference is seen")
			}
			wants(t, shown(t, a, 0), append([]string{"First difference\n"}, test.wants...)...)
		})
	}
	t.Run("a variable", func(t *testing.T) {
		t.Setenv("GCC_COLORS", "error=1")
		a := Diff(before, build(nil), "A", "B", false)
		if len(a.Environment) != 1 || a.Status() != 1 || a.First != a.Environment[0] ||
			len(a.Changed)+len(a.OnlyA)+len(a.OnlyB) > 0 {
			t.Errorf("%s", shown(t, a, 0))
		}
	})
	t.Run("a missing header first", func(t *testing.T) {
		without := build(func(dir string) { _ = os.Remove(filepath.Join(dir, "include/k.h")) })
		a := Diff(before, without, "A", "B", false)
		if a.First == nil || a.First.Kind != "result" || filepath.Base(string(a.First.What)) != "k.h" {
			t.Errorf("%s", shown(t, a, 0))
		}
	})
}

// recordedFilesAfter is recordedFiles with something done to the files before.
func recordedFilesAfter(
	t *testing.T, files []string, prepare func(dir string), command ...string,
) (*trail.Trail, string) {
	t.Helper()
	dir := realDir(t)
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if prepare != nil {
		prepare(dir)
	}
	tr, _ := recorded(t, dir, command...)
	return tr, dir
}
