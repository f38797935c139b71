package record

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sydbox/policy"
	"sydbox/record/trail"
	"sydbox/sandbox"
	"sydbox/sandbox/probetest"
)

// recordOf records a shell's script and reads what came of it.
func recordOf(t *testing.T, script string, set ...func(*Cmd)) *trail.Trail {
	t.Helper()
	return recordCmd(t, Command("/bin/sh", "-c", script), set...)
}

func recordCmd(t *testing.T, c *Cmd, set ...func(*Cmd)) *trail.Trail {
	t.Helper()
	var out bytes.Buffer
	c.Out = &out
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	for _, f := range set {
		f(c)
	}
	if _, err := c.Run(); err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	if tr.Cut != nil {
		t.Fatal(tr.Cut)
	}
	return tr
}

// compiled compiles a C program.
func compiled(t *testing.T, text string) string {
	t.Helper()
	program, err := compiledAs(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// compiledAs compiles it with options.
func compiledAs(t *testing.T, text string, options ...string) (program string, err error) {
	t.Helper()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "program.c"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", append(options, "-pthread", "-o", program, source)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %w\n%s", err, out)
	}
	return program, nil
}

// system is this machine to policies, in a directory.
func system(dir string) *policy.System {
	sys := sandbox.Host()
	sys.Cwd = dir
	return sys
}

// called returns the processes of that name.
func called(tr *trail.Trail, name string) (list []*trail.Proc) {
	for _, p := range tr.Procs {
		if p.Name() == name {
			list = append(list, p)
		}
	}
	return list
}

func TestSaid(t *testing.T) {
	probetest.Needs(t, "call description") // what a shell itself says
	tr := recordOf(t, `echo one >&2; printf 'two\n' >&2; echo out; sh -c 'echo three >&2; echo no; exit 3'; ls ./nothing
		{ echo four; echo five; } >&2; echo no`)
	if got := tr.Root().Said; got != "one\ntwo\nfour\nfive\n" {
		t.Errorf("the shell said %q", got)
	}
	if p := tr.Proc(2); p == nil || p.Said != "three\n" {
		t.Errorf("its child said %+v", p)
	}
	list := called(tr, "ls")
	if len(list) != 1 || !strings.Contains(list[0].Said, "nothing") {
		t.Errorf("ls said nothing: %+v", list)
	}
}

// What is too long is kept to its end, however it was written.
func TestSaidMuch(t *testing.T) {
	program := compiled(t, `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
int main(int argc, char **argv) {
	if (argv[1][0] == 'l') { // lines
		for (int i = 0; i < 5000; i++) fprintf(stderr, "line %d\n", i);
	} else if (argv[1][0] == 'b') { // one big
		char *b = malloc(300000);
		memset(b, 'x', 300000);
		memcpy(b + 299996, "end\n", 4);
		if (write(2, b, 300000) != 300000) return 1;
	} else {
		struct iovec v[3] = {{"a", 1}, {"", 0}, {"bc\n", 3}};
		if (writev(2, v, 3) != 4 || write(2, (void *)8, 10) == 10) return 1;
	}
	return 0;
}`)
	for _, c := range []struct {
		how, end string
		total    int64
	}{{"lines", "line 4998\nline 4999\n", 48890}, {"big", "xxxend\n", 300000}, {"vector", "abc\n", 4}} {
		file, err := os.Create(filepath.Join(t.TempDir(), "said"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		tr := recordCmd(t, Command(program, c.how), func(cmd *Cmd) { cmd.Stderr = file })
		p := tr.Root()
		if p.Failed() {
			t.Errorf("%s: it failed: %+v", c.how, p.End)
		}
		if !strings.HasSuffix(p.Said, c.end) || int64(len(p.Said))+p.SaidCut != c.total || len(p.Said) > tailMost {
			t.Errorf("%s: %d bytes behind %d others, the end is %q", c.how, len(p.Said), p.SaidCut,
				p.Said[max(0, len(p.Said)-40):])
		}
	}
}

// What goes to /dev/null is told apart from what is heard.
func TestSaidToNobody(t *testing.T) {
	probetest.Needs(t, "call description") // what a shell itself says
	const script = "echo a >&2; exec 2>/dev/null; echo b >&2; echo c >&2"
	heard, err := os.Create(filepath.Join(t.TempDir(), "heard"))
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	if p := recordOf(t, script, func(c *Cmd) { c.Stderr = heard }).Root(); p.Said != "a\n" || p.Lost != "b\nc\n" {
		t.Errorf("said %q, lost %q", p.Said, p.Lost)
	}
	// Who starts the command with /dev/null still wants to know.
	if p := recordOf(t, script).Root(); p.Said != "a\nb\nc\n" || p.Lost != "" {
		t.Errorf("said %q, lost %q", p.Said, p.Lost)
	}
}

func TestApplets(t *testing.T) {
	loader := `"$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-*.so.1 2>/dev/null | head -n 1)"`
	if runtime.GOARCH == "386" {
		loader = "/lib/ld-linux.so.2"
	}
	tr := recordOf(t, `ln -s "$(command -v busybox)" true; ./true; busybox cat /dev/null; git -C . status; git --version
		/bin/ls >/dev/null; `+loader+` /bin/echo`)
	var got []string
	for _, p := range tr.Procs {
		for _, x := range p.Execs {
			if len(x.Names) > 0 {
				got = append(got, strings.Join(x.Names, ","))
			}
		}
	}
	for _, want := range []string{"true", "cat", "git status", "echo"} {
		if !slices.Contains(got, want) {
			t.Errorf("no program is called %q: %q", want, got)
		}
	}
	if len(got) != 4 {
		t.Errorf("programs with other names: %q", got)
	}
}

func TestSignals(t *testing.T) {
	outsider := exec.Command("sleep", "100")
	if err := outsider.Start(); err != nil {
		t.Fatal(err)
	}
	defer outsider.Wait()
	defer outsider.Process.Kill()
	program := compiled(t, `#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
	pid_t a = fork();
	if (!a) for (;;) pause();
	kill(a, SIGKILL);
	wait(NULL);
	kill(atoi(argv[1]), SIGUSR1);
	kill(atoi(argv[1]), 0);
	kill(1 << 22, SIGUSR2);
	signal(SIGUSR2, SIG_IGN);
	raise(SIGUSR2);
	abort();
}`)
	tr := recordCmd(t, Command(program, strconv.Itoa(outsider.Process.Pid)))
	type sent struct {
		to     int
		signal string
		from   int
	}
	var got []sent
	for _, s := range tr.Signals {
		got = append(got, sent{s.ID, s.Signal, s.Signalled.From})
		if s.ID == 0 && s.PID != outsider.Process.Pid {
			t.Errorf("it went to %d", s.PID)
		}
	}
	want := []sent{{2, "SIGKILL", 1}, {0, "SIGUSR1", 1}, {1, "SIGUSR2", 1}, {1, "SIGABRT", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("signals %v, want %v", got, want)
	}
}

func TestHints(t *testing.T) {
	program := compiled(t, `#include <sys/random.h>
#include <sys/utsname.h>
#include <stdlib.h>
int main(void) {
	char b[16];
	struct utsname u;
	free(malloc(1));
	for (int i = 0; i < 3; i++)
		if (getrandom(b, sizeof b, 0) != sizeof b || uname(&u)) return 1;
	return 0;
}`)
	tr := recordOf(t, program+`; exec `+program)
	var got []string
	for _, h := range tr.Hints {
		got = append(got, strconv.Itoa(h.ID)+" "+h.What)
	}
	slices.Sort(got)
	if want := []string{"1 random", "1 uname", "2 random", "2 uname"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
