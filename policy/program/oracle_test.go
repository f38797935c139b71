package program

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// showArgv makes the test binary print its argument vector, one quoted word a line, and end.
const showArgv = "PROGRAM_TEST_SHOW_ARGV"

func TestMain(m *testing.M) {
	if os.Getenv(showArgv) != "" {
		for _, word := range os.Args {
			_, _ = os.Stdout.WriteString(strconv.Quote(word) + "\n")
		}
		return
	}
	os.Exit(m.Run())
}

// self is a short path of the test binary.
func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "self")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// run executes argv on a file and returns what it wrote.
func run(t testing.TB, file string, argv []string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := &exec.Cmd{Path: file, Args: argv, Env: []string{"PATH=/usr/bin:/bin", showArgv + "=1", "EMPTY=",
		"VALUE=a b"},
		Stdout: &out, Stderr: &out, Dir: t.TempDir(), WaitDelay: time.Minute}
	err := cmd.Run()
	return out.String(), err
}

func quoted(argv [][]byte) string {
	var b strings.Builder
	for _, word := range argv {
		b.WriteString(strconv.Quote(string(word)) + "\n")
	}
	return b.String()
}

// TestShebangOracle asks the kernel what it makes of first lines.
func TestShebangOracle(t *testing.T) {
	exe := self(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	script := filepath.Join(t.TempDir(), "script")
	pieces := []string{" ", "\t", exe, exe, "arg", "a b", "\n", "\r", "\x00", "\r\n", "-x=y", "", strings.Repeat("z",
		200),
		strings.Repeat(" ", 100), "\xff"}
	for i := range 250 {
		line := "#!"
		if rnd.IntN(4) > 0 { // mostly something that can run
			line += []string{"", " ", "\t "}[rnd.IntN(3)] + exe
		}
		for range rnd.IntN(6) {
			line += pieces[rnd.IntN(len(pieces))]
		}
		if rnd.IntN(3) == 0 { // around the end of the buffer
			line += strings.Repeat("f", max(0, 250+rnd.IntN(10)-len(line))) + pieces[rnd.IntN(len(pieces))]
		}
		if err := os.WriteFile(script, []byte(line), 0o755); err != nil {
			t.Fatal(err)
		}
		got, err := run(t, script, []string{"lost", "one", "two"})
		s, ok := parseShebang([]byte(line))
		want := quoted(s.splice([]byte(script), vector("lost", "one", "two")))
		switch {
		case !ok:
			if !errors.Is(err, syscall.ENOEXEC) {
				t.Errorf("%d: %q is no script to us; the kernel: %v, %s", i, line, err, got)
			}
		case string(s.interpreter) == exe:
			if err != nil || got != want {
				t.Errorf("%d: %q: the kernel makes\n%s(%v), we\n%s", i, line, got, err, want)
			}
		case err == nil || errors.Is(err, syscall.ENOEXEC):
			t.Errorf("%d: %q: to us the interpreter is %q, the kernel says %v\n%s", i, line, s.interpreter, err, got)
		}
		// ETXTBSY cannot be in the way: the file is closed, and nothing else forks in this test.
	}
}

// TestScriptDepthOracle: five scripts are the most, and the words come in this order.
func TestScriptDepthOracle(t *testing.T) {
	exe, dir := self(t), t.TempDir()
	before := exe
	c := NewCache(time.Now)
	for depth := 1; depth <= 7; depth++ {
		script := filepath.Join(dir, "s"+strconv.Itoa(depth))
		if err := os.WriteFile(script, []byte("#!"+before+" a"+strconv.Itoa(depth)+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		before = script
		got, err := run(t, script, []string{"x", "y"})
		id := identifyOnDisk(t, c, script, "x", "y")
		if id.Fails != errors.Is(err, syscall.ELOOP) {
			t.Errorf("depth %d: we say it fails: %v; the kernel: %v", depth, id.Fails, err)
		}
		if err == nil && quoted(id.FinalArgv) != got {
			t.Errorf("depth %d: the kernel makes\n%s, we\n%s", depth, got, quoted(id.FinalArgv))
		}
	}
}

// TestEnvSplitOracle asks GNU env how it splits strings.
func TestEnvSplitOracle(t *testing.T) {
	exe := self(t)
	if out, _ := run(t, "/usr/bin/env", []string{"env", "--version"}); !strings.Contains(out, "GNU coreutils") {
		t.Fatalf("this test needs GNU env: %s", out)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	pieces := []string{" ", " ", "  ", "\t", "a", "b c", "'", `"`, `\'`, `\"`, `\\`, `\_`, `\c`, `\n`, `\#`, `\$`,
		"#", "$", "${VALUE}",
		"${EMPTY}", "${NOT_SET}", "${1}", "${", "}", `\x`, `\`, "A=b", "-i", "''", `""`, "\v", "\xff"}
	getenv := func(name []byte) ([]byte, bool) {
		switch string(name) {
		case "VALUE":
			return []byte("a b"), true
		case "EMPTY":
			return []byte{}, true
		}
		return nil, true
	}
	ran := 0
	for i := range 300 {
		text := exe + " "
		for range rnd.IntN(8) {
			text += pieces[rnd.IntN(len(pieces))]
		}
		got, err := run(t, "/usr/bin/env", []string{"env", "-S", text, "last"})
		command := envCommand(vector("-S", text, "last"), getenv)
		if want := quoted(command); err == nil && got != want {
			t.Errorf("%d: %q: env makes\n%s, we\n%s", i, text, got, want)
		}
		if err == nil {
			ran++
		} else if len(command) > 0 && string(command[0]) == exe {
			t.Errorf("%d: %q: env says %s, we run %q", i, text, got, command)
		}
	}
	if ran < 60 {
		t.Errorf("only %d strings ran", ran)
	}
	for _, args := range [][]string{
		{"-i", showArgv + "=1", exe, "x"}, {"-u", "VALUE", exe}, {"--unset=VALUE", "-C", "/", exe, "-S"}, {"-",
			showArgv + "=1", exe},
		{"-v", "-S" + exe + " y", "z"}, {"-vS", exe + " y"}, {"A=1", "B=2", exe, "C=3"}, {"--", "A=1", exe},
		{"-S-i " + showArgv + "=1 " + exe},
		{"--split-string=" + exe + " q"}, {"--split-string", exe, "r"}, {"--ignore-signal=INT", exe},
	} {
		got, err := run(t, "/usr/bin/env", append([]string{"env"}, args...))
		if at := strings.LastIndex(got, "executing"); at >= 0 { // what -v says comes before
			got = got[at:]
		}
		if err != nil || !strings.HasSuffix(got, quoted(envCommand(vector(args...), nil))) {
			t.Errorf("env %q: %v\n%s, we make\n%s", args, err, got, quoted(envCommand(vector(args...), nil)))
		}
	}
}
