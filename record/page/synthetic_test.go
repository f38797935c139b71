package page

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"sydbox/event"
	"sydbox/record/trail"
)

// story writes a recording as the recorder does.
type story struct {
	bytes.Buffer
	now   int64
	ids   int
	lines int
	rand  *rand.Rand
}

func newStory(command ...string) *story {
	s := &story{rand: rand.New(rand.NewPCG(1, 2))}
	s.add(&event.Recording{Time: time.Unix(1700000000, 0).UTC(), Tool: "syd-trace test", Command: command,
		Dir: "/src/hello", Env: []string{"PATH=/usr/bin:/bin", "LANG=C"}, Host: "builder", Kernel: "6.1.0",
		Machine: "x86_64", CPUs: 4})
	return s
}

func (s *story) add(e event.Event) {
	s.Write(append(e.AppendJSON(nil), '\n'))
	s.lines++
}

// born tells of a process and what it became.
func (s *story) born(parent int, file string, argv ...string) int {
	s.ids++
	b := &event.Born{At: s.now, ID: s.ids, PID: 1000 + s.ids, Parent: parent}
	if parent == 0 {
		b.Dir = "/src/hello"
	}
	s.add(b)
	s.now += 300_000
	if file != "" {
		s.add(&event.Executed{At: s.now, ID: s.ids, Path: file, Argv: argv, Dir: "/src/hello",
			Stdio: [3]string{"</dev/null", "pipe:[12]", ">/src/hello/build.log"}})
	}
	return s.ids
}

func (s *story) end(id, status int, cpu int64) {
	s.add(&event.Ended{At: s.now, ID: id, Exit: status, User: cpu, System: cpu / 8, MaxRSS: 30 << 20,
		ReadBytes: 1 << 20, WriteBytes: 1 << 14, Threads: 1})
	s.now += 100_000
}

func (s *story) use(id int, op, name, errno string) {
	s.add(&event.Used{At: s.now, ID: id, Op: op, Path: name, Call: "openat", Errno: errno})
	s.now += int64(s.rand.IntN(12_000))
}

func (s *story) finish(status int) {
	s.add(&event.Finished{At: s.now, Exit: status, Processes: s.ids, Lines: s.lines + 1})
}

func (s *story) read(t testing.TB) *trail.Trail {
	t.Helper()
	tr, err := trail.Read(bytes.NewReader(s.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// configured makes a configure script's calls: a pile of short children, many of which fail.
func (s *story) configured(parent, checks int) {
	sh := s.born(parent, "/usr/bin/dash", "/bin/sh", "./configure", "--prefix=/usr")
	for i := range checks {
		test := "conftest" + strconv.Itoa(i%7) + ".c"
		sub := s.born(sh, "")
		gcc := s.born(sub, "/usr/bin/gcc", "gcc", "-c", "-g", "-O2", test)
		for _, dir := range []string{"/usr/local/include", "/usr/lib/gcc/x86_64-linux-gnu/12/include", "/usr/include"} {
			s.use(gcc, event.OpLook, path.Join(dir, "check"+strconv.Itoa(i)+".h"), "ENOENT")
		}
		s.use(gcc, event.OpRead, "/src/hello/"+test, "")
		s.now += int64(s.rand.IntN(15_000_000))
		s.use(gcc, event.OpMake, "/src/hello/conftest.o", "")
		s.end(gcc, i%3/2, 4_000_000)
		s.end(sub, i%3/2, 100_000)
		s.use(sh, event.OpDelete, "/src/hello/conftest.o", "")
	}
	s.end(sh, 0, 50_000_000)
}

// job is one call of a compiler under make, told at once although it ran beside others: it starts where its slot is
// free. It returns when it ended.
func (s *story) job(parent, n int, at int64, headers int, status int) int64 {
	s.now = at
	object := fmt.Sprintf("/src/hello/obj/part%04d", n)
	sh := s.born(parent, "/usr/bin/dash", "/bin/sh", "-c", "gcc -c -o "+object+".o part.c")
	gcc := s.born(sh, "/usr/bin/gcc", "gcc", "-c", "-O2", "-I.", "-I../include", "-o", object+".o")
	const compiler = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1"
	cc1 := s.born(gcc, compiler, compiler, "-quiet", object+".c")
	s.use(cc1, event.OpRead, object+".c", "")
	for range headers {
		name := fmt.Sprintf("sys/deep/header%03d.h", s.rand.IntN(900))
		s.use(cc1, event.OpLook, "/usr/local/include/"+name, "ENOENT")
		s.use(cc1, event.OpRead, "/usr/include/"+name, "")
	}
	s.now += int64(50_000_000 + s.rand.IntN(400_000_000))
	s.use(cc1, event.OpMake, "/tmp/cc"+strconv.Itoa(n)+".s", "")
	if status != 0 {
		s.add(&event.Said{At: s.now, ID: cc1,
			Text: object + ".c:12:10: \x1b[31mfatal error:\x1b[m missing.h: No such file\n"})
	}
	s.end(cc1, status, 200_000_000)
	if status == 0 {
		as := s.born(gcc, "/usr/bin/as", "as", "-o", object+".o", "/tmp/cc"+strconv.Itoa(n)+".s")
		s.use(as, event.OpRead, "/tmp/cc"+strconv.Itoa(n)+".s", "")
		s.use(as, event.OpMake, object+".o", "")
		s.end(as, 0, 9_000_000)
	}
	s.use(gcc, event.OpDelete, "/tmp/cc"+strconv.Itoa(n)+".s", "")
	s.end(gcc, status, 2_000_000)
	s.end(sh, status, 1_000_000)
	return s.now
}

// build is a recording of the size of a real build: configure, then make with four jobs, of which the last fails.
func build(t testing.TB, checks, jobs, headers int) *trail.Trail {
	t.Helper()
	s := newStory("sh", "-c", "./configure && make -j4")
	top := s.born(0, "/usr/bin/dash", "sh", "-c", "./configure && make -j4")
	s.configured(top, checks)
	s.now += 3_000_000
	idle := s.born(top, "/usr/bin/sleep", "sleep", "2")
	s.now += 2_000_000_000
	s.end(idle, 0, 900_000)
	make := s.born(top, "/usr/bin/make", "make", "-j4")
	slots := []int64{s.now, s.now + 1e6, s.now + 2e6, s.now + 3e6}
	for n := range jobs {
		first := 0
		for i := range slots {
			if slots[i] < slots[first] {
				first = i
			}
		}
		status := 0
		if n == jobs-1 {
			status = 1
		}
		slots[first] = s.job(make, n, slots[first], headers, status)
	}
	for _, at := range slots {
		s.now = max(s.now, at)
	}
	s.add(&event.Said{At: s.now, ID: make, Text: "make: *** [Makefile:7: all] Error 1\n"})
	s.add(&event.Reached{At: s.now, ID: make, Op: "connect", Address: "192.0.2.7:443", Protocol: "tcp",
		Host: "example.org", Errno: "ECONNREFUSED"})
	s.end(make, 2, 80_000_000)
	s.end(top, 2, 3_000_000)
	s.finish(2)
	return s.read(t)
}

func html(t testing.TB, tr *trail.Trail) string {
	t.Helper()
	var b strings.Builder
	if err := Report(&b, tr); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
