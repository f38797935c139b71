package program

import (
	"strings"
	"testing"
)

// TestCopies: a denied name denies the same content and the same file, except where names decide.
func TestCopies(t *testing.T) {
	w := bundles()
	w.files["/bin/python3.11"], w.files["/w/py"] = elf("", "python"), elf("", "python")
	w.links["/bin/python3"] = "/bin/python3.11"
	w.files["/bin/bash"], w.files["/w/b"] = elf("", "bash"), elf("", "bash")
	w.links["/bin/sh"] = "/bin/bash"
	w.links["/bin/tee"] = "/BB"
	w.files["/bin/gunzip"], w.files["/w/script"] = "#!/bin/bash\ngzip -d\n", "#!/bin/bash\ngzip -d\n"
	w.files["/w/other"] = elf("", "Python")
	c, o := NewCache(clock), &Originals{}
	for _, name := range []string{"/bin/dd", "/bin/python3", "/bin/sh", "/bin/tee", "/bin/gunzip"} {
		f, _, err := w.Open([]byte(name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.Add([]byte(name), f)
	}
	tests := []struct {
		path, argv0, rule string
		want              bool
	}{
		{"/w/q", "q", "dd", true},
		{"/w/q", "q", "/bin/dd", true},
		{"/w/q", "q", "python3", false},
		{"/bin/python3.11", "python3.11", "python3", true},
		{"/w/py", "x", "python3", true},
		{"/w/other", "x", "python3", false},
		{"/bin/bash", "bash", "sh", false},
		{"/bin/bash", "sh", "sh", true},
		{"/w/b", "sh", "sh", true},
		{"/w/b", "-sh", "sh", true},
		{"/w/b", "bash", "sh", false},
		{"/BB", "ls", "tee", false},
		{"/BB", "tee", "tee", true},
		{"/w/script", "x", "gunzip", true},
	}
	for _, test := range tests {
		id := c.Identify(w.exec(t, test.path, test.argv0, "arg"), w, o)
		if got := denied(id, test.rule); got != test.want {
			t.Errorf("%s called %s: %s denies it: %v, want %v\n%s", test.path, test.argv0, test.rule, got, test.want,
				show(id))
		}
	}
	for path, want := range map[string]bool{"/bin/dd": true, "/BB": false, "/bin/bash": false, "/LD": false,
		"/git": false} {
		f, _ := w.file(path)
		if got, err := c.Single(f); err != nil || got != want {
			t.Errorf("%s is one program: %v (%v), want %v", path, got, err, want)
		}
	}
}

// overwritten is an original that has changed since the policy was loaded.
type overwritten struct{ *memory }

func (o overwritten) Stat() (ID, error) { id := o.id; id.Ctime++; return id, nil }

func TestChangedOriginal(t *testing.T) {
	w, c, o := bundles(), NewCache(clock), &Originals{}
	m, _ := w.file("/bin/dd")
	o.Add([]byte("/bin/dd"), overwritten{m})
	m.Reset([]byte(strings.Repeat("?", int(m.id.Size))))
	if id := c.Identify(w.exec(t, "/w/q", "q"), w, o); !denied(id, "dd") {
		t.Error("a copy made before the original was overwritten is free")
	}
}
