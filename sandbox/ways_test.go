package sandbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sydbox/policy"
)

// Where the name of a program leads is remembered if nobody in the tree can change it (ways). Whoever wants to win
// against that has another file at the end of a name that is known.

// known is a place with the name that is executed again and again, and what executes it.
type known struct {
	*holes
	name, policy string
}

// newKnown makes good as bin/x in a directory that no rule lets the tree write. The status of evil is evilRan.
func newKnown(t *testing.T) *known {
	t.Helper()
	k := &known{holes: newHoles(t)}
	build := func(name string, flags ...string) string {
		binary, err := k.compile("../testdata/multicall/ways.c", variant{name, append(flags, "-static")})
		if err != nil {
			t.Fatal(err)
		}
		return binary
	}
	k.attacker, k.evil = build("ways"), build("waysevil", "-DEVIL")
	bin := filepath.Join(k.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	k.name, k.policy = filepath.Join(bin, "x"), filepath.Join(k.dir, "known.toml")
	copyFile(t, k.good, k.name, 0o755)
	text := fmt.Sprintf("version = 1\nextends = []\n[exec]\ndeny = [%q]\n", k.evil)
	if err := os.WriteFile(k.policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return k
}

// jail is a directory in which the same name leads to evil.
func (k *known) jail(t *testing.T) string {
	t.Helper()
	jail := filepath.Join(k.dir, "jail")
	if err := os.MkdirAll(filepath.Join(jail, filepath.Dir(k.name)), 0o755); err != nil {
		t.Fatal(err)
	}
	copyFile(t, k.evil, filepath.Join(jail, k.name), 0o755)
	return jail
}

func (k *known) boxed(argv ...string) []string {
	return append([]string{k.sydbox, "run", "-q", "-p", k.policy, "--"}, argv...)
}

// Statuses: of an exec that failed with EACCES, and of evil.
const (
	refusedExec = 200 + int(syscall.EACCES)
	evilRan     = 77
)

// TestExecKnownReplaced: an outsider puts another program there.
func TestExecKnownReplaced(t *testing.T) {
	k := newKnown(t)
	for _, way := range []string{"renamed", "written"} {
		t.Run(way, func(t *testing.T) {
			copyFile(t, k.good, k.name+".new", 0o755)
			if err := os.Rename(k.name+".new", k.name); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond) // what is only just written is not remembered
			argv := k.boxed(k.attacker, "ask", k.name)
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.Dir, cmd.Stderr = k.dir, os.Stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			statuses := bufio.NewReader(out)
			ask := func() (status int) {
				if _, err := io.WriteString(in, "\n"); err != nil {
					t.Fatal(err)
				}
				if _, err := fmt.Fscanln(statuses, &status); err != nil {
					t.Fatal(err)
				}
				return status
			}
			for range 3 {
				if status := ask(); status != 0 {
					t.Fatalf("the good program: %d", status)
				}
			}
			if way == "renamed" {
				copyFile(t, k.evil, k.name+".new", 0o755)
				if err := os.Rename(k.name+".new", k.name); err != nil {
					t.Fatal(err)
				}
			} else {
				overwrite(t, k.evil, k.name)
			}
			for range 2 {
				if status := ask(); status != refusedExec {
					t.Errorf("the program in its place: %d", status)
				}
			}
			in.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// overwrite puts the content of one file into another, which stays the same file.
func overwrite(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeProgram(to, text, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestExecKnownRoot: in another root the name leads to another program. That is refused, not killed: chroot(2) was
// seen.
func TestExecKnownRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("chroot needs root")
	}
	k := newKnown(t)
	attack := []string{k.attacker, "jail", k.name, k.jail(t)}
	j := job{argv: attack, dir: k.dir}
	if native := j.run(t); native.stdout != fmt.Sprintf("0\n0\n0\n%d\n", evilRan) {
		t.Fatalf("without the box: status %d, %q, %s", native.status, native.stdout, native.stderr)
	}
	j.argv = k.boxed(attack...)
	boxed := j.run(t)
	if want := fmt.Sprintf("0\n0\n0\n%d\n", refusedExec); boxed.stdout != want || boxed.status != 0 {
		t.Errorf("status %d, %q, want %q: %s", boxed.status, boxed.stdout, want, boxed.stderr)
	}
}

// TestExecKnownRootRace: the root is another by the time the kernel looks.
func TestExecKnownRootRace(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("chroot needs root")
	}
	k := newKnown(t)
	attack := []string{k.attacker, "race", k.name, k.jail(t), swapTries}
	j := job{argv: attack, dir: k.dir}
	won := false
	for round := 0; round < maxRounds && !won; round++ {
		native := j.run(t)
		if native.status != 0 {
			t.Fatalf("without the box: status %d, %s%s", native.status, native.stdout, native.stderr)
		}
		won = !strings.HasSuffix(native.stdout, " 0 otherwise\n")
	}
	if !won {
		t.Fatal("no wins without the box")
	}
	j.argv = k.boxed(attack...)
	var succeeded, refused, killed, otherwise int
	for round := 0; round < maxRounds && (succeeded == 0 || killed == 0); round++ {
		boxed := j.run(t)
		if _, err := fmt.Sscanf(boxed.stdout, "%d succeeded, %d refused, %d killed, %d otherwise", &succeeded, &refused,
			&killed, &otherwise); err != nil || boxed.status != 0 {
			t.Fatalf("status %d, %s: %v\n%s", boxed.status, boxed.stdout, err, boxed.stderr)
		}
		t.Log(strings.TrimSpace(boxed.stdout))
		if otherwise != 0 {
			t.Fatal("the denied program ran")
		}
	}
	if succeeded == 0 || killed == 0 {
		t.Error("the second look was never needed: no race was run")
	}
}

// TestWays: a name is only remembered if no rule lets the tree change where it leads.
func TestWays(t *testing.T) {
	dir := t.TempDir()
	fixed, free := filepath.Join(dir, "fixed"), filepath.Join(dir, "free")
	for _, d := range []string{fixed, free} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		copyFile(t, "/bin/true", filepath.Join(d, "tool"), 0o755)
	}
	for name, to := range map[string]string{
		fixed + "/link": "tool", fixed + "/up": "../fixed/./tool", fixed + "/out": "../free/tool", fixed + "/back": free + "/in",
		free + "/in": fixed + "/tool", fixed + "/self": "/proc/self/exe", fixed + "/loop": "loop", fixed + "/dangling": "nothing",
	} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	load := func(text string) *policy.Policy { return loadText(t, &workshop{dir: dir}, text) }
	pol := load(fmt.Sprintf("extends = []\n[write]\nallow = [%q]\n[exec]\ndeny = ['dd']\n", free))
	w := newWays(&box{policy: pol, mode: Enforce, pin: true})
	for name, want := range map[string]bool{
		"/tool": true, "/link": true, "/up": true, "/../fixed//tool": true, "/out": false, "/back": false, "/self": false,
		"/loop": false, "/dangling": false, "/nothing": false,
	} {
		end, ok := w.follow(fixed + name)
		if ok != want || ok && end != fixed+"/tool" {
			t.Errorf("%s: %q, %v", name, end, ok)
		}
	}
	if _, ok := w.follow(free + "/tool"); ok {
		t.Error("a name that the tree may remove was taken for fixed")
	}
	for reason, b := range map[string]*box{
		"only warnings":       {policy: pol, mode: WarnOnly, pin: true},
		"calls not held":      {policy: pol, mode: Enforce},
		"a refusal is lifted": {policy: load("[syscalls]\nallow = ['mount']\n"), mode: Enforce, pin: true},
	} {
		if !newWays(b).off {
			t.Errorf("%s: ways are remembered", reason)
		}
	}
}
