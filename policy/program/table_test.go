package program

import (
	"fmt"
	"strings"
	"testing"
)

// bundles is a world with one binary of each family and the usual ways to reach it.
func bundles() *world {
	gnu := familyELF(GNU)
	bb := familyELF(BusyBox, string(bannerMarker),
		"[\x00ash\x00busybox\x00cat\x00dd\x00find\x00ls\x00mkdir\x00sh\x00xargs")
	bbs := familyELF(BusyBox, string(standaloneMarker),
		"[\x00ash\x00busybox\x00cat\x00dd\x00find\x00ls\x00mkdir\x00sh\x00xargs")
	w := &world{
		files: map[string]string{
			"/CU": gnu, "/w/z": gnu, "/BB": bb, "/BBS": bbs,
			"/TB":      familyELF(Toybox, "cat", "dd", "ls", "nice", "sh", "find", "xargs", "timeout"),
			"/UU":      familyELF(Uutils),
			"/LD":      familyELF(GlibcLoader),
			"/musl":    familyELF(MuslLoader),
			"/git":     familyELF(Git),
			"/core":    familyELF(Git, "another build"),
			"/w/g":     familyELF(Git),
			"/bin/dd":  elf("/LD", "dd is here"),
			"/bin/ls":  elf("/LD", "ls is here"),
			"/bin/env": elf("/LD", "env"), "/bin/perl": elf("/LD", "perl"),
			"/w/q":     elf("/LD", "dd is here"),
			"/w/frob":  "#!/CU --coreutils-prog-shebang=dd\n",
			"/w/crlf":  "#!/CU --coreutils-prog-shebang=dd\r\n",
			"/w/s1":    "#!/bin/dd of=x\n",
			"/w/senv":  "#!/bin/env -S dd if=x\n",
			"/w/slink": "#!/w/x/dd\n",
		},
		links: map[string]string{"/w/my-dd": "/CU", "/w/x/dd": "/CU", "/core-push": "/core", "/w/tocat": "cat",
			"/w/todd": "x/dd"},
	}
	for i := 2; i <= 6; i++ {
		w.files[fmt.Sprintf("/w/s%d", i)] = fmt.Sprintf("#!/w/s%d\n", i-1)
	}
	return w
}

// TestTable goes through the command lines of the measured facts: what has to be denied, and what must not be.
func TestTable(t *testing.T) {
	const d = "if=/etc/hostname of=/w/MARK"
	tests := []struct {
		row     string
		verdict byte   // D: denied, A: not, E: the program fails by itself, so either is fine
		rule    string // denied
		path    string
		argv    string // words; the first is argv[0]
	}{
		{"1", 'D', "dd", "/bin/dd", "dd " + d},
		{"3", 'E', "dd", "/w/my-dd", "/w/my-dd " + d},
		{"4", 'D', "dd", "/w/x/dd", "/w/x/dd " + d},
		{"5", 'D', "dd", "/w/q", "/w/q " + d},
		{"6", 'D', "dd", "/CU", "CU --coreutils-prog=dd " + d},
		{"7", 'D', "dd", "/CU", "python3 --coreutils-prog=dd " + d},
		{"8", 'E', "dd", "/CU", "ls --coreutils-prog=dd " + d},
		{"9", 'D', "dd", "/CU", "dd --coreutils-prog=ls"},
		{"10", 'E', "dd", "/CU", "dd/ " + d},
		{"11", 'D', "dd", "/CU", "CU --coreutils-prog-shebang=dd /x/ls " + d},
		{"12", 'D', "dd", "/w/frob", "/w/frob " + d},
		{"12 CRLF", 'A', "dd", "/w/crlf", "/w/crlf " + d},
		{"12 link", 'D', "dd", "/w/slink", "x"},
		{"13", 'A', "dd", "/CU", "CU --coreutils-prog=ls /"},
		{"14", 'A', "dd", "/CU", "ls /"},
		{"15", 'D', "dd", "/w/z", "/w/z --coreutils-prog=dd " + d},
		{"16", 'D', "dd", "/BB", "BB dd " + d}, // an unknown name: rc 127, but the facts call it by its own
		{"16", 'D', "dd", "/BB", "busybox dd " + d},
		{"17", 'D', "dd", "/BB", "busybox busybox dd " + d},
		{"18", 'D', "dd", "/BB", "-dd " + d},
		{"19", 'D', "dd", "/BB", "busybox-any dd " + d},
		{"20", 'A', "dd", "/BB", "busybox ls /"},
		{"21", 'E', "dd", "/BB", "busybox d " + d},
		{"22", 'A', "dd", "/BB", "busybox --list"},
		{"26", 'D', "dd", "/BBS", "busybox find /etc/hostname -exec dd if={} of=/w/MARK ;"},
		{"26 xargs", 'D', "mkdir", "/BBS", "busybox xargs -n 1 mkdir -p"},
		{"26 xargs A", 'A', "mkdir", "/BBS", "busybox xargs echo mkdir"},
		{"26 nested", 'D', "mkdir", "/BBS", "busybox find . -exec xargs mkdir ;"},
		{"27", 'A', "dd", "/BBS", "busybox sh -c ls"},
		{"29", 'D', "dd", "/TB", "toybox dd " + d},
		{"30", 'D', "dd", "/TB", "toybox nice dd " + d},
		{"30 nested", 'D', "dd", "/TB", "toybox nice nice timeout 4 dd " + d},
		{"32", 'A', "dd", "/TB", "toybox cat /etc/hostname"},
		{"33", 'D', "dd", "/TB", "toybox-z dd " + d},
		{"toybox slash", 'D', "dd", "/TB", "/x/dd// " + d},
		{"toybox link", 'D', "cat", "/TB", "/w/tocat x"},
		{"toybox link of link", 'D', "dd", "/TB", "/w/todd x"},
		{"toybox find name", 'A', "dd", "/TB", "toybox find . -name dd"},
		{"toybox find", 'D', "dd", "/TB", "toybox find . -exec dd {} ;"},
		{"34", 'D', "dd", "/UU", "UU dd " + d},
		{"35", 'D', "dd", "/UU", "python3 dd " + d},
		{"36", 'D', "dd", "/UU", "dd.ls " + d},
		{"uutils 0.6", 'D', "dd", "/UU", "xdd " + d},
		{"37", 'A', "dd", "/UU", "UU ls /"},
		{"38", 'D', "dd", "/LD", "LD /bin/dd " + d},
		{"39", 'D', "dd", "/LD", "LD --argv0 ls /bin/dd " + d},
		{"40", 'A', "dd", "/LD", "LD --list /bin/dd"},
		{"end of options", 'D', "dd", "/LD", "LD --argv0 ls -- /bin/dd " + d},
		{"41", 'A', "dd", "/LD", "LD /bin/ls /"},
		{"41 argument", 'A', "dd", "/LD", "LD /bin/ls dd /bin/dd"},
		{"loader twice", 'D', "dd", "/LD", "LD --library-path /x /musl --argv0=ls -- /bin/dd"},
		{"loader of a bundle", 'D', "dd", "/LD", "LD --argv0 dd /CU"},
		{"musl", 'D', "dd", "/musl", "x --preload y /bin/dd"},
		{"musl ldd", 'A', "dd", "/musl", "/usr/bin/ldd /bin/dd"},
		{"45", 'D', "dd", "/w/s1", "s1"},
		{"45 chain", 'D', "dd", "/w/s5", "s5"},
		{"47", 'D', "dd", "/bin/dd", "ls " + d},
		{"X dd ls", 'A', "dd", "/bin/ls", "dd /"},

		{"49", 'D', "git push", "/git", "git push o"},
		{"50", 'D', "git push", "/git", "git -C r push"},
		{"51", 'D', "git push", "/git", "git -c a.b=c -p --git-dir r/.git push"},
		{"52", 'A', "git push", "/git", "git --exec-path /x push"},
		{"53", 'D', "git push", "/core-push", "git-push o"},
		{"56", 'D', "git push", "/git", "git -c help.autocorrect=immediate pushh o"},
		{"57", 'A', "git push", "/git", "git status"},
		{"57", 'A', "git push", "/git", "git stash push"},
		{"57", 'A', "git push", "/git", "git --help push"},
		{"57", 'A', "git push", "/git", "git log push"},
		{"58", 'D', "git push", "/w/g", "/w/g push"},
		{"unknown global", 'D', "git push", "/git", "git --new x push"},
	}
	w := bundles()
	originals := &Originals{}
	c := NewCache(clock)
	f, ok := w.file("/bin/dd")
	if !ok {
		t.Fatal("dd is missing")
	}
	originals.Add([]byte("/bin/dd"), f)
	for _, test := range tests {
		argv := strings.Fields(test.argv)
		if test.row == "16" && argv[0] == "BB" {
			argv[0] = "busybox"
		}
		first := w.exec(t, test.path, argv...)
		id := c.Identify(first, w, originals)
		loaded := loadedExec(t, w, first, id)
		second := c.Identify(loaded, w, originals)
		for look, id := range []*Identity{id, second} {
			if got := denied(id, test.rule); test.verdict != 'E' && got != (test.verdict == 'D') {
				t.Errorf("row %s, look %d: %s %q: denied %v, want %c\n%s", test.row, look+1, test.path, argv, got,
					test.verdict, show(id))
			}
			if id.Unknown != "" {
				t.Errorf("row %s, look %d: unknown: %s", test.row, look+1, id.Unknown)
			}
		}
	}
	id := c.Identify(w.exec(t, "/git", "git", "commit", "-m", "git push"), w, nil)
	if denied(id, "git push") {
		t.Error("row 57: a message is no subcommand")
	}
	if id := c.Identify(w.exec(t, "/w/s6", "s6"), w, nil); !id.Fails {
		t.Error("row 45: six scripts are ELOOP")
	}
	id = c.Identify(w.exec(t, "/w/senv", "senv"), w, nil)
	if len(id.Next) == 0 || string(id.Next[0]) != "dd" {
		t.Errorf("row 46: env will run %q", id.Next)
	}
	for _, file := range []string{"/CU", "/BB", "/TB", "/UU", "/git", "/LD", "/musl"} { // row 48
		c.Identify(w.exec(t, file), w, originals)
	}
}

// loadedExec is the second look at what the first foresaw.
func loadedExec(t *testing.T, w *world, first *Exec, id *Identity) *Exec {
	t.Helper()
	for path := range w.files {
		if f, _ := w.file(path); f.ID() == id.Final {
			x := &Exec{Typed: first.Typed, File: f, Argv: id.FinalArgv, Loaded: true}
			if !id.volatile && !id.Fulfilled(x, w) {
				t.Errorf("%s %q: the kernel did what was foreseen", first.Typed, first.Argv)
			}
			return x
		}
	}
	t.Fatalf("%s: no final file", first.Typed)
	return nil
}

func show(id *Identity) string {
	var b strings.Builder
	for _, n := range id.Names {
		fmt.Fprintf(&b, "\t%q (%v %s) runs %v, args %q\n", n.Text, n.How, n.Detail, n.Runs, n.Args)
	}
	return b.String()
}

// TestShells: what a bundle's shell can run without an exec (rows 23 to 31).
func TestShells(t *testing.T) {
	tests := []struct {
		path, argv, name string
		want             Reach
	}{
		{"/BBS", "busybox sh -c x", "dd", Announced},
		{"/BBS", "ash", "mkdir", Silent},
		{"/BBS", "sh", "curl", ByExec},
		{"/BBS", "busybox ls", "dd", ByExec},
		{"/BBS", "busybox find . -exec {} ;", "mkdir", Silent},
		{"/BBS", "busybox xargs -I{} {}", "mkdir", Silent},
		{"/BB", "busybox sh -c x", "dd", ByExec},
		{"/TB", "toybox sh -c x", "dd", Silent},
		{"/TB", "toybox nice sh -c x", "dd", Silent},
		{"/TB", "toybox sh -c x", "rm", ByExec},
		{"/TB", "toybox cat", "dd", ByExec},
	}
	w, c := bundles(), NewCache(clock)
	for _, test := range tests {
		id := c.Identify(w.exec(t, test.path, strings.Fields(test.argv)...), w, nil)
		if got := id.Inner([]byte(test.name)); got != test.want {
			t.Errorf("%s %s: %s is reached by %d, want %d", test.path, test.argv, test.name, got, test.want)
		}
	}
}

// TestRuns: an allow rule matches what finally runs and nothing else.
func TestRuns(t *testing.T) {
	w, c := bundles(), NewCache(clock)
	w.links["/bin/cat"] = "/BB"
	w.links["/w/ls"] = "/bin/dd"
	w.links["/bin/sh"] = "/bin/bash"
	w.links["/bin/reboot"] = "/bin/systemctl"
	w.files["/bin/bash"], w.files["/bin/systemctl"] = elf("", "bash"), elf("", "systemctl")
	w.files["/bin/configure"] = "#!/bin/bash\n"
	w.files["/odd"] = elf("/BB", "its interpreter is no loader")
	tests := []struct {
		path, argv, rule string
		want             bool
	}{
		{"/bin/ls", "ls /etc", "ls /etc", true},
		{"/bin/ls", "ls /etc", "/bin/ls /etc", true},
		{"/bin/ls", "ls /etc /root", "ls /etc", false},
		{"/bin/ls", "ls /etc", "ls", false},
		{"/bin/ls", "ls /etc", "ls ...", true},
		{"/w/ls", "ls /etc", "ls ...", false}, // a link's name says nothing
		{"/w/ls", "ls /etc", "dd ...", true},
		{"/bin/ls", "dd", "dd ...", false},
		{"/BB", "busybox ls /", "ls /", true},
		{"/BB", "busybox ls /", "busybox ls ...", true},
		{"/BB", "busybox dd", "ls ...", false},
		{"/BB", "ls /", "dd ...", false},
		{"/bin/cat", "cat x", "/bin/cat x", true},
		{"/bin/cat", "dd x", "/bin/cat ...", false},
		{"/CU", "CU --coreutils-prog=ls x", "ls x", true},
		{"/CU", "CU --coreutils-prog-shebang=ls script x", "ls x", true},
		{"/CU", "dd --coreutils-prog=ls", "ls ...", false},
		{"/CU", "dd --coreutils-prog=ls", "dd ...", true},
		{"/LD", "LD /bin/ls x", "ls x", true},
		{"/LD", "LD /bin/ls x", "LD ...", false},
		{"/bin/sh", "sh x", "sh x", true},
		{"/bin/sh", "sh x", "bash ...", false},
		{"/bin/reboot", "reboot status", "systemctl status", false},
		{"/bin/systemctl", "systemctl status", "systemctl status", true},
		{"/bin/configure", "configure -x", "/bin/configure -x", true},
		{"/bin/configure", "configure -x", "bash ...", true},
		{"/git", "git push o", "git push o", true},
		{"/core-push", "git-push o", "git push o", true},
		{"/core-push", "git-push o", "git status ...", false},
		{"/TB", "toybox ls", "ls", true},
		{"/UU", "UU ls x", "ls x", true},
	}
	for _, test := range tests {
		id := c.Identify(w.exec(t, test.path, strings.Fields(test.argv)...), w, nil)
		if got := allowed(id, test.rule); got != test.want {
			t.Errorf("%s %s: %q allows it: %v, want %v\n%s", test.path, test.argv, test.rule, got, test.want,
				show(id))
		}
	}
	if id := c.Identify(w.exec(t, "/odd", "dd"), w, nil); !denied(id, "dd") || !denied(id, "BB") {
		t.Errorf("an ELF interpreter that is BusyBox acts as dd\n%s", show(id))
	}
}
