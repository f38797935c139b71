package tracer

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Control reaches into a running tree from any goroutine. Ptrace requests belong to the tracer's thread, but signals do
// not: Control sends them, and the tracer sees what comes of it.
//
// It knows the processes of the tree. The tracer takes one off the list right after it has reaped it, so a PID on the
// list is the tree's own but for the moment between the two.
type Control struct {
	mu    sync.Mutex
	procs map[int]struct{}
	root  int // 0: not started, or gone
	kill  bool
	// attached is the TID of the thread that is in Attach, 0 if there is none.
	attached int
	detach   atomic.Bool
}

// NewControl returns a Control for Options.
func NewControl() *Control { return &Control{procs: map[int]struct{}{}} }

// KillTree kills every process of the tree, and those that are being born. Before the start it means that the target
// will not get to run. It returns at once; Run returns when all are gone.
func (c *Control) KillTree() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kill = true
	for pid := range c.procs {
		_ = unix.Kill(pid, unix.SIGKILL) // ESRCH: it is dying
	}
}

// Signal sends sig to the target; if the target is gone, to every process that is left of the tree. ESRCH if there is
// none.
func (c *Control) Signal(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.root != 0 {
		return unix.Kill(c.root, sig)
	}
	err := error(unix.ESRCH)
	for pid := range c.procs {
		if e := unix.Kill(pid, sig); e == nil {
			err = nil
		}
	}
	return err
}

// SignalTree sends sig to every process of the tree.
func (c *Control) SignalTree(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for pid := range c.procs {
		_ = unix.Kill(pid, sig) // ESRCH: it is dying
	}
}

// begin is called when the shim was seized.
func (c *Control) begin(pid int) {
	c.mu.Lock()
	c.root = pid
	c.mu.Unlock()
	c.add(pid)
}

// end is called when all are gone.
func (c *Control) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.root = 0
	clear(c.procs)
}

// add puts a process on the list, and kills it if the tree is being killed.
func (c *Control) add(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.procs[pid] = struct{}{}
	if c.kill {
		_ = unix.Kill(pid, unix.SIGKILL) // ESRCH: it is dying
	}
}

// remove takes a process off the list, which may be the target.
func (c *Control) remove(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.procs, pid)
	if c.root == pid {
		c.root = 0
	}
}

// processes returns the PIDs of the tree. The slice is the caller's.
func (c *Control) processes() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.procs))
}

func (c *Control) killing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kill
}
