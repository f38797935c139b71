package main

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/scripts"
)

// session is a syd-trace on a terminal of its own.
type session struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	mu     sync.Mutex
	text   string
	done   chan struct{}
}

// start runs a command line of sh on a new terminal, whose session it leads.
func start(t *testing.T, line string, env ...string) *session {
	t.Helper()
	master, slave, err := scripts.OpenTerminal()
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	s := &session{t: t, master: master, done: make(chan struct{})}
	s.cmd = exec.Command("/bin/sh", "-c", line)
	s.cmd.Dir = t.TempDir()
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TERM=xterm", "SHELL=/bin/sh", "PS1=prompt> ",
		"XDG_STATE_HOME=" + filepath.Join(s.cmd.Dir, "state")}, env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.read()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // whoever still has the terminal gets a hangup
		_ = master.Close()
	})
	return s
}

func (s *session) read() {
	defer close(s.done)
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.text += string(buf[:n])
		s.mu.Unlock()
		if err != nil {
			return // EIO: nobody has the terminal any more
		}
	}
}

func (s *session) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text
}

// wait waits until something is shown.
func (s *session) wait(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !strings.Contains(s.shown(), text); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.done:
			if strings.Contains(s.shown(), text) {
				return
			}
			s.t.Fatalf("%q was never shown:\n%s", text, s.shown())
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%q is not shown:\n%s", text, s.shown())
		}
	}
}

func (s *session) typed(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, text); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the end and returns the status.
func (s *session) end() unix.WaitStatus {
	s.t.Helper()
	_ = s.cmd.Wait() // the status says it
	<-s.done
	return unix.WaitStatus(s.cmd.ProcessState.Sys().(syscall.WaitStatus))
}

// TestShellAtBreakpoint: the shell has the terminal, the directory and the environment of what is held, can ask, and
// gives all back.
func TestShellAtBreakpoint(t *testing.T) {
	s := start(t, "exec syd-trace --break exec:printf -- sh -c "+
		"'mkdir sub; cd sub; MARK=here /usr/bin/printf \"h%s\\n\" i; read x; echo got=$x'")
	s.wait("stopped at exec:printf: printf #")
	s.wait("prompt> ")
	s.typed("pwd; echo mark=$MARK id=$SYD_TRACE_ID\n")
	s.wait("/sub\r\n")
	s.wait("mark=here id=3\r\n")
	s.typed("syd-trace who sub; syd-trace list\n")
	s.wait("still being made")
	s.typed("exit\n")
	s.wait("hi\r\n")
	s.typed("back\n") // the command has the terminal again
	s.wait("got=back\r\n")
	if status := s.end(); status != 0 {
		t.Errorf("it ended with %v:\n%s", status, s.shown())
	}
}

// TestShellEndsRun: 1 ends the run, after a question.
func TestShellEndsRun(t *testing.T) {
	s := start(t, "exec syd-trace --break exec:printf -- sh -c '/usr/bin/printf \"h%s\\n\" i; sleep 1000'")
	s.wait("prompt> ")
	s.typed("exit 1\n")
	s.wait("[y/N] ")
	s.typed("y\n")
	if status := s.end(); status.ExitStatus() != 128+int(unix.SIGKILL) || strings.Contains(s.shown(), "hi\r\n") {
		t.Errorf("it ended with %v:\n%s", status, s.shown())
	}
}

// TestInterrupt: ^C is the command's, and the recording is whole.
func TestInterrupt(t *testing.T) {
	// Whoever runs the tests may ignore SIGINT, which is inherited; what is caught is not (execve(2)).
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGINT)
	defer signal.Stop(caught)
	s := start(t, "exec syd-trace -- sh -c 'echo ready; read x'")
	s.wait("ready\r\n")
	s.typed("\x03")
	if status := s.end(); !status.Signaled() || status.Signal() != unix.SIGINT {
		t.Errorf("it ended with %v:\n%s", status, s.shown())
	}
	own := exec.Command("syd-trace", "who", "-r", "@1", "/nowhere")
	own.Env = s.cmd.Env
	if out, err := own.CombinedOutput(); strings.Contains(string(out), "not complete") || err == nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestProgress: the line is drawn where the command's output does not go, and erased at the end.
func TestProgress(t *testing.T) {
	s := start(t, "syd-trace -- sh -c 'true; until [ -e seen ]; do sleep 0.1; done' >log 2>&1; echo over")
	s.wait("syd-trace: ")
	s.wait("alive")
	if err := os.WriteFile(filepath.Join(s.cmd.Dir, "seen"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.wait("over\r\n")
	before, _, _ := strings.Cut(s.shown(), "over")
	if !strings.HasSuffix(before, "\r\x1b[K") {
		t.Errorf("the line of progress is not erased: %q", before)
	}
	quiet := start(t, "syd-trace -- sh -c 'sleep 0.7'; echo over")
	quiet.wait("over\r\n")
	if strings.Contains(quiet.shown(), "alive") {
		t.Errorf("a line of progress is drawn between the command's own: %q", quiet.shown())
	}
}

// TestWidth: tables fit the terminal and have colours only on one.
func TestWidth(t *testing.T) {
	s := start(t, "stty cols 40; syd-trace -q -- true; syd-trace list; NO_COLOR=1 syd-trace list; "+
		"syd-trace list | cat; echo over")
	s.wait("over\r\n")
	list := strings.Split(s.shown(), "started")
	if len(list) != 4 || !strings.Contains(list[0], "\x1b[") || strings.Contains(list[2], "\x1b[") ||
		strings.Contains(list[3], "\x1b[") {
		t.Errorf("colours: %q", list)
	}
	for _, line := range strings.Split(list[1], "\r\n")[:2] {
		if len(line) > 40+len("\x1b[2m\x1b[0m")*4 {
			t.Errorf("wider than the terminal: %q", line)
		}
	}
}
