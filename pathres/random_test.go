package pathres

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// words are what random names are made of.
var words = []string{"a", "b", "c", "d", "e", "f", "l", "m", "..", "..", ".", "", "a", "b"}

// component is a random name that entries of a tree may have.
func component(rnd *rand.Rand) string { return words[rnd.IntN(8)] }

// wild is a random path that often leads somewhere; top is the tree's root in the task's eyes.
func wild(rnd *rand.Rand, top string, fds []int) string {
	var s strings.Builder
	switch rnd.IntN(12) {
	case 0, 1:
		s.WriteString(top + "/")
	case 2:
		s.WriteString("/proc/self/cwd/")
	case 3:
		s.WriteString("/proc/thread-self/root" + top + "/")
	case 4:
		fmt.Fprintf(&s, "/proc/self/fd/%d/", fds[rnd.IntN(len(fds))])
	case 5:
		fmt.Fprintf(&s, "/proc/self/fd/%d", fds[rnd.IntN(len(fds))])
		return s.String()
	}
	for i := range 1 + rnd.IntN(6) {
		if i > 0 {
			s.WriteByte('/')
		}
		s.WriteString(words[rnd.IntN(len(words))])
	}
	if rnd.IntN(6) == 0 {
		s.WriteByte('/')
	}
	return s.String()
}

// plant fills a directory at random: subdirectories, files, and links of all kinds.
func plant(t testing.TB, rnd *rand.Rand, dir, top string, depth int) {
	for range 2 + rnd.IntN(5) {
		path := filepath.Join(dir, component(rnd))
		var err error
		switch k := rnd.IntN(10); {
		case k < 4 && depth > 0:
			if err = os.Mkdir(path, 0o755); err == nil {
				plant(t, rnd, path, top, depth-1)
			}
		case k < 5:
			err = os.Link(filepath.Join(top, "file"), path)
		case k < 6:
			var f *os.File
			if f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o644); err == nil {
				err = f.Close()
			}
		default:
			text := wild(rnd, "", []int{0, 1, 3})
			if text == "" {
				text = "."
			}
			err = os.Symlink(text, path)
		}
		if err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
}

// TestRandomTrees asks for random names in random trees, of a task in the tree and of one chrooted to it. The seed is
// new each time and is printed with a failure.
func TestRandomTrees(t *testing.T) {
	for range 4 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("%#x", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			dir := tree(t)
			plant(t, rnd, dir, dir, 4)
			plant(t, rnd, dir+"/a", dir, 3)
			twins := []*twin{spawn(t, nil)}
			tops := []string{dir}
			if os.Getenv(namespaceEnv) != "" {
				jailed := spawn(t, nil)
				if err := unix.Mount("/proc", dir+"/proc", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { unix.Unmount(dir+"/proc", unix.MNT_DETACH) })
				jailed.chdir(dir + "/a")
				jailed.do(ask{Op: "chroot", Path: dir})
				twins, tops = append(twins, jailed), append(tops, "")
			}
			for i, tw := range twins {
				tw.chdir(tops[i] + "/a/b")
				fds := []int{0, tw.open(tops[i]+"/a", unix.O_RDONLY), tw.open("file", unix.O_RDWR), tw.open(tops[i]+"/",
					unix.O_PATH)}
				for _, k := range kernels {
					r := resolver(t, k.can)
					for range 150 {
						n := wildName(rnd, tops[i], fds)
						if !procCreate(&n) {
							tw.agree(t, r, n)
						}
					}
				}
			}
		})
	}
}

func wildName(rnd *rand.Rand, top string, fds []int) access.Name {
	n := name(wild(rnd, top, fds))
	n.Follow, n.Create = rnd.IntN(2) == 0, rnd.IntN(3) == 0
	if rnd.IntN(3) == 0 {
		n.Dirfd = int32(fds[rnd.IntN(len(fds))])
	}
	if rnd.IntN(8) == 0 && !n.Create && hasOpenat2() {
		n.Resolve = rnd.Uint64N(16) // without RESOLVE_IN_ROOT, in which the tree's absolute links lead back into it
	}
	return n
}

// FuzzResolve compares any name in a fixed tree with the kernel's answer.
func FuzzResolve(f *testing.F) {
	dir := tree(f)
	rnd := rand.New(rand.NewPCG(1, 2))
	plant(f, rnd, dir, dir, 4)
	tw := spawn(f, nil)
	tw.chdir(dir + "/a")
	fd := int32(tw.open(dir+"/a/b", unix.O_RDONLY))
	for i, p := range paths {
		f.Add(strings.ReplaceAll(p, "%s", dir), byte(i))
	}
	for i := range 50 {
		f.Add(wild(rnd, dir, []int{0, int(fd)}), byte(i*5))
	}
	old := [4]*Resolver{}
	for i, k := range kernels {
		old[i] = resolver(f, k.can)
	}
	f.Fuzz(func(t *testing.T, path string, how byte) {
		if strings.ContainsRune(path, 0) {
			return // the end of a name
		}
		tw := *tw
		tw.t = t
		n := name(path)
		n.Follow, n.Create = how&1 != 0, how&2 != 0
		if how&4 != 0 {
			n.Dirfd = fd
		}
		if how&8 != 0 && !n.Create && hasOpenat2() {
			n.Resolve = uint64(how >> 4 & 15)
			if n.Resolve&unix.RESOLVE_BENEATH != 0 {
				n.Resolve &^= unix.RESOLVE_IN_ROOT
			}
		}
		// What would be made outside the tree is not; nor can the task's own entries be, or those that come and go.
		r := old[int(how>>6)]
		o := tw.resolve(r, n)
		if n.Create && !strings.HasPrefix(string(o.Path), dir) || strings.Contains(path, "proc") && o.PID != tw.pid &&
			o.PID != 0 {
			return
		}
		tw.agree(t, r, n)
	})
}
