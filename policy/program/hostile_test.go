package program

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// TestBadFiles: nothing is guessed about what cannot be read, and nothing makes it panic.
func TestBadFiles(t *testing.T) {
	whole := familyELF(BusyBox, "[\x00busybox\x00ls")
	for cut := range len(whole) {
		w := &world{files: map[string]string{"/x": whole[:cut]}}
		NewCache(clock).Identify(w.exec(t, "/x", "ls"), w, nil)
	}
	for i := range 64 + 2*56 {
		for _, b := range []byte{0, 1, 0x7f, 0xff} {
			text := []byte(whole)
			text[i] = b
			w := &world{files: map[string]string{"/x": string(text)}}
			NewCache(clock).Identify(w.exec(t, "/x", "ls"), w, nil)
		}
	}
	w := bundles()
	for _, err := range []error{syscall.EACCES, errors.New("the disk is gone")} {
		x := w.exec(t, "/CU", "ls")
		x.File.(*memory).err = err
		if id := NewCache(clock).Identify(x, w, nil); !strings.Contains(id.Unknown, err.Error()) {
			t.Errorf("%v: unknown %q", err, id.Unknown)
		}
	}
	w.files["/self"] = "#!/self\n"
	if id := NewCache(clock).Identify(w.exec(t, "/self", "x"), w, nil); !id.Fails {
		t.Error("a script that names itself is ELOOP")
	}
	w.files["/gone"] = "#!/bin/gone x\n"
	if id := NewCache(clock).Identify(w.exec(t, "/gone", "x"), w, nil); !denied(id, "gone") {
		t.Error("the interpreter is named though it is missing")
	}
}

// TestBadLoaders: what a loader will load is known or the exec is refused.
func TestBadLoaders(t *testing.T) {
	w, c := bundles(), NewCache(clock)
	deep := strings.Repeat("/musl -- ", maxLoaders) + "/bin/ls"
	for argv, want := range map[string]string{
		"LD --frob /bin/ls": "option", "LD --library-path=/x /bin/ls": "option", "LD -- --frob": "libraries",
		"LD ls": "libraries", "LD /no/such": "cannot be opened", "LD " + deep: "too deep",
		"LD /bin/ls --frob": "", "LD -- /bin/ls": "", "LD --": "", "LD --preload": "", "LD": "", "LD --version": "", "LD --audit --list /bin/ls": "",
	} {
		id := c.Identify(w.exec(t, "/LD", strings.Fields(argv)...), w, nil)
		if (want == "") != (id.Unknown == "") || !strings.Contains(id.Unknown, want) {
			t.Errorf("%s: unknown %q, want %q", argv, id.Unknown, want)
		}
	}
}

// TestHugeArgv: 20 MB of words, in each family and for each sort of words.
func TestHugeArgv(t *testing.T) {
	w, c := bundles(), NewCache(clock)
	w.files["/bin/xz"] = elf("", "xz")
	long := []byte(strings.Repeat("dd", 10<<20))
	many := func(word string) [][]byte {
		argv := make([][]byte, 6<<20/(len(word)+9)) // the kernel takes no more than 6 MB (_STK_LIM / 4 * 3)
		for i := range argv {
			argv[i] = []byte(word)
		}
		return argv
	}
	vectors := map[string][][]byte{"one word": {long, long}, "none": nil, "empty": {nil, {}}, "not UTF-8": {{0xff,
		0xfe}, {0x80}}}
	for _, word := range []string{"dd", "-exec", "busybox", "nice", "--", "-x", "find"} {
		vectors[word] = many(word)
	}
	for name, argv := range vectors {
		for _, file := range []string{"/CU", "/BBS", "/TB", "/UU", "/git", "/LD", "/musl", "/bin/xz", "/w/frob",
			"/bin/env"} {
			x := w.exec(t, file)
			x.Argv = argv
			id := c.Identify(x, w, nil)
			if len(id.Names) > maxNames {
				t.Errorf("%s of %s: %d names", name, file, len(id.Names))
			}
			for i := range min(len(id.Names), 4) {
				MatchArgs([]string{"push", "-f"}, &id.Names[i], ToDeny)
				MatchArgs([]string{"push", rest}, &id.Names[i], ToAllow)
			}
		}
	}
	for _, wrapped := range []string{"-exec", "busybox"} {
		x := w.exec(t, "/BBS")
		x.Argv = append(vector("find"), many(wrapped)...)
		if id := c.Identify(x, w, nil); wrapped == "-exec" && id.Unknown == "" {
			t.Error("a find with millions of commands is not refused")
		}
	}
}

// TestNameless: a memfd and a deleted file are known by their content and by argv[0].
func TestNameless(t *testing.T) {
	w, c := bundles(), NewCache(clock)
	for _, test := range []struct {
		file, argv0, rule string
		want              bool
	}{{"/CU", "dd", "dd", true}, {"/CU", "ls", "dd", false}, {"/w/q", "dd", "dd", true}} {
		x := w.exec(t, test.file, test.argv0)
		x.Typed = []byte("/dev/fd/3")
		x.File.(*memory).path = ""
		if id := c.Identify(x, w, nil); denied(id, test.rule) != test.want {
			t.Errorf("%+v\n%s", test, show(id))
		}
	}
}

// TestLoadedScript: the second look finds the script in the arguments.
func TestLoadedScript(t *testing.T) {
	w, c := bundles(), NewCache(clock)
	x := w.exec(t, "/bin/ls", "/bin/ls", "-x", "./configure", "--prefix=/", "y")
	x.Typed, x.Loaded = []byte("./configure"), true
	if id := c.Identify(x, w, nil); !denied(id, "configure --prefix=/ y") || denied(id, "configure z") {
		t.Error(show(id))
	}
	other := w.exec(t, "/bin/ls", "ls")
	id := c.Identify(other, w, nil)
	for i, argv := range [][]string{{"ls", "more"}, {"dd"}, {}} {
		y := w.exec(t, "/bin/ls", argv...)
		if id.Fulfilled(y, w) {
			t.Errorf("%d: another argument vector is not what was foreseen", i)
		}
	}
	if y := w.exec(t, "/bin/dd", "ls"); id.Fulfilled(y, w) {
		t.Error("another file is not what was foreseen")
	}
	w.inos["/LD"] = 999
	if !id.Fulfilled(w.exec(t, "/bin/ls", "ls"), w) {
		t.Error("another version of the loader is no other program")
	}
	w.files["/LD"] = w.files["/bin/dd"]
	if id.Fulfilled(w.exec(t, "/bin/ls", "ls"), w) {
		t.Error("another ELF interpreter is not what was foreseen")
	}
}
