package pathres

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// choices makes random numbers of a fuzzer's bytes, so that changing one changes one choice. What is missing is made
// up, the same each time.
type choices struct {
	rest []byte
	more *rand.PCG
}

func (c *choices) Uint64() uint64 {
	if len(c.rest) == 0 {
		return c.more.Uint64()
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return uint64(b) * 0x0101010101010101 // whichever bits are looked at
}

// longNames are as long as a name may be, one byte longer, and such that a path of a few is too long.
var longNames = []string{
	strings.Repeat("l", 255), strings.Repeat("m", 256), strings.Repeat("d/", 2047), strings.Repeat("../", 1364) + "x",
	strings.Repeat("/", 4090) + "file",
}

// oddities puts what a random tree has too rarely into one: long names, FIFOs, deep directories, chains of links.
func oddities(t *testing.T, rnd *rand.Rand, dir string) {
	t.Helper()
	must := func(err error) {
		if err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	switch rnd.IntN(5) {
	case 0:
		must(os.WriteFile(filepath.Join(dir, longNames[0]), nil, 0o644))
		must(os.Symlink(longNames[rnd.IntN(len(longNames))], filepath.Join(dir, "l")))
	case 1:
		must(unix.Mkfifo(filepath.Join(dir, "m"), 0o644))
	case 2:
		deep := dir
		for range 3 + rnd.IntN(12) {
			deep += "/" + longNames[0][:200]
		}
		must(os.MkdirAll(deep, 0o755))
		must(os.Symlink(strings.TrimPrefix(deep, dir+"/"), filepath.Join(dir, "l")))
	case 3:
		for i := range 45 { // 40 may be followed (path_resolution(7))
			must(os.Symlink(fmt.Sprintf("chain%d", i), filepath.Join(dir, fmt.Sprintf("chain%d", i+1))))
		}
		must(os.Symlink("file", filepath.Join(dir, "chain0")))
		must(os.Symlink(fmt.Sprintf("chain%d", 36+rnd.IntN(5)), filepath.Join(dir, "l")))
	case 4:
		must(os.Symlink("/proc/self/root"+dir, filepath.Join(dir, "l")))
		must(os.Symlink("/proc/self/cwd/../..", filepath.Join(dir, "m")))
	}
}

// FuzzTree makes a tree of its bytes and looks names up in it, for a task in the tree and for one whose root it is, as
// the kernel does for that task: the same object, or the same error.
func FuzzTree(f *testing.F) {
	base, err := filepath.EvalSymlinks(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	free := spawn(f, nil)
	root := free.open("/", unix.O_RDONLY|unix.O_DIRECTORY)
	jails := free.try(ask{Op: "chroot", Path: "/"}).Errno == 0
	resolvers := make([]*Resolver, len(kernels))
	for i, k := range kernels {
		resolvers[i] = resolver(f, k.can)
	}
	for i := range uint64(60) {
		rnd := rand.New(rand.NewPCG(i, 3))
		data := make([]byte, 20+i*3)
		for j := range data {
			data[j] = byte(rnd.Uint32())
		}
		f.Add(data, i%3 == 2)
	}
	runs := 0
	f.Fuzz(func(t *testing.T, data []byte, jailed bool) {
		tw := *free
		tw.t = t
		rnd := rand.New(&choices{rest: data, more: rand.NewPCG(1, 2)})
		runs++
		dir := filepath.Join(base, fmt.Sprint(runs))
		if err := os.MkdirAll(dir+"/a/b", 0o755); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir) // what is left over goes with the whole
		for _, name := range []string{"/file", "/a/b/file"} {
			if err := os.WriteFile(dir+name, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		oddities(t, rnd, dir) // first: their names may be taken by others later
		plant(t, rnd, dir, dir, 2)
		top := dir
		if jailed && jails {
			tw.do(ask{Op: "chroot", Path: dir})
			defer func() {
				tw.do(ask{Op: "fchdir", Dirfd: root})
				tw.do(ask{Op: "chroot", Path: "."})
			}()
			top = ""
		}
		tw.chdir([]string{top + "/", top + "/a/b"}[rnd.IntN(2)])
		fds := []int{0, tw.open(top+"/a", unix.O_RDONLY), tw.open(top+"/file", unix.O_RDWR), tw.open(top+"/", unix.O_PATH)}
		defer func() {
			for _, fd := range fds[1:] {
				tw.do(ask{Op: "close", Dirfd: fd})
			}
		}()
		for range 8 {
			n := wildName(rnd, top, fds)
			switch rnd.IntN(8) {
			case 0:
				n.UnsafePath = []byte(longNames[rnd.IntN(len(longNames))])
			case 1:
				n.UnsafePath = append(n.UnsafePath, "/l"...)
			case 2, 3:
				n.UnsafePath = []byte(top + []string{"/l", "/m"}[rnd.IntN(2)])
			}
			r := resolvers[rnd.IntN(len(resolvers))]
			// What would be made outside the tree is not.
			if o := tw.resolve(r, n); n.Create && !strings.HasPrefix(string(o.Path), dir+"/") || procCreate(&n) {
				continue
			}
			tw.agree(t, r, n)
		}
	})
}
