package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/pathres"
	"sydbox/policy"
	"sydbox/tracer"
	"sydbox/tracer/launch"
	"sydbox/tracer/seccomp"
)

// Init must be the first thing in main of a program that uses this package (and in TestMain of its tests): the program
// is executed again as the shim that becomes the target, and Init is where that second run ends up. In the first run it returns at once.
func Init() { launch.Init() }

// ErrTimeout says that Cmd.Timeout ended the run.
var ErrTimeout = errors.New("the time limit ended the run")

// ExitError says how a command ended other than with status 0.
type ExitError struct {
	Status unix.WaitStatus
}

func (e *ExitError) Error() string {
	if e.Status.Signaled() {
		return "killed by " + unix.SignalName(e.Status.Signal())
	}
	return fmt.Sprintf("exit status %d", e.Status.ExitStatus())
}

// DeniedError says that the policy denies the command itself; nothing was started.
type DeniedError struct {
	Denial *event.Denial
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("the policy denies the command itself: %s", e.Denial.Path)
}

// Command is CommandContext without a context.
func Command(p *policy.Policy, name string, args ...string) *Cmd {
	return CommandContext(context.Background(), p, name, args...)
}

// CommandContext returns the Cmd that runs the program name under p. A name without a slash is looked up in PATH as
// os/exec does; the error comes from Start. The tree is killed when ctx is done.
func CommandContext(ctx context.Context, p *policy.Policy, name string, args ...string) *Cmd {
	found := exec.Command(name, args...)
	return &Cmd{
		Policy:     p,
		Path:       found.Path,
		Args:       found.Args,
		NoNewPrivs: levelOf(p),
		lookErr:    found.Err,
		ctx:        ctx,
	}
}

func levelOf(p *policy.Policy) Level {
	switch p.NoNewPrivs() {
	case "off":
		return Off
	case "preferred":
		return Preferred
	}
	return Required
}

// Run starts the command and waits for its end.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Start starts the command. The errors say what failed before the target ran its first instruction: *DeniedError, *launch.ExecError
// for a file that cannot be executed, others for what this machine does not let the sandbox do.
func (c *Cmd) Start() error {
	err := c.start()
	if p, ok := refusal(err); ok && c.Hardened != nil {
		c.Hardened([]event.Primitive{p})
	}
	return err
}

func (c *Cmd) start() error {
	if c.run != nil {
		return errors.New("sandbox: the command was already started")
	}
	if c.lookErr != nil {
		return c.lookErr
	}
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	c.leaveOut()
	wall, err := newWall(c)
	if err != nil {
		return err
	}
	threads := make(chan struct{})
	go func() {
		reserveThreads()
		close(threads)
	}()
	res, err := pathres.New()
	if err != nil {
		return err
	}
	r := &run{ended: make(chan struct{}), control: tracer.NewControl(), reports: newReports(c.Reporter)}
	box := newBox(c, res, r.reports)
	if denial := box.judgeLaunch(c); denial != nil {
		res.Close()
		r.reports.close()
		return &DeniedError{Denial: denial}
	}
	std, err := openStdio(c)
	if err != nil {
		res.Close()
		r.reports.close()
		return err
	}
	for _, f := range std.target {
		box.stdio.add(f)
	}
	plan, err := box.plan(c, std, wall)
	if err != nil {
		res.Close()
		r.reports.close()
		std.closeTarget()
		std.finish()
		return err
	}
	r.inForce = &box.inForce
	<-threads
	opt := tracer.Options{
		WaitRoot:    c.WaitFor == WaitRoot,
		PassSignals: c.PassSignals,
		Control:     r.control,
		Dumpable:    c.KeepDumpable,
		Counts:      c.Counts,
		KeepSIGCHLD: c.KeepSIGCHLD,
		Near:        box.near,
		Left:        c.Left,
	}
	opt.Hardened = box.hardened
	opt.Inside = box.isInside
	opt.Network = box.enclosed
	started := make(chan error, 1)
	opt.Started = func() {
		box.tell(c)
		std.closeTarget()
		started <- nil
	}
	go func() {
		defer close(r.ended)
		defer res.Close()
		defer box.carrier.close()
		defer box.net.close()
		r.result, r.err = runTracer(plan, box, opt)
		if box.err != nil {
			r.err = box.err
		}
		std.closeTarget()
		select {
		case started <- r.err:
		default:
		}
	}()
	if err := <-started; err != nil {
		<-r.ended
		std.finish()
		r.reports.close()
		return err
	}
	r.std = std
	c.run = r
	r.watch(c)
	return nil
}

// plan says how the target starts, under which filter and behind which wall.
func (b *box) plan(c *Cmd, std *stdStreams, wall *wall) (*launch.Plan, error) {
	options := wall.filterOptions()
	options.FreeCalls = !b.deniesCalls
	filter := c.Policy.Filter(arch.Native(), options)
	gives := b.pin && (b.policesOpens() || c.Policy.PolicesNetwork())
	if gives {
		filter = tracer.WithGive(filter)
	}
	if b.near {
		filter = tracer.WithNear(filter)
	}
	prog, err := seccomp.Compile(filter)
	if err != nil {
		return nil, fmt.Errorf("compile the policy into a filter: %w", err)
	}
	plan := &launch.Plan{
		Path:       c.Path,
		Args:       c.Args,
		Env:        c.Env,
		Dir:        c.Dir,
		Stdin:      std.target[0],
		Stdout:     std.target[1],
		Stderr:     std.target[2],
		InheritFDs: c.InheritFDs,
		NoNewPrivs: launch.Level(c.NoNewPrivs),
		NoCore:     !c.Policy.Lifted("core"),
		Filter:     prog,
		Listener:   gives,
		SelfPath:   c.SelfPath,
		Network:    networkLevel(c),
		Drop:       dropped(c),
	}
	b.hardening.into(plan, c, wall)
	err = wall.into(plan)
	omit(plan)
	return plan, err
}

// Wait waits until the run is over (Cmd.Wait says when that is). It returns nil if the command exited with 0,
// *ExitError otherwise, ErrTimeout or the context's error if that ended it.
func (c *Cmd) Wait() error {
	if c.run == nil {
		return errors.New("sandbox: the command was not started")
	}
	r := c.run
	<-r.ended
	copyErr := r.std.finish()
	fault := r.reports.close()
	switch {
	case r.err != nil:
		return r.err
	case fault != nil:
		return fault
	case r.timedOut.Load():
		return ErrTimeout
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	case r.result.Root.Exited() && r.result.Root.ExitStatus() == 0:
		return copyErr
	}
	return &ExitError{Status: r.result.Root}
}

// Unreported is how many denials the Reporter was not told of, after Wait: it did not move for seconds while the queue was
// full, or failed. The rules held all the same.
func (c *Cmd) Unreported() int {
	if c.run == nil {
		return 0
	}
	return int(c.run.reports.lost.Load())
}

// Denials is how many operations were denied, after Wait.
func (c *Cmd) Denials() int {
	if c.run == nil {
		return 0
	}
	return int(c.run.reports.denied.Load())
}

// InForce says what protects the run; for after Start.
func (c *Cmd) InForce() InForce {
	if c.run == nil {
		return InForce{}
	}
	return *c.run.inForce
}
