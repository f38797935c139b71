package deputy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// scene is where a race takes place: a box that may be changed and a victim that may not, with the same names in both.
//
//	box/d/{f,e}, victim/{f,e}   what calls are made on
//	box/swap -> victim          what takes the place of box/d
//	box/d/swap -> victim/f      what takes the place of box/d/f
type scene struct {
	t   testing.TB
	top string
}

func newScene(t testing.TB, top string) *scene {
	s := &scene{t, top}
	for _, d := range []string{"", "/box", "/box/d", "/box/d/e", "/victim", "/victim/e"} {
		s.must(os.Mkdir(top+d, 0o777))
		s.must(os.Chmod(top+d, 0o777))
	}
	for _, f := range []string{"/box/d/f", "/victim/f", "/box/own"} {
		s.must(os.WriteFile(top+f, []byte("this is "+f), 0o666))
		s.must(os.Chmod(top+f, 0o666))
		unix.Setxattr(top+f, "user.old", []byte("value"), 0)
	}
	s.must(os.Symlink("../victim", top+"/box/swap"))
	s.must(os.Symlink("../../victim/f", top+"/box/d/swap"))
	return s
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// swap exchanges two names of the box at once.
func (s *scene) swap(a, b string) {
	s.must(unix.Renameat2(unix.AT_FDCWD, s.top+"/box/"+a, unix.AT_FDCWD, s.top+"/box/"+b, unix.RENAME_EXCHANGE))
}

// victim is the state of what must not change.
func (s *scene) victim() string { return describe(s.t, s.top+"/victim") }

// allowed is the policy of these tests: what lies in the box is.
func (s *scene) allowed(b *bench) bool {
	for i := range b.acc.N {
		o := &b.acc.List[i].Object
		if o.Refuse != 0 || !bytes.HasPrefix(o.Path, []byte(s.top+"/box/")) {
			return false
		}
	}
	return true
}

// raced are calls that change the victim if d, or f in it, leads there. Paths are relative to the box.
func raced() []oracleCase {
	const at = unix.AT_FDCWD
	return []oracleCase{
		{"mkdirat", []any{at, "d/new", 0o777}},
		{"mknodat", []any{at, "d/new", 0o666, 0}},
		{"symlinkat", []any{"text", at, "d/new"}},
		{"linkat", []any{at, "own", at, "d/new", 0}},
		{"unlinkat", []any{at, "d/f", 0}},
		{"unlinkat", []any{at, "d/e", unix.AT_REMOVEDIR}},
		{"renameat2", []any{at, "own", at, "d/new", 0}},
		{"renameat2", []any{at, "d/f", at, "taken", 0}},
		{"renameat2", []any{at, "own", at, "d/f", unix.RENAME_EXCHANGE}},
		{"linkat", []any{at, "d/f", at, "taken", unix.AT_SYMLINK_FOLLOW}},
		{"fchmodat", []any{at, "d/f", 0o4755}},
		{"fchmodat2", []any{at, "d/f", 0o4755, 0}},
		{"utimensat", []any{at, "d/f", words(1, 2, 3, 4), 0}},
		{"setxattr", []any{"d/f", "user.new", "value", 5, 0}},
		{"removexattr", []any{"d/f", "user.old"}},
		{"setxattrat", []any{at, "d/f", 0, "user.new", words(0, 0), 16}},
		{"truncate", []any{"d/f", 3}},
	}
}

// follows says whether a call acts on what a link in the last component leads to.
func (c *oracleCase) follows() bool {
	switch c.call {
	case "mkdirat", "mknodat", "symlinkat", "unlinkat", "renameat2":
		return false
	}
	return c.call != "linkat" || c.args[4] == unix.AT_SYMLINK_FOLLOW
}

// TestSwapped changes what a call means between its judgement and its being done. What is done must still be what was
// judged. The control does the same call by its path, and reaches the victim.
func TestSwapped(t *testing.T) {
	w := tasks()[0]
	dir := openDir(t)
	for i, c := range raced() {
		attacks := []struct {
			name string
			do   func(s *scene, tk *task)
		}{
			{"parent", func(s *scene, _ *task) { s.swap("d", "swap") }},
			{"directory", func(s *scene, tk *task) {
				s.must(os.Symlink("../../victim", s.top+"/box/d/d")) // so that d/f is the victim's from there as well
				tk.chdir(s.top + "/box/d")
			}},
		}
		if c.follows() {
			attacks = append(attacks, struct {
				name string
				do   func(s *scene, tk *task)
			}{"last", func(s *scene, _ *task) { s.swap("d/f", "d/swap") }})
		}
		for _, a := range attacks {
			t.Run(fmt.Sprintf("%d %s %s", i, c.call, a.name), func(t *testing.T) {
				b, tk := newBench(t), startTask(t, w)
				for _, control := range []bool{true, false} {
					s := newScene(t, fmt.Sprintf("%s/%d%s%v", dir, i, a.name, control))
					if a.name == "directory" {
						s.must(os.WriteFile(s.top+"/box/d/own", nil, 0o666)) // for calls on two names
					}
					before := s.victim()
					tk.chdir(s.top + "/box")
					inv := tk.invocation(arch.Native()[0], c.call, c.args)
					if errno := b.judge(tk, &inv); errno != 0 || !s.allowed(b) {
						t.Fatalf("not allowed before anything is swapped: %v %+v", errno, b.acc.List[0].Object)
					}
					a.do(s, tk)
					if control {
						r := tk.native(c.call, c.args)
						if r.Errno == unix.ENOSYS || r.Errno == unix.EOPNOTSUPP {
							t.Skipf("the kernel says %v", r.Errno)
						}
						if s.victim() == before {
							t.Errorf("the control did not reach the victim (%v): this test cannot fail", r.Errno)
						}
						continue
					}
					out := b.d.Do(&inv, tk, b.res, &b.acc)
					if after := s.victim(); after != before {
						t.Errorf("the deputy (%s) reached the victim\n%s", out.text(), difference(before, after))
					}
					if a.name == "parent" && (out.Kind != Done || out.Value != 0) {
						t.Errorf("the deputy did not do it where it was judged: %s", out.text())
					}
					if a.name == "last" && out.Kind != Again {
						t.Errorf("another object under the name: %s, want again", out.text())
					}
				}
			})
		}
	}
}

// TestRace does calls while another thread swaps all the time what they name.
func TestRace(t *testing.T) {
	w := tasks()[0]
	for _, swap := range [][2]string{{"d", "swap"}, {"d/f", "d/swap"}} {
		t.Run(swap[0], func(t *testing.T) {
			s := newScene(t, filepath.Join(openDir(t), "scene"))
			before := s.victim()
			b, tk := newBench(t), startTask(t, w)
			tk.chdir(s.top + "/box")
			var calls []oracleCase
			for _, c := range raced() {
				if swap[0] == "d" || c.follows() {
					calls = append(calls, c)
				}
			}
			var stop atomic.Bool
			finished := make(chan int)
			go func() {
				n := 0
				for a, z := s.top+"/box/"+swap[0], s.top+"/box/"+swap[1]; !stop.Load(); n++ {
					// It fails while d is the link: what stands in d then is the victim's.
					unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, z, unix.RENAME_EXCHANGE)
				}
				finished <- n
			}()
			const tries = 20_000
			denied, again, did := 0, 0, 0
			// More, if so many were none beside others.
			for i := 0; i < tries/len(calls) || i < 20*tries/len(calls) && (did == 0 || denied == 0); i++ {
				for part := range calls {
					c := &calls[part]
					inv := tk.cached(i, part, c)
					if errno := b.judge(tk, inv); errno != 0 || !s.allowed(b) {
						denied++
						continue
					}
					switch out := b.d.Do(inv, tk, b.res, &b.acc); {
					case out.Kind == Again:
						again++
					case out.Value == 0:
						did++
					}
				}
				s.restore()
			}
			stop.Store(true)
			swaps := <-finished
			if after := s.victim(); after != before {
				t.Errorf("the victim was reached\n%s", difference(before, after))
			}
			if did == 0 || denied == 0 || swaps == 0 {
				t.Errorf("no race: %d done, %d denied, %d again, %d swaps", did, denied, again, swaps)
			}
			t.Logf("%d done, %d denied, %d again, %d swaps", did, denied, again, swaps)
		})
	}
}

// cached returns a call laid out in the task's memory, which is done once only.
func (tk *task) cached(round, part int, c *oracleCase) *syscalls.Invocation {
	if round == 0 {
		tk.laid = append(tk.laid, tk.invocationIn(part, arch.Native()[0], c.call, c.args))
	}
	return &tk.laid[part]
}

// restore puts back what a round of calls has taken, so that the next one can succeed.
func (s *scene) restore() {
	box := s.top + "/box"
	for _, p := range []string{"/d/new", "/swap/new"} {
		if fd, err := unix.Open(box+filepath.Dir(p), unix.O_PATH|unix.O_NOFOLLOW|unix.O_DIRECTORY, 0); err == nil {
			unix.Unlinkat(fd, "new", 0)
			unix.Unlinkat(fd, "new", unix.AT_REMOVEDIR)
			unix.Mkdirat(fd, "e", 0o777)
			if f, err := unix.Openat(fd, "f", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o666); err == nil {
				unix.Close(f)
			}
			unix.Close(fd)
		}
	}
	os.Remove(box + "/taken")
	if f, err := unix.Open(box+"/own", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o666); err == nil {
		unix.Close(f)
	}
}
