package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/sandbox"
	"sydbox/sandbox/report"
)

// runCommand is `sydbox run`.
type runCommand struct {
	policyFlags

	Mode            string         `enum:"enforce,warn" default:"enforce" placeholder:"MODE" help:"help_mode"`
	Log             *string        `placeholder:"FILE" help:"Append every denial to FILE as a line of JSON."`
	Stats           *string        `placeholder:"FILE" help:"Write to FILE, as JSON, what the run cost and what stopped."`
	Explain         bool           `help:"help_explain"`
	Quiet           bool           `short:"q" help:"Print errors only, no denials."`
	Dir             *string        `short:"C" name:"directory" placeholder:"DIR" help:"help_dir"`
	Wait            string         `enum:"all,root,policy" default:"policy" placeholder:"WHAT" help:"help_wait"`
	Timeout         *time.Duration `placeholder:"TIME" help:"Kill everything after TIME, as in 90s or 1h30m."`
	Grace           *time.Duration `placeholder:"TIME" help:"help_grace"`
	ViolationStatus *int           `placeholder:"N" help:"help_violation"`
	NoNewPrivs      string         `enum:"off,preferred,required,policy" default:"policy" placeholder:"LEVEL" help:"help_nnp"`
	SelfPath        string         `placeholder:"PATH" help:"Execute PATH, not /proc/self/exe, as sydbox's own helper."`

	Command []string `arg:"" optional:"" passthrough:"partial" name:"cmd" help:"The command and its arguments."`

	// typed are the flags as they were given, for suggestions.
	typed []string
}

// Run implements the command. It does not return if the command was killed by a signal.
func (r *runCommand) Run(status *int) error {
	if err := r.validate(); err != nil {
		return err
	}
	if r.Dir != nil {
		if err := console.ChangeDir(*r.Dir); err != nil {
			return err
		}
	}
	pol, err := r.load()
	if err != nil {
		return err
	}
	if !r.Quiet {
		warn(pol, mostWarnings)
	}
	file, err := console.Lookup(r.Command[0])
	if err != nil {
		return err
	}
	log, err := r.openLog()
	if err != nil {
		return err
	}
	stats, err := r.openStats()
	if err != nil {
		return err
	}
	// A reader of our standard error that goes away (`2>&1 | head`) must not take the whole tree with us: with a
	// handler a write fails with EPIPE. A handler, unlike an ignored signal, is not inherited by the command.
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE)

	terminal := r.terminal(pol)
	cmd := r.command(pol, file, report.Tee(terminal, log.reporter()))
	cmd.Hardened = func(list []event.Primitive) { r.hardened(list, log) }
	end := endingOf(stats.run(cmd))
	end = r.tell(end, terminal, log, cmd)
	end = stats.finish(end, r.Command)
	*status = end.status
	if end.signal != 0 {
		console.DieOf(end.signal)
	}
	return end.err
}

// validate checks what the parser cannot.
func (r *runCommand) validate() error {
	// With passthrough the parser leaves the "--" that ends the flags; a second one is the command's name.
	if len(r.Command) > 0 && r.Command[0] == "--" {
		r.Command = r.Command[1:]
	}
	switch {
	case len(r.Command) == 0:
		return console.WithHints(fmt.Errorf("run: no command was given"), usageLines["run"]+", as in sydbox run make")
	case r.Log != nil && *r.Log == "":
		return fmt.Errorf("--log: the name of the file is empty")
	case r.Stats != nil && *r.Stats == "":
		return fmt.Errorf("--stats: the name of the file is empty")
	case r.Timeout != nil && *r.Timeout < 0:
		return fmt.Errorf("--timeout: a length of time cannot be negative")
	case r.Grace != nil && *r.Grace < 0:
		return fmt.Errorf("--grace: a length of time cannot be negative")
	case r.ViolationStatus != nil && (*r.ViolationStatus < 0 || *r.ViolationStatus > 255):
		return fmt.Errorf("--violation-status: %d is not an exit status, which is 0 to 255", *r.ViolationStatus)
	}
	return nil
}

// command puts policy and flags together: a flag that was given overrides what the policy says.
func (r *runCommand) command(pol *policy.Policy, file string, to sandbox.Reporter) *sandbox.Cmd {
	cmd := sandbox.CommandContext(context.Background(), pol, file, r.Command[1:]...)
	cmd.Args[0] = r.Command[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SelfPath = r.SelfPath
	cmd.PassSignals = true
	cmd.InheritFDs = true
	cmd.Reporter = to
	if !r.Quiet {
		cmd.Left = self.Left
	}
	if r.Mode == "warn" {
		cmd.Mode = sandbox.WarnOnly
	}
	settings := pol.Run()
	cmd.Timeout = settings.Timeout
	if r.Timeout != nil {
		cmd.Timeout = *r.Timeout
	}
	cmd.Grace, cmd.Output = settings.Grace, settings.Output
	if r.Grace != nil {
		cmd.Grace = *r.Grace
	}
	if r.Wait == "root" || r.Wait == "policy" && settings.Wait == "root" {
		cmd.WaitFor = sandbox.WaitRoot
	}
	switch r.NoNewPrivs {
	case "off":
		cmd.NoNewPrivs = sandbox.Off
	case "preferred":
		cmd.NoNewPrivs = sandbox.Preferred
	case "required":
		cmd.NoNewPrivs = sandbox.Required
	}
	return cmd
}

func (r *runCommand) terminal(pol *policy.Policy) *report.Terminal {
	home, _ := os.UserHomeDir() // without one there is one directory less to spare
	return report.NewTerminal(console.Unstopped{File: os.Stderr}, report.Options{
		Quiet:   r.Quiet,
		Color:   report.UseColor(os.Stderr, os.Getenv),
		Policy:  pol,
		Home:    home,
		Flags:   r.typed,
		Command: r.Command,
		Logged:  r.Log != nil,
	})
}

// tell finishes the reports and decides about the status that sydbox ends with.
func (r *runCommand) tell(end ending, terminal *report.Terminal, log *logFile, cmd *sandbox.Cmd) ending {
	var denied *sandbox.DeniedError
	denials := cmd.Denials()
	if errors.As(end.err, &denied) {
		// Nothing was started, so nobody reported it.
		report.Tee(terminal, log.reporter()).Denied(denied.Denial)
		denials = 1
		if !r.Quiet {
			end.err = nil // the report says it all
		}
	}
	terminal.Summary()
	if end.status != 0 && end.err == nil && !r.Quiet {
		self.Hint(report.Hint(r.ending(cmd)))
	}
	if denials > 0 && end.status == 0 {
		end.status = r.violationStatus(cmd.Policy)
	}
	if end.err != nil && end.status != console.StatusFailed {
		end.err = console.WithStatus(end.status, end.err)
	}
	force := cmd.InForce()
	if force.Judges && force.Opens == sandbox.PinDetects && !r.Quiet {
		self.Hint("a program that changes names as fast as it uses them could open a file that is denied before it was " +
			"killed for it (sydbox features says why)")
	}
	r.tellCut(cmd)
	lost, err := unreported(cmd, log), log.finish(end, r.Command, denials, cmd)
	if err == nil {
		err = lost
	} else if lost != nil {
		self.Fail(lost)
	}
	if err != nil {
		if end.status == 0 {
			end.status = console.StatusFailed // a run whose violations may be lost did not go well
		}
		if end.err == nil {
			end.err = console.WithStatus(end.status, err)
		} else {
			self.Fail(err)
		}
	}
	return end
}

// unreported says that denials are missing from the log.
func unreported(cmd *sandbox.Cmd, log *logFile) error {
	n := cmd.Unreported()
	if n == 0 {
		return nil
	}
	err := fmt.Errorf("the report is not complete: %d denials are missing, because whoever reads it did not for seconds", n)
	if log.log == nil {
		// On a terminal most would only have been counted: the run went as it was meant to.
		self.Fail(err)
		return nil
	}
	return err
}

func (r *runCommand) violationStatus(pol *policy.Policy) int {
	if r.ViolationStatus != nil {
		return *r.ViolationStatus
	}
	return pol.Run().ViolationStatus
}

// ending is what a hint is chosen by.
func (r *runCommand) ending(cmd *sandbox.Cmd) report.Ending {
	given, _ := cmd.Policy.Env(os.Environ())
	return report.Ending{
		File: cmd.Path,
		Env:  given,
		Keeps: func(variable string) bool {
			_, change := cmd.Policy.Env([]string{variable + "="})
			return change.Removed > 0
		},
		NoNewPrivs: r.unprivileged(cmd),
		NoUserns:   !cmd.Policy.Lifted("userns"),
		NoPerf:     !cmd.Policy.Lifted("perf"),
	}
}

// unprivileged says whether no_new_privs takes anything away: root has what set-user-ID programs would give.
func (r *runCommand) unprivileged(cmd *sandbox.Cmd) bool {
	return cmd.NoNewPrivs != sandbox.Off && os.Geteuid() != 0
}

// logFile is the --log of a run; the zero value is none.
type logFile struct{ log *report.Log }

func (r *runCommand) openLog() (*logFile, error) {
	if r.Log == nil {
		return &logFile{}, nil
	}
	log, err := report.OpenLog(*r.Log)
	if err != nil {
		return nil, console.WithHints(err, "nothing was started: a run whose log cannot be written is not what was asked for")
	}
	return &logFile{log}, nil
}

func (l *logFile) reporter() report.Reporter {
	if l.log == nil {
		return nil
	}
	return l.log
}

// finish writes the last line and returns the first error of any line.
func (l *logFile) finish(end ending, command []string, denials int, cmd *sandbox.Cmd) error {
	if l.log == nil {
		return nil
	}
	s := &event.Summary{Time: time.Now(), Command: command, Denials: denials, Exit: end.status,
		Cut: cmd.OutputCut()}
	s.Dir, _ = os.Getwd()
	force := cmd.InForce()
	if force.Judges {
		s.Pinning = force.Opens.String()
	}
	if force.Landlock {
		s.Wall = "landlock"
	}
	if force.Network {
		s.Network = "netns"
	}
	if end.signal != 0 {
		s.Signal = unix.SignalName(end.signal)
	}
	l.log.Summary(s)
	return l.log.Close()
}

// flagsBefore returns the words between "run" and the command.
func flagsBefore(args, command []string) []string {
	if len(args) < 1+len(command) {
		return nil
	}
	flags := args[1 : len(args)-len(command)]
	if n := len(flags); n > 0 && flags[n-1] == "--" {
		flags = flags[:n-1]
	}
	return flags
}
