package record

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

func TestParseInjection(t *testing.T) {
	sys := system("/build")
	for text, want := range map[string]string{
		"/x":          `names no error: write PATH=ERRNO`,
		"=ENOENT":     `names no path: write PATH=ERRNO`,
		"/x=ENOET":    `there is no error ENOET: did you mean ENOENT?`,
		"/x=enoent":   `did you mean ENOENT?`,
		"/x=":         `there is no error`,
		"/x=\x1b[2J":  `there is no error`,
		"/x/[=ENOENT": `/x/[=ENOENT: `,
		"a/../..=EIO": "`..`",
	} {
		_, err := ParseInjection(text, sys)
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsRune(err.Error(), 0x1b) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, c := range []struct {
		text, path, typed string
		want              unix.Errno
	}{
		{"/usr/include/zlib.h=ENOENT", "/usr/include/zlib.h", "", unix.ENOENT},
		{"/usr/include=EACCES", "/usr/include/zlib.h", "", unix.EACCES},
		{"/usr/include=EACCES", "/usr/includes", "", 0},
		{"**/*.pc=EIO", "/usr/lib/pkgconfig/x.pc", "", unix.EIO},
		{"config.h=ENOSPC", "/build/config.h", "config.h", unix.ENOSPC},
		{"/link/x=ENOENT", "/real/x", "/link/x", unix.ENOENT},
		{"/a=b=EPERM", "/a=b", "", unix.EPERM},
	} {
		i, err := ParseInjection(c.text, sys)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := (injections{i}).of(&event.Used{Op: event.OpRead, Path: c.path, Typed: c.typed}); got != c.want {
			t.Errorf("%s, %s: %v, want %v", c.text, c.path, got, c.want)
		}
	}
}

// What is made up happens to the program, and nothing else does.
func TestInject(t *testing.T) {
	dir := t.TempDir()
	stdout, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	err = os.WriteFile(filepath.Join(dir, "here"), []byte("text\n"), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	tr := recordOf(t, `cat here || echo no; cat ./here2 here; mv here2 there; mv other here; rm here; ls here; ls here2`,
		func(c *Cmd) {
			c.Dir, c.Stdout = dir, stdout
			for _, text := range []string{"here=EIO", "nothing=EPERM"} {
				i, err := ParseInjection(text, system(dir))
				if err != nil {
					t.Fatal(err)
				}
				c.Injections = append(c.Injections, i)
			}
			if err := os.WriteFile(filepath.Join(dir, "here2"), []byte("text 2\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "other"), []byte("other\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	if text, _ := os.ReadFile(stdout.Name()); string(text) != "no\ntext 2\n" {
		t.Errorf("it said %q", text)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "here")); string(text) != "text\n" {
		t.Errorf("the file has %q", text)
	}
	if !slices.Equal(tr.Head.Injected, []string{"here=EIO", "nothing=EPERM"}) {
		t.Errorf("the first line says %q", tr.Head.Injected)
	}
	var ops []string
	for _, u := range tr.Uses {
		if u.Injected != (strings.HasSuffix(u.Path, "/here") || strings.HasSuffix(u.To, "/here")) || u.Injected && u.Errno != "EIO" {
			t.Errorf("%+v", u.Used)
		}
		if u.Injected && !slices.Contains(ops, u.Op) {
			ops = append(ops, u.Op)
		}
	}
	slices.Sort(ops)
	if want := []string{"delete", "look", "read", "rename"}; !slices.Equal(ops, want) {
		t.Errorf("uses that failed: %q, want %q", ops, want)
	}
}
