package pathres

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// TestDeepMoves: what is remembered of a directory that is so deep counts only as long as it is true.
func TestDeepMoves(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	eachKernel(t, func(t *testing.T, r *Resolver) {
		tw.chdir(dir)
		part, levels := strings.Repeat("d", 200), 30
		long := dir
		for range levels {
			tw.do(ask{Op: "mkdir", Dirfd: unix.AT_FDCWD, Path: part})
			tw.chdir(part)
			long += "/" + part
		}
		top, moved := dir+"/"+part, dir+"/moved"
		defer func() {
			for _, path := range []string{top, moved} {
				if err := os.RemoveAll(path); err != nil {
					t.Error(err)
				}
			}
		}()
		missing := name("new")
		missing.Create = true
		is := func(what, path string) {
			t.Helper()
			for again := range 2 {
				r.dents = nil
				if o := tw.resolve(r, missing); string(o.Path) != path+"/new" {
					t.Errorf("%s: %v, %v, a path of %d bytes, want %d", what, o.Errno, o.Refuse, len(o.Path), len(path)+4)
				}
				if again == 1 && r.dents != nil {
					t.Errorf("%s: directories were searched for what is known", what)
				}
			}
		}
		is("at the end", long)
		tw.chdir("..")
		long = long[:len(long)-len(part)-1]
		is("above", long)
		tw.chdir("../..")
		long = long[:len(long)-2*(len(part)+1)]
		is("two levels above", long)
		if err := os.Rename(top, moved); err != nil {
			t.Fatal(err)
		}
		is("moved", moved+long[len(top):])
		// Another tree stands where the first did.
		if err := os.Mkdir(top, 0o755); err != nil {
			t.Fatal(err)
		}
		is("replaced", moved+long[len(top):])
		tw.chdir(part)
		is("below", moved+long[len(top):]+"/"+part)
	})
}

// TestLongComponent: a path of which no piece is short enough leads nowhere.
func TestLongComponent(t *testing.T) {
	eachKernel(t, func(t *testing.T, r *Resolver) {
		long := append([]byte("/"), bytes.Repeat([]byte("x"), access.PathMax)...)
		for _, path := range [][]byte{long, append([]byte("/proc"), long...)} {
			if leads, e := r.leads(path, &ident{}); leads || e != unix.ENAMETOOLONG {
				t.Errorf("%d bytes: %v, %v", len(path), leads, e)
			}
		}
	})
}
