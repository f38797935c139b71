package ask

import (
	"strings"
	"testing"
)

// built is a small build: make runs two jobs, cc by two processes.
const built = `/x/a LANG=C SHLVL=1
	0 #1 born 0
	0 #1 exec /x/a make -j2
	1 #1 read /x/a/Makefile
	1 #1 look /x/a/config ENOENT
	1 #2 born 1
	1 #2 exec /x/a gcc -c one.c -I/x/a/include -o /x/a/one.o
	2 #2 make /tmp/ccAbCdEf.s +O_EXCL
	2 #3 born 2
	2 #3 exec /x/a cc1 one.c -o /tmp/ccAbCdEf.s
	3 #3 env COLLECT=/tmp/ccAbCdEf.s
	3 #3 read /usr/include/stdio.h
	3 #3 exit 0
	3 #2 delete /tmp/ccAbCdEf.s
	4 #2 exit 0
	4 #4 born 1
	4 #4 exec /x/a sh -c :$S>conf1004.h
	4 #4 make /x/a/conf1004.h
	4 #5 born 4
	4 #5 exec /x/a true
	5 #5 exit 0
	5 #4 exit 0
	6 #1 exit 0`

// rebuilt is the same in another directory: other temporary names and numbers, and the jobs in another order.
const rebuilt = `/y/b LANG=C SHLVL=3
	0 #1 born 0
	0 #1 exec /y/b make -j2
	1 #1 read /y/b/Makefile
	1 #1 look /y/b/config ENOENT
	1 #2 born 1
	2 #2 exec /y/b sh -c :$S>conf1002.h
	2 #2 make /y/b/conf1002.h
	2 #3 born 1
	2 #3 exec /y/b gcc -c one.c -I/y/b/include -o /y/b/one.o
	3 #3 make /tmp/ccxyzuvw.s +O_EXCL
	3 #4 born 3
	3 #4 exec /y/b cc1 one.c -o /tmp/ccxyzuvw.s
	3 #4 env COLLECT=/tmp/ccxyzuvw.s
	4 #4 read /usr/include/stdio.h
	4 #4 exit 0
	4 #5 born 2
	4 #5 exec /y/b true
	5 #5 exit 0
	5 #2 exit 0
	5 #3 delete /tmp/ccxyzuvw.s
	6 #3 exit 0
	8 #1 exit 0`

func TestDiffSame(t *testing.T) {
	a := Diff(tell(t, built), tell(t, rebuilt), "A.json", "B.json", false)
	if a.Status() != 0 || a.First != nil || a.Same != 5 {
		t.Fatalf("%s", shown(t, a, 0))
	}
	wants(t, shown(t, a, 78), "A  A.json: make -j2   in /x/a, 2026-11-22 10:00:00 +0000, 5 processes\n", "B  B.json: ",
		"They are the same: 5 processes in both.\n")
	written(t, a)
	if a := Diff(tell(t, built), tell(t, rebuilt), "", "", true); len(a.Environment) != 1 ||
		a.Environment[0].What != "SHLVL" {
		t.Errorf("--all leaves SHLVL out: %s", shown(t, a, 0))
	}
}

// One thing is changed; it is the first difference, and what it does not cause is not one.
func TestDiffFirst(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		first          []string // what the text says of it
		others         int      // differences in all
	}{
		{"a flag", "gcc -c", "gcc -O2 -c",
			[]string{"gcc #2 < make #1\n", "+ -O2\n", "A +0.001s  gcc -c one.c", "B +0.002s  gcc -O2 -c one.c"}, 1},
		{"a variable", "LANG=C", "LANG=de", []string{"LANG\n", "A +0.000s  C\n", "B +0.000s  de\n", "first for make #1"}, 1},
		{"a variable of one", "env COLLECT", "env CPATH=/q COLLECT", []string{"CPATH\n", "A +0.002s  not set\n",
			"B +0.003s  /q\n", "first for cc1 #3 < gcc #2"}, 1},
		{"a header", "stdio.h\n", "stdio.h ENOENT\n", []string{"/usr/include/stdio.h  cc1 #3 < gcc #2 < make #1\n",
			"A +0.003s  ", "read: ok", "B +0.004s  ", "read: ENOENT"}, 2},
		{"another header", "stdio.h", "stdlib.h", []string{"/usr/include/stdio.h  read only in A, at +0.003s by cc1 #3"}, 2},
		{"a status", "#5 exit 0", "#5 exit 1", []string{"true #5 < sh #4", "A +0.005s  ok\n", "B +0.005s  ", "exit 1"}, 1},
		{"another program", "exec /y/b true", "exec /y/b false",
			[]string{"only in A at +0.004s: true #5 < sh #4 < make #1\n"}, 2},
		{"another output", "make /y/b/conf1002.h", "make /y/b/x.h", []string{"/x/a/conf1004.h  write only in A"}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(rebuilt, test.old) {
				t.Fatal("nothing is changed")
			}
			a := Diff(tell(t, built), tell(t, strings.ReplaceAll(rebuilt, test.old, test.new)), "A", "B", false)
			n := len(a.Environment) + len(a.Changed) + len(a.OnlyA) + len(a.OnlyB) + len(a.Ends) + len(a.Results) +
				len(a.Files)
			if a.Status() != 1 || n != test.others {
				t.Errorf("%d differences:\n%s", n, shown(t, a, 0))
			}
			wants(t, shown(t, a, 0), append([]string{"First difference\n"}, test.first...)...)
			written(t, a)
		})
	}
}

// A whole tree that only one has is told once, by its top; a subshell without any program is no command.
func TestDiffOnly(t *testing.T) {
	with := strings.Replace(rebuilt, "8 #1 exit 0", `7 #6 born 1
		7 #7 born 6
		7 #7 exec /y/b sh -c x
		7 #8 born 7
		7 #8 exec /y/b install -m 644 a b
		8 #9 born 1
		8 #9 make /y/b/new
		9 #1 exit 0`, 1)
	a := Diff(tell(t, built), tell(t, with), "A", "B", false)
	if len(a.OnlyB) != 1 || len(a.OnlyA) != 0 || len(a.Files) != 1 {
		t.Fatalf("%s", shown(t, a, 0))
	}
	wants(t, shown(t, a, 0), "only in B at +0.007s: sh #7 < make #6 < make #1 and 1 program below\n",
		"/y/b/new  write only in B")
	// The other way round it is in A.
	if a := Diff(tell(t, with), tell(t, built), "A", "B", false); len(a.OnlyA) != 1 || len(a.OnlyB) != 0 {
		t.Errorf("%s", shown(t, a, 0))
	}
}

func TestAlike(t *testing.T) {
	x, y := newAlikes(tell(t, built), tell(t, rebuilt))
	for a, b := range map[string]string{
		"/x/a/src": "/y/b/src", "-I/x/a": "-I/y/b", "--jobserver-auth=3,4 -j": "--jobserver-auth=fifo:/tmp/GMfifo7 -j",
		"/proc/77/stat": "/proc/8/stat", "cmTC_12ab": "cmTC_9f8e", "ccAbCdEf.s": "ccxyzuvw.s", "conf1004.x": "conf1002.x",
	} {
		if x.text(a) != y.text(b) {
			t.Errorf("%q is %q, %q is %q", a, x.text(a), b, y.text(b))
		}
	}
	for a, b := range map[string]string{"/x/ab": "/y/bb", "/x/a/1": "/y/b/2", "-j2": "-j3", "ccAbCdEf.s": "ccxyzuvw.o"} {
		if x.text(a) == y.text(b) {
			t.Errorf("%q and %q are both %q", a, b, x.text(a))
		}
	}
	if a, b := bases("/x/a/build", "/x/b/build"); a != "/x/a" || b != "/x/b" {
		t.Error(a, b)
	}
}

// What is written beside a file and then renamed has a name of no meaning, and so has what CMake writes.
func TestDiffRenamed(t *testing.T) {
	side := func(cmake, other, four string) string {
		return `/x
			0 #1 born 0
			0 #1 exec /x cmake .
			1 #1 make /x/a.txt.tmp` + cmake + `
			2 #1 delete /x/a.txt.tmp` + cmake + `
			3 #1 make /x/b.txt-` + other + `
			4 #1 rename /x/b.txt-` + other + ` /x/b.txt
			5 #1 make /x/gt-some-test.` + four + ` +O_EXCL
			6 #2 born 1
			6 #2 exec /x rm -r gt-some-test.` + four + `
			7 #2 delete /x/gt-some-test.` + four + `
			8 #2 exit 0
			9 #1 exit 0`
	}
	a, b := tell(t, side("abcde", "x8QlT2", "jGsO")), tell(t, side("10efa", "Pq1aaZ", "abcd"))
	if d := Diff(a, b, "A", "B", false); d.Status() != 0 {
		t.Errorf("%s", shown(t, d, 0))
	}
}

// What is in a cache depends on what was built before.
func TestDiffCaches(t *testing.T) {
	const base = `/x HOME=/h GOCACHE=/var/go
	0 #1 born 0
	0 #1 exec /x go build
	`
	a := base + "1 #1 read /var/go/a1 ENOENT\n\t1 #1 make /var/go/a1\n\t2 #1 make /h/.npm/z\n\t9 #1 exit 0"
	b := base + "1 #1 read /var/go/a1\n\t9 #1 exit 0"
	if d := Diff(tell(t, a), tell(t, b), "A", "B", false); d.Status() != 0 {
		t.Errorf("%s", shown(t, d, 0))
	}
	if d := Diff(tell(t, a), tell(t, b), "A", "B", true); len(d.Results) != 1 || len(d.Files) != 3 {
		t.Errorf("--all: %s", shown(t, d, 0))
	}
	c := strings.ReplaceAll(b, "/var/go/a1", "/var/going")
	if d := Diff(tell(t, b), tell(t, c), "A", "B", false); len(d.Files) != 1 {
		t.Errorf("%s", shown(t, d, 0))
	}
}
