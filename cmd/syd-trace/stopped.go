package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/record"
	"sydbox/record/trail"
)

// recordingVar names the recording in the shell of a breakpoint: there, it is the latest.
const recordingVar = "SYD_TRACE_RECORDING"

// shell is what a run stops with at a breakpoint (--break, --on-failure): a shell in the place of the process that is
// held, in the foreground of the terminal. Where there is no terminal the run goes on, and only says what it has met.
type shell struct {
	recording string
	writer    *writer
	progress  *progress
}

// stopped is called at a breakpoint and says whether the run goes on.
func (s *shell) stopped(at *record.Stopped) bool {
	s.progress.hold(true)
	defer s.progress.hold(false)
	s.writer.flush()
	process := fmt.Sprintf("%s #%d", event.Quote(at.Program), at.ID)
	what := fmt.Sprintf("stopped at %s: %s (pid %d): %s", event.Quote(at.Break.String()), process, at.PID, at.Reason)
	tty, err := foreground(at.PID)
	if err != nil {
		self.Say(what + "; " + err.Error() + " for a shell, so it goes on")
		return true
	}
	defer tty.Close()
	x := trail.Exec{Executed: event.Executed{Argv: at.Argv}}
	self.Say(what + "\n  in " + event.Quote(at.Dir) + ": " + x.CommandLine() + "\n" +
		"  nothing runs meanwhile. Questions can be asked of the recording so far, as in: syd-trace cmd '#" +
		strconv.Itoa(at.ID) + "'\n  exit: go on. exit 1: end it all")
	if s.run(tty, at) != 1 {
		return true
	}
	// A shell also ends with 1 if its last command did.
	_, _ = fmt.Fprint(tty, "syd-trace: end the command and all that it has started? [y/N] ")
	answer, _ := bufio.NewReader(tty).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer != "y" && answer != "yes"
}

// run runs the shell and returns its status.
func (s *shell) run(tty *os.File, at *record.Stopped) int {
	path := os.Getenv("SHELL")
	if path == "" || unix.Access(path, unix.X_OK) != nil {
		path = "/bin/sh"
	}
	cmd := exec.Command(path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	if cmd.Dir = at.Dir; unix.Access(at.Dir, unix.X_OK) != nil {
		cmd.Dir = "/"
	}
	cmd.Env = append(append([]string(nil), at.Env...), "SYD_TRACE_PID="+strconv.Itoa(at.PID),
		"SYD_TRACE_ID="+strconv.Itoa(at.ID), recordingVar+"="+s.recording)
	// A process group of its own in the foreground: ^C is the shell's.
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true, Foreground: true, Ctty: int(tty.Fd())}
	restore := keepTerminal(tty)
	defer restore()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		self.Say(event.Quote(path) + " cannot be started: " + err.Error())
		return 0
	}
	return cmd.ProcessState.ExitCode()
}

// foreground opens the terminal if this run has it: in the background it is somebody else's.
func foreground(pid int) (*os.File, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, errors.New("there is no terminal")
	}
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	if own, _ := unix.Getpgid(pid); err == nil && (group == unix.Getpgrp() || group == own) {
		return tty, nil
	}
	_ = tty.Close()
	return nil, errors.New("the terminal is not in the foreground")
}

// keepTerminal notes who has the terminal and how it is set, and returns what gives it back.
func keepTerminal(tty *os.File) (restore func()) {
	fd := int(tty.Fd())
	group, groupErr := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	state, stateErr := unix.IoctlGetTermios(fd, unix.TCGETS)
	return func() {
		// In the background by then, we would be stopped for it (tcsetpgrp(3)).
		console.Steadily(func() {
			if groupErr == nil {
				_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, group)
			}
			if stateErr == nil {
				_ = unix.IoctlSetTermios(fd, unix.TCSETSW, state)
			}
		})
	}
}
