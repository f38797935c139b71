package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/policy"
	"sydbox/record"
	"sydbox/sandbox"
)

// create opens the recording's file.
func (r *recordCommand) create() (*target, error) {
	name := ""
	if r.Output != nil {
		name = *r.Output
	}
	if len(r.PID) > 0 {
		return create(name, fmt.Sprintf("pid-%d", r.PID[0]), r.Keep)
	}
	return create(name, r.Command[0], r.Keep)
}

func (r *recordCommand) writer(to *target) *writer {
	w := newWriter(to.File, r.Gzip || strings.HasSuffix(to.Name(), ".gz"))
	if r.Tee {
		w.tee = os.Stdout
	}
	return w
}

func (r *recordCommand) command() (*record.Cmd, error) {
	if len(r.PID) > 0 {
		cmd := record.Attach(r.PID...)
		cmd.Tool = self.Version(release)
		return cmd, nil
	}
	file, err := console.Lookup(r.Command[0])
	if err != nil {
		return nil, err
	}
	cmd := record.Command(file, r.Command[1:]...)
	cmd.Args[0] = r.Command[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if r.Tee {
		cmd.Stdout = os.Stderr // standard output has the recording
	}
	cmd.SelfPath = r.SelfPath
	cmd.PassSignals = true
	cmd.InheritFDs = true
	cmd.Tool = self.Version(release)
	if r.Wait == "root" {
		cmd.WaitFor = record.WaitRoot
	}
	return cmd, nil
}

// untilInterrupted lets go of running processes at the first signal that would end this program.
func (r *recordCommand) untilInterrupted(cmd *record.Cmd) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	go func() {
		<-signals
		cmd.Interrupt()
		// One Ctrl-C may come as several signals: timeout(1) sends its own to the process and to its group. The next
		// one, if this takes too long, ends it at once.
		time.Sleep(time.Second)
		signal.Stop(signals)
	}()
}

// attached says how to end a recording of running processes, once there is one. It is a watcher.
type attached struct{ told bool }

func (a *attached) line(text []byte) {
	if a.told || !bytes.Contains(text, []byte(`"attached":true`)) {
		return
	}
	a.told = true
	self.Say("recording; Ctrl-C lets go of what runs and ends the recording")
}

// extras reads what is asked for besides a plain recording.
func (r *recordCommand) extras(cmd *record.Cmd) error {
	sys := sandbox.Host()
	if len(r.Policy) > 0 {
		p, err := policy.Load(sys, policy.Options{Policies: r.Policy})
		if err != nil {
			return err
		}
		cmd.Policy, cmd.Policies = p, r.Policy
	}
	for _, text := range r.Inject {
		i, err := record.ParseInjection(text, sys)
		if err != nil {
			return fmt.Errorf("--inject %w", err)
		}
		cmd.Injections = append(cmd.Injections, i)
	}
	breaks := r.Break
	if r.OnFail == "shell" {
		breaks = append(breaks[:len(breaks):len(breaks)], "failure")
	}
	for _, text := range breaks {
		b, err := record.ParseBreak(text, sys)
		if err != nil {
			return fmt.Errorf("--break %w", err)
		}
		cmd.Breaks = append(cmd.Breaks, b)
	}
	return nil
}

// progress starts the line of progress, if there is to be one. By itself it shows only where it cannot get into the
// command's own output: on the terminal that all this was started from, if that output goes elsewhere.
func (r *recordCommand) progress(cmd *record.Cmd) *progress {
	if r.Progress != nil && !*r.Progress || r.Progress == nil && (r.Quiet || r.Live) {
		return nil
	}
	if isTerminal(os.Stderr) {
		if r.Progress == nil && len(r.PID) == 0 {
			return nil
		}
		return newProgress(os.Stderr)
	}
	if len(r.PID) > 0 {
		return nil
	}
	if r.Progress == nil && isTerminal(cmd.Stdout) {
		return nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil // there is none
	}
	return newProgress(tty)
}
