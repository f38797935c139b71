package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGeneratedFilesAreCurrent makes the tables again and compares them byte for byte with those of the package.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	made, have := tableFiles(t, dir), tableFiles(t, "..")
	if !slices.Equal(made, have) {
		t.Errorf("the generator makes %v, the package has %v", made, have)
	}
	for _, name := range made {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Errorf("%v: run `go generate ./syscalls`", err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: run `go generate ./syscalls`", name)
		}
	}
}

func tableFiles(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "zabi_*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

func TestReadPort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "port.go")
	for _, c := range []struct {
		source string
		want   []number
		fails  string
	}{
		{
			source: "const (\nSYS_READ = 0\nSYS_SYSCALL_MASK = 0\nSYS_UNUSED18 = 18\nO_RDWR = 2\nSYS_TWO_WORDS = 0x10\n)",
			want:   []number{{0, "read"}, {16, "two_words"}},
		},
		{source: "const SYS_READ = SYS_BASE + 1", fails: "SYS_READ is not an integer literal"},
		{source: "const SYS_READ = 4294967296", fails: "SYS_READ: "},
		{source: "const A = 1", fails: "no SYS_ constants"},
		{source: "const", fails: "expected"},
	} {
		if err := os.WriteFile(file, []byte("package unix\n\n"+c.source+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readPort(file)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%q: error %v, want one with %q", c.source, err, c.fails)
			}
		} else if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v, want %v", c.source, got, err, c.want)
		}
	}
}

func TestDoublesAreErrors(t *testing.T) {
	for _, nrs := range [][]number{
		{{1, "write"}, {1, "read"}},
		{{1, "write"}, {2, "write"}},
	} {
		if text, err := formatTable(abis[0], nrs); err == nil {
			t.Errorf("%v was written as\n%s", nrs, text)
		}
	}
}

func TestToX32(t *testing.T) {
	var amd64 []number
	for i, name := range append(append([]string{"read"}, x32Lacks[:]...), x32Only[:]...) {
		amd64 = append(amd64, number{uint32(i), name})
	}
	got, err := toX32(amd64)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(x32Only); len(got) != want || len(x32Only) != 36 {
		t.Errorf("%d calls, want %d", len(got), want)
	}
	if got[0] != (number{0, "read"}) || got[9] != (number{520, "execve"}) || got[len(got)-1] != (number{547, "pwritev2"}) {
		t.Errorf("x32 has %v", got)
	}
	if _, err := toX32(amd64[:len(amd64)-1]); err == nil {
		t.Error("an x32 call that x86-64 lacks was not noticed")
	}
	if _, err := toX32(append(amd64, number{512, "new_call"})); err == nil {
		t.Error("a number in x32's own range was not noticed")
	}
}
