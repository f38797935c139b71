package program

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBusyBoxOracle asks the BusyBox of this machine which applet it is.
func TestBusyBoxOracle(t *testing.T) {
	const file = "/bin/busybox"
	c := NewCache(time.Now)
	listed, err := run(t, file, []string{"busybox", "--list"})
	if err != nil {
		t.Fatalf("this test needs BusyBox: %v", err)
	}
	id := identifyOnDisk(t, c, file, "busybox", "sh")
	applets := id.inner.applets
	if id.Family != BusyBox {
		t.Fatalf("%s is %v", file, id.Family)
	}
	for _, name := range strings.Fields(listed) {
		if !applets[name] {
			t.Errorf("the table has no %s", name)
		}
	}
	if len(applets) != len(strings.Fields(listed)) {
		t.Errorf("%d applets in the table, %d in the list", len(applets), len(strings.Fields(listed)))
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"dd", "ls", "cat", "mkdir", "/x/dd", "x/ls/", "-dd", "--dd", "busybox", "/y/busybox",
		"busybox-any", "busyboxFOO",
		"-busybox", "Dd", "frob", "", "--", "sed", "d", "\xff", "lsx", "--list", "-ls", "./wc", "busybox/",
		"dd/busybox"}
	acted := 0
	for range 400 {
		var argv []string
		for range 1 + rnd.IntN(4) {
			argv = append(argv, pieces[rnd.IntN(len(pieces))])
		}
		argv = append(argv, "--help")
		out, _ := run(t, file, argv)
		id := identifyOnDisk(t, c, file, argv...)
		was := ""
		if _, usage, ok := strings.Cut(out, "\nUsage: "); ok && !strings.HasPrefix(usage, "busybox [function") {
			was = strings.Fields(usage)[0]
			acted++
		}
		said := ""
		for _, n := range id.Names {
			if n.How == Applet && n.Runs {
				said = string(n.Text)
			}
		}
		if slices.Contains(argv, "--") && said != "" && !strings.Contains(out, "applet not found") {
			continue // it ran, and took --help for an operand
		}
		if was != said {
			t.Errorf("%q acts as %q, we say %q\n%.300s", argv, was, said, out)
		}
	}
	if acted < 50 {
		t.Errorf("only %d command lines ran an applet", acted)
	}
}

// TestLoaderOracle asks glibc's loader which program it loads.
func TestLoaderOracle(t *testing.T) {
	f, _, err := disk{}.Open([]byte("/bin/echo"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e, err := NewCache(time.Now).look(f)
	if err != nil || len(e.interp) == 0 {
		t.Fatalf("this test needs a dynamic echo: %v", err)
	}
	loader, c := string(e.interp), NewCache(time.Now)
	if id := identifyOnDisk(t, c, loader, "x"); id.Family != GlibcLoader {
		t.Fatalf("this test needs glibc's loader: %s is %v", loader, id.Family)
	}
	rnd := rand.New(rand.NewPCG(7, 8))
	pieces := []string{"--inhibit-cache", "--library-path", "/nowhere", "--argv0", "ls", "--preload", "--list",
		"--verify", "--frob", "--",
		"--argv0=x", "-x", "--help", "--glibc-hwcaps-mask", "--inhibit-rpath", "/bin/true"}
	loaded := 0
	for range 200 {
		argv := []string{"anything"}
		for range rnd.IntN(5) {
			argv = append(argv, pieces[rnd.IntN(len(pieces))])
		}
		argv = append(argv, "/bin/echo", "it ran")
		out, err := run(t, loader, argv)
		ran := err == nil && strings.HasSuffix(out, "it ran\n") && !strings.Contains(out, "/bin/echo")
		id := identifyOnDisk(t, c, loader, argv...)
		if ran {
			loaded++
		}
		if ran && !denied(id, "echo it\x20ran") && !denied(id, "echo") {
			t.Errorf("%q ran echo, we do not say so\n%s", argv, show(id))
		}
		old := strings.Contains(out, "unrecognized option '--'") // before glibc 2.43
		if !ran && !old && id.Unknown == "" && allowed(id, "echo ...") {
			t.Errorf("%q did not run echo, we say it does\n%s%s", argv, out, show(id))
		}
	}
	if loaded < 10 {
		t.Errorf("only %d command lines ran echo", loaded)
	}
}

// TestGitOracle asks git which commands it takes for what was mistyped.
func TestGitOracle(t *testing.T) {
	const file = "/usr/bin/git"
	c := NewCache(time.Now)
	if id := identifyOnDisk(t, c, file, "git"); id.Family != Git {
		t.Fatalf("%s is %v", file, id.Family)
	}
	builtins, err := run(t, file, []string{"git", "--list-cmds=builtins"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(builtins) {
		if !gitCommands.all()[name] {
			t.Errorf("git %s is not known", name)
		}
	}
	installed, err := run(t, file, []string{"git", "--list-cmds=main"})
	if err != nil {
		t.Fatal(err)
	}
	has := words(installed).all()
	assumed := 0
	for _, typed := range []string{"pushh", "psuh", "pusg", "pul", "pus", "comit", "statsu", "st", "ps", "brnch",
		"frobnicate", "x", "rebsae",
		"cherrypick", "fetcch", "stsh", "p", "dif", "idff", "rmeote", "subtre"} {
		out, _ := run(t, file, []string{"git", "-c", "help.autocorrect=immediate", typed, "-h"})
		if !strings.Contains(out, "not a git command") && !strings.Contains(out, "does not exist") {
			t.Fatalf("git %s: %s", typed, out)
		}
		_, meant, ok := strings.Cut(out, "assumption that you meant '")
		meant, _, _ = strings.Cut(meant, "'")
		if ok {
			assumed++
		}
		for name := range gitCommands.all() {
			switch may := gitMayMean(typed, name); {
			case ok && name == meant && !may:
				t.Errorf("git takes %s for %s, we do not", typed, name)
			case ok && name != meant && may && has[name]:
				t.Errorf("we take %s for %s, git for %s", typed, name, meant)
			}
		}
	}
	if assumed < 5 {
		t.Errorf("git corrected only %d words", assumed)
	}
}
