package program

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzShebang: a line is parsed as it would be written again.
func FuzzShebang(f *testing.F) {
	for _, line := range []string{"#!/bin/sh", "#! /bin/sh -e \n", "#!/bin/sh\x00x\n", "#!\n",
		"#!" + strings.Repeat("/x", 140), "#!/a  "} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		s, ok := parseShebang(head)
		if !ok {
			return
		}
		if bytes.ContainsAny(s.interpreter, " \t\n\x00") {
			t.Fatalf("%q: interpreter %q", head, s.interpreter)
		}
		if len(s.interpreter)+len(s.arg) > scriptHead || bytes.ContainsAny(s.arg, "\n\x00") {
			t.Fatalf("%q: argument %q", head, s.arg)
		}
		again := append([]byte("#!"), s.interpreter...)
		if s.hasArg {
			again = append(append(again, ' '), s.arg...)
		}
		if len(again) < scriptHead-1 && len(s.interpreter) > 0 && len(s.arg) > 0 && !blank(s.arg[len(s.arg)-1]) {
			again = append(again, '\n')
			if s2, ok := parseShebang(again); !ok || !bytes.Equal(s2.interpreter, s.interpreter) ||
				!bytes.Equal(s2.arg, s.arg) {
				t.Fatalf("%q: %q %q, and again %q %q", head, s.interpreter, s.arg, s2.interpreter, s2.arg)
			}
		}
	})
}

// FuzzELF: no file makes the reader panic, and none that is marked is overlooked when junk follows.
func FuzzELF(f *testing.F) {
	f.Add([]byte(familyELF(BusyBox, "[\x00busybox\x00ls")), []byte("ls"))
	f.Add([]byte(elf("/ld", "x")), []byte("dd\x00-x"))
	f.Add([]byte(elfMagic), []byte{})
	f.Fuzz(func(t *testing.T, text, argv []byte) {
		w := &world{files: map[string]string{"/x": string(text), "/LD": familyELF(GlibcLoader)}}
		x := w.exec(t, "/x")
		if len(argv) > 0 {
			x.Argv = bytes.Split(argv, []byte{0})
		}
		id := NewCache(clock).Identify(x, w, nil)
		w.files["/x"] = string(text) + "junk behind"
		x = w.exec(t, "/x")
		if more := NewCache(clock).Identify(x, w, nil); id.Family&^more.Family != 0 {
			t.Fatalf("%q is %v, and longer %v", text, id.Family, more.Family)
		}
	})
}

// FuzzEnvSplit: what was split and quoted again splits alike.
func FuzzEnvSplit(f *testing.F) {
	for _, text := range []string{"a 'b c' \"d\\_e\" # x", `\c`, "${A}", `a\_b`, "'\\''"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := splitEnv(text, nil)
		if err != nil {
			return
		}
		var again []byte
		for _, word := range list {
			again = append(again, '\'')
			again = append(again, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(string(word))...)
			again = append(again, "' "...)
		}
		list2, err := splitEnv(again, nil)
		if err != nil || len(list) != len(list2) {
			t.Fatalf("%q: %q, and again %q (%v)", text, list, list2, err)
		}
		for i := range list {
			if !bytes.Equal(list[i], list2[i]) {
				t.Fatalf("%q: %q, and again %q", text, list, list2)
			}
		}
	})
}

// FuzzDispatch: whatever argv is, both looks agree on a bundle, and what runs is named once.
func FuzzDispatch(f *testing.F) {
	for _, argv := range []string{"busybox\x00dd", "ls", "CU\x00--coreutils-prog=dd\x00x", "toybox\x00nice\x00dd", "",
		"LD\x00--argv0\x00x\x00/bin/dd",
		"find\x00-exec\x00xargs\x00dd", "x\x00-S\x00a b", "git\x00-c\x00a\x00pushh"} {
		f.Add([]byte(argv), byte(0))
	}
	files := []string{"/CU", "/BB", "/BBS", "/TB", "/UU", "/LD", "/musl", "/git", "/bin/env", "/w/frob"}
	w, c := bundles(), NewCache(clock)
	f.Fuzz(func(t *testing.T, argv []byte, which byte) {
		x := w.exec(t, files[int(which)%len(files)])
		x.Argv = bytes.Split(argv, []byte{0})
		id := c.Identify(x, w, nil)
		applets := 0
		for i := range id.Names {
			n := &id.Names[i]
			if n.Runs && n.How == Applet && !bytes.Contains(n.Text, []byte("/")) {
				applets++
			}
			if n.Runs && n.Unsure {
				t.Fatalf("%q runs and is unsure", n.Text)
			}
			MatchArgs([]string{"push", "-f"}, n, ToDeny)
		}
		if applets > 1 {
			t.Fatalf("%q: %d applets run\n%s", argv, applets, show(id))
		}
		for _, s := range id.Steps {
			for _, c := range s.String() {
				if c < ' ' || c > '~' {
					t.Fatalf("step %q holds what a terminal must not see", s.String())
				}
			}
		}
	})
}
