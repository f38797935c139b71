package pathres

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// TestHeldShared: where somebody else may put another file at a descriptor's number, what it may do counts only if one look
// tells that and its object.
func TestHeldShared(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	fd := tw.open("file", unix.O_RDWR)
	names := []access.Name{
		{Dirfd: int32(fd), FD: true}, {Dirfd: int32(fd), Empty: true}, name(fmt.Sprintf("/proc/self/fd/%d", fd)),
		name(fmt.Sprintf("/proc/%d/fd/%d", tw.pid, fd)), name(fmt.Sprintf("/proc/self/task/%d/fd/%d", tw.pid, fd)),
	}
	eachKernel(t, func(t *testing.T, r *Resolver) {
		for _, n := range names {
			r.Task(tw.pid, tw.pid)
			r.Shared = true
			n.Follow = true
			var o access.Object
			r.Resolve(0, &n, &o)
			want := access.Object{Kind: access.Regular}
			if r.can.getfd {
				want.Held = access.Read | access.Write
			}
			expect(t, string(n.UnsafePath), o, want, dir+"/file")
		}
		if r.Task(tw.pid, tw.pid); r.Shared {
			t.Error("the next stop's task is taken for one that shares")
		}
	})
}
