package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/record"
	"sydbox/record/ask"
	"sydbox/record/show"
	"sydbox/tracer"
	"sydbox/tracer/launch"
)

// recordCommand is `syd-trace record`, and `syd-trace -- CMD`.
type recordCommand struct {
	Output   *string  `short:"o" placeholder:"FILE" help:"help_output"`
	Gzip     bool     `help:"help_gzip"`
	Tee      bool     `help:"help_tee"`
	Live     bool     `help:"help_live"`
	Path     []string `sep:"none" placeholder:"GLOB" help:"help_path"`
	Program  []string `sep:"none" placeholder:"GLOB" help:"help_program"`
	Failed   bool     `help:"help_failed"`
	PID      []int    `short:"p" name:"pid" sep:"none" placeholder:"PID" help:"help_pid"`
	Policy   []string `sep:"none" placeholder:"POLICY" help:"help_policy"`
	Inject   []string `sep:"none" placeholder:"PATH=ERRNO" help:"help_inject"`
	Break    []string `sep:"none" placeholder:"WHERE" help:"help_break"`
	OnFail   string   `name:"on-failure" enum:"go-on,shell" default:"go-on" placeholder:"WHAT" help:"help_on_failure"`
	Dir      *string  `short:"C" name:"directory" placeholder:"DIR" help:"help_dir"`
	Quiet    bool     `short:"q" help:"help_quiet"`
	Wait     string   `enum:"tree,root" default:"tree" placeholder:"WHAT" help:"help_wait"`
	Progress *bool    `negatable:"" help:"help_progress"`
	Keep     int      `default:"10" placeholder:"N" help:"help_keep"`
	SelfPath string   `placeholder:"PATH" help:"help_self"`

	Command []string `arg:"" optional:"" passthrough:"partial" name:"cmd" help:"The command and its arguments."`

	// short: the word record was left out.
	short bool
}

// Run implements the command. It does not return if the command was killed by a signal.
func (r *recordCommand) Run(status *int) error {
	if err := r.validate(); err != nil {
		return err
	}
	if r.Dir != nil {
		if err := console.ChangeDir(*r.Dir); err != nil {
			return err
		}
	}
	filter, err := newLiveFilter(r.Path, r.Program, r.Failed)
	if err != nil {
		return err
	}
	cmd, err := r.command()
	if err != nil {
		return err
	}
	if err := r.extras(cmd); err != nil {
		return err
	}
	to, err := r.create()
	if err != nil {
		return err
	}
	w := r.writer(to)
	cmd.Out = w
	// A reader of our standard error that goes away (`2>&1 | head`) must not take the whole tree with us: with a
	// handler a write fails with EPIPE. A handler, unlike an ignored signal, is not inherited by the command.
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE)

	if r.Live {
		w.watch = append(w.watch, newLive(printer(os.Stderr), filter, newRoster()))
	}
	line := r.progress(cmd)
	if line != nil {
		w.watch = append(w.watch, line)
	}
	if !r.Quiet && len(r.PID) == 0 {
		cmd.Left = func(pids []int) {
			line.hold(true)
			defer line.hold(false)
			self.Left(pids)
		}
	}
	cmd.OnBreak = (&shell{recording: absolute(to.Name()), writer: w, progress: line}).stopped
	if len(r.PID) > 0 {
		r.untilInterrupted(cmd)
		if !r.Quiet {
			w.watch = append(w.watch, &attached{})
		}
	}
	result, err := cmd.Run()
	line.stop()
	lost := w.close()
	if err != nil {
		to.forget()
		return refused(err)
	}
	r.tell(to.Name(), w, result)
	sig := syscall.Signal(0)
	if result.Root.Signaled() {
		sig = result.Root.Signal()
		*status = console.StatusSignal + int(sig)
	} else {
		*status = result.Root.ExitStatus()
	}
	if lost != nil && *status == 0 {
		*status = console.StatusFailed // it was told when it happened
	}
	if sig != 0 && !result.Interrupted {
		console.DieOf(sig)
	}
	return nil
}

// validate checks what the parser cannot.
func (r *recordCommand) validate() error {
	// With passthrough the parser leaves the "--" that ends the flags; a second one is the command's name.
	separated := len(r.Command) > 0 && r.Command[0] == "--"
	if separated {
		r.Command = r.Command[1:]
	}
	switch {
	case r.short && !separated && len(r.Command) > 0:
		return console.WithHints(fmt.Errorf("%s: a command to record has -- before it", event.Quote(r.Command[0])),
			"write syd-trace [FLAGS] -- CMD; a question comes first, before its flags")
	case len(r.PID) > 0 && len(r.Command) > 0:
		return console.WithHints(fmt.Errorf("%s: with -p there is no command", event.Quote(r.Command[0])),
			"record the one or the other")
	case slices.ContainsFunc(r.PID, func(pid int) bool { return pid < 1 }):
		return console.WithHints(errors.New("-p: a process has a positive number"), "pgrep finds it by its name")
	case len(r.PID) == 0 && len(r.Command) == 0:
		return console.WithHints(errors.New("no command to record was given"), "as in syd-trace -- make")
	case r.Output != nil && *r.Output == "":
		return console.WithHints(errors.New("-o: the name of the file is empty"), "as in -o build.trace.gz")
	case r.Keep < 1:
		err := fmt.Errorf("--keep %d: at least one recording is kept", r.Keep)
		return console.WithHints(err, "-o FILE keeps it elsewhere")
	case !r.Live && (len(r.Path) > 0 || len(r.Program) > 0 || r.Failed):
		return console.WithHints(errors.New("--path, --program and --failed choose what --live tells"),
			"add --live; a recording has everything in it, and questions can be asked later")
	}
	if r.Output != nil && *r.Output == "-" {
		r.Tee, r.Output = true, nil
	}
	return nil
}

// refused is the error for a command that did not start, or a process that cannot be attached to.
func refused(err error) error {
	var attach *tracer.AttachError
	if errors.As(err, &attach) && attach.Hint != "" {
		hint := attach.Hint
		attach.Hint = ""
		return console.WithHints(err, hint)
	}
	var exec *launch.ExecError
	if errors.As(err, &exec) {
		return console.WithStatus(console.StatusCannotRun, console.ExplainExec(exec))
	}
	return err
}

// tell says what the recording came to.
func (r *recordCommand) tell(name string, w *writer, result *record.Result) {
	if r.Quiet {
		return
	}
	if r.short && w.err == nil && r.sumUp(name) {
		return
	}
	processes := "1 process"
	if result.Processes != 1 {
		processes = fmt.Sprintf("%d processes", result.Processes)
	}
	self.Say(fmt.Sprintf("%s, %d lines (%s) in %s", processes, result.Lines, size(w.bytes), event.Quote(name)))
}

// sumUp prints the summary, on standard error: standard output is the command's.
func (r *recordCommand) sumUp(name string) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false // it went to a pipe, or nowhere
	}
	t, err := readRecording(name)
	if err != nil {
		self.Fail(err)
		return false
	}
	a := ask.Summary(t)
	a.Recording = name
	if r.Output == nil {
		a.Recording = "" // questions are about the latest
	}
	p := printer(os.Stderr)
	a.Text(p)
	p.Gap()
	p.Wrap(0, p.Paint(show.Faint, "recorded in "+show.Q(name)))
	return p.Err() == nil
}

// size is a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000*1000*1000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
