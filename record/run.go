package record

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/pathres"
	"sydbox/tracer"
	"sydbox/tracer/launch"
	"sydbox/tracer/seccomp"
)

// Run starts the command, records it and waits for its end (WaitFor says when that is). The error is *launch.ExecError
// for a command that cannot be executed, *launch.SetupError for what this machine does not let the recorder do, or the
// first error of Out; a command that ran and failed is none. With an error of Out there is a Result too.
func (c *Cmd) Run() (*Result, error) {
	switch {
	case c.out != nil:
		return nil, errUsed
	case c.lookErr != nil:
		return nil, c.lookErr
	}
	r, err := c.recorder()
	if err != nil {
		return nil, err
	}
	defer r.find.slow.Close()
	defer r.closeExtras()
	if c.Attach != nil {
		return c.runAttached(r)
	}
	plan, closePlan, err := c.plan()
	if err != nil {
		return nil, err
	}
	defer closePlan()
	c.out = newSink(c.Out)
	r.out = c.out
	r.emit(r.head())
	if err := r.begin(c); err != nil {
		c.out.close()
		return nil, err
	}
	result, err := runTracer(plan, r, tracer.Options{
		WaitRoot: c.WaitFor == WaitRoot, PassSignals: c.PassSignals, Control: c.control, Dumpable: true, Near: true,
		Exits: true, Left: c.Left,
	})
	if setup := (*launch.SetupError)(nil); errors.As(err, &setup) && c.interrupted.Load() {
		// It was killed before it was the command.
		result, err = &tracer.Result{Root: unix.WaitStatus(unix.SIGKILL)}, nil
	}
	if err != nil {
		c.out.close()
		return nil, err
	}
	return r.finish(result)
}

// recorder makes the handler.
func (c *Cmd) recorder() (*recorder, error) {
	if c.Env == nil {
		c.Env = os.Environ()
	}
	if c.control == nil {
		c.control = tracer.NewControl()
	}
	slow, err := pathres.New()
	if err != nil {
		return nil, err
	}
	r := &recorder{
		cmd: c, start: time.Now(), slow: slow, find: finder{slow: slow, canon: newCanon()}, native: arch.Native()[0],
		rights: rightsOf(os.Getpid()), verifies: c.verification != nil,
		alive: map[*process]struct{}{}, envs: environments{}, waiting: map[int]*pending{},
	}
	return r, nil
}

// plan says how the command starts.
func (c *Cmd) plan() (*launch.Plan, func(), error) {
	prog, err := seccomp.Compile(tracer.WithNear(filter(arch.Native())))
	if err != nil {
		return nil, nil, fmt.Errorf("compile the filter: %w", err)
	}
	plan := &launch.Plan{
		Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir,
		Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr,
		InheritFDs: c.InheritFDs, Filter: prog, SelfPath: c.SelfPath,
	}
	if !mayFilter() {
		plan.NoNewPrivs = launch.Required
	}
	return plan, func() {}, nil
}

// mayFilter says whether a filter can be installed without no_new_privs, which takes CAP_SYS_ADMIN (seccomp(2)). With
// it programs keep what set-user-ID bits and file capabilities give them, as far as a traced program does.
func mayFilter() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

// head is the first line.
func (r *recorder) head() *event.Recording {
	c := r.cmd
	head := &event.Recording{
		Time: r.start, Tool: c.Tool, Command: c.Args, Dir: c.Dir, Env: c.Env, CPUs: runtime.NumCPU(),
		UID: os.Getuid(), GID: os.Getgid(),
	}
	if dir, err := unix.Getwd(); err == nil && head.Dir == "" {
		head.Dir = dir
	}
	head.Policies = c.Policies
	for _, i := range c.Injections {
		head.Injected = append(head.Injected, i.String())
	}
	head.Host, _ = os.Hostname()
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		head.Kernel = unix.ByteSliceToString(name.Release[:])
		head.Machine = unix.ByteSliceToString(name.Machine[:])
	}
	return head
}

// finish writes the last line.
func (r *recorder) finish(run *tracer.Result) (*Result, error) {
	c := r.cmd
	result := &Result{Root: run.Root, Processes: r.procs, Lines: c.out.lines + 1, Interrupted: c.interrupted.Load()}
	last := event.Finished{
		At: r.now(), Processes: r.procs, Lines: result.Lines, Interrupted: result.Interrupted, Alive: r.left,
	}
	if run.Root.Signaled() {
		last.Signal = unix.SignalName(run.Root.Signal())
	} else {
		last.Exit = run.Root.ExitStatus()
	}
	r.emit(&last)
	return result, c.out.close()
}
