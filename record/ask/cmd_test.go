package ask

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCmd(t *testing.T) {
	s := newScript(t, "make")
	s.head.Env = []string{"PATH=/usr/bin:/bin", "HOME=/root", "GONE=1"}
	gcc := s.run(1, "gcc", "-c", "it's x.c")
	x := s.exec(gcc, "gcc", "-c", "it's x.c")
	x.Typed, x.Path = "/usr/bin/gcc", "/usr/bin/x86_64-linux-gnu-gcc-12"
	x.Set, x.Unset = []string{"A=b c", "CC=gcc"}, []string{"GONE"}
	x.Stdio = [3]string{"<in put", ">/b/out", ">/b/out"}
	x.Stdio[0] = "</b/in put"
	fork := s.born(gcc)
	tr := s.trail(0)
	a := Cmd(tr, tr.Proc(gcc), CmdOptions{})
	want := `cd /b && env -u GONE 'A=b c' CC=gcc gcc -c 'it'\''s x.c' <'/b/in put' >/b/out 2>&1`
	if string(a.Command) != want || a.Status() != 0 {
		t.Errorf("%s\n%s", a.Command, want)
	}
	wants(t, shown(t, a, 40), "# It became 2 programs; this is the last", want)
	wants(t, string(Cmd(tr, tr.Proc(gcc), CmdOptions{AllEnv: true}).Command),
		`env -i 'A=b c' CC=gcc HOME=/root PATH=/usr/bin:/bin gcc`)
	if a := Cmd(tr, tr.Proc(gcc), CmdOptions{Program: 1}); string(a.Command) != `cd /b && gcc -c 'it'\''s x.c'` {
		t.Errorf("%s", a.Command)
	}
	if a := Cmd(tr, tr.Proc(gcc), CmdOptions{Program: 3}); a.Status() != 1 {
		t.Errorf("%+v", a)
	}
	wants(t, shown(t, Cmd(tr, tr.Proc(fork), CmdOptions{}), 80), "# #3 is a fork", "gcc #2", want)
}

// Words that a shell or env would take for something else.
func TestCmdNames(t *testing.T) {
	for _, test := range []struct {
		argv        []string
		path, typed string
		want        string
	}{
		{[]string{"test", "-f", "x"}, "/usr/bin/test", "", "cd /b && env test -f x"},
		{[]string{"-x"}, "/usr/bin/-x", "", "cd /b && env -- -x"},
		{[]string{"./a=b", "c"}, "/b/a=b", "./a=b", `cd /b && sh -c 'exec "$0" "$@"' ./a=b c`},
		{[]string{"-sh", "-l"}, "/usr/bin/dash", "/bin/sh", `cd /b && bash -c 'exec -a "$0" "$@"' -sh /bin/sh -l`},
		{[]string{"/b/configure", "-q"}, "/b/configure", "", `cd /b && /b/configure -q`},
	} {
		s := newScript(t, "make")
		id := s.born(1)
		x := s.exec(id, test.argv...)
		x.Path, x.Typed = test.path, test.typed
		tr := s.trail(0)
		if got := string(Cmd(tr, tr.Proc(id), CmdOptions{}).Command); got != test.want {
			t.Errorf("%q:\n%s\n%s", test.argv, got, test.want)
		}
	}
}

func TestCmdStdio(t *testing.T) {
	for _, test := range []struct {
		stdio [3]string
		want  string
		note  string
	}{
		{[3]string{"</dev/null", "+/b/log", "=/b/err"}, "</dev/null >>/b/log 2<>/b/err", ""},
		{[3]string{"/dev/null", "/dev/null", "=/dev/null"}, "</dev/null >/dev/null 2>/dev/null", ""},
		{[3]string{"=/dev/pts/1", "=/dev/pts/1", "=/dev/tty"}, "", ""},
		{[3]string{"", ">/b/\x1b", ""}, `<&- >$'/b/\033' 2>&-`, ""},
		{[3]string{"</b/x (deleted)", ">/b/o", "socket:[1]"}, ">/b/o", "standard input was a file that is deleted"},
		{[3]string{"</b/x", "pipe:[7]", "pipe:[8]"}, "</b/x", "standard output was a pipe to cat #"},
	} {
		s := newScript(t, "make")
		id := s.born(1)
		s.exec(id, "cp", "x").Stdio = test.stdio
		s.exec(s.born(1), "cat").Stdio = [3]string{"pipe:[7]", ">/b/x", ">/b/y"}
		tr := s.trail(0)
		a := Cmd(tr, tr.Proc(id), CmdOptions{})
		rest := strings.TrimPrefix(string(a.Command), "cd /b && cp x")
		if test.want == "" && rest != "" || rest != strings.TrimRight(" "+test.want, " ") {
			t.Errorf("%q: %s", test.stdio, a.Command)
		}
		wants(t, shown(t, a, 80), test.note)
	}
}

// What is pasted into a shell gives a program the arguments, the environment, the directory and the input that it had.
func TestCmdPasted(t *testing.T) {
	dir := realDir(t)
	odd := filepath.Join(dir, "a b\n\x01\xff'")
	if err := os.Mkdir(odd, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(odd, "-in"), []byte("input"), 0o644); err != nil {
		t.Fatal(err)
	}
	words := []string{"", "-n", "it's", "$HOME `id`", "a\nb\n\n", "\n", "\x1b[31m\x01\xff\xfe", "é\u202e", `\n%s\`, "*", "~", "!x", "a\t", "'\n", "%"}
	script := `pwd; printf '<%s>' "$@"; printf '%s' "$0|$A|${GONE-none}|$PLAIN|"; cat`
	for _, shell := range []string{"sh", "bash"} {
		for _, sh := range []bool{false, true} {
			if shell == "sh" && !sh {
				continue // it may be dash
			}
			s := newScript(t, "make")
			s.head.Env = []string{"PATH=" + os.Getenv("PATH"), "GONE=1", "PLAIN=p"}
			id := s.born(1)
			x := s.exec(id, append([]string{"/bin/sh", "-c", script, "name"}, words...)...)
			x.Dir, x.Set, x.Unset = odd, []string{"A=\n1 '\xff\n"}, []string{"GONE"}
			x.Stdio = [3]string{"<" + odd + "/-in", ">" + odd + "/out", "=/dev/pts/0"}
			tr := s.trail(0)
			a := Cmd(tr, tr.Proc(id), CmdOptions{Sh: sh})
			text := shown(t, a, 0)
			run := exec.Command(shell)
			run.Stdin, run.Dir = strings.NewReader(text), "/"
			run.Env = s.head.Env
			if out, err := run.CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("%s: %v\n%s\n%s", shell, err, out, text)
			}
			got, err := os.ReadFile(filepath.Join(odd, "out"))
			if err != nil {
				t.Fatal(err)
			}
			want := odd + "\n<" + strings.Join(words, "><") + ">" + "name|\n1 '\xff\n|none|p|input"
			if string(got) != want {
				t.Errorf("%s, --sh=%v:\n%q\n%q\n%s", shell, sh, got, want, text)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	tr := newScript(t, "make").trail(0)
	for _, typed := range []string{"#1", "1"} {
		if p, err := Number(tr, typed); err != nil || p.ID != 1 {
			t.Errorf("%s: %v", typed, err)
		}
	}
	for typed, want := range map[string]string{"x\x1b": "no number", "#2": "#1 to #1", "0": "no process #0", "-1": "no process"} {
		if _, err := Number(tr, typed); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v", typed, err)
		}
	}
}

// A log that all of the recording wrote to is not written again by a command that is pasted; what a recipe wrote is.
func TestCmdLog(t *testing.T) {
	s := newScript(t, "make")
	gen := s.born(1)
	s.exec(gen, "gen").Stdio = [3]string{"</dev/null", ">/b/gen.h", ">/b/log"}
	tr := s.trail(0)
	tr.Root().Execs[0].Stdio = [3]string{"</dev/null", ">/b/log", ">/b/log"}
	if got, want := Cmd(tr, tr.Proc(gen), CmdOptions{}).Command, "cd /b && gen </dev/null >/b/gen.h"; string(got) != want {
		t.Errorf("%s\n%s", got, want)
	}
	// The command itself is written as it was called.
	wants(t, string(Cmd(tr, tr.Proc(1), CmdOptions{}).Command), ">/b/log 2>&1")
}
