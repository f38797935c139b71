package ask

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// madeFiles are those that a test says are there, changed at a time.
type madeFiles struct {
	content map[string]string
	changed time.Time
}

func (f madeFiles) Open(name string) (io.ReadCloser, time.Time, error) {
	text, ok := f.content[name]
	if !ok {
		return nil, time.Time{}, errors.New("gone")
	}
	return io.NopCloser(strings.NewReader(text)), f.changed, nil
}

const nondetStory = `/home/joe/src/pkg HOME=/home/joe USER=joefield TZ=UTC LANG=de_DE
	0 #1 born 0
	0 #1 exec /home/joe/src/pkg make -j4
	1 #2 born 1
	1 #2 exec /home/joe/src/pkg cc -DD=XYZZYX
	2 #2 read /home/joe/src/pkg/in.c
	2 #2 make /tmp/ccAbCdEf.s +O_EXCL
	3 #2 make /home/joe/src/pkg/out
	4 #2 exit 0
	5 #1 exit 0`

// What is of one build is found in what it made, and what only looks like it is not.
func TestNondetFinds(t *testing.T) {
	seconds := storyStart.Unix()
	for _, test := range []struct{ text, what, found string }{
		{"made on Nov 22 2026.", "time", "Nov 22 2026"},
		{"\x00Sun Nov 22 10:00:00 UTC 2026\n", "time", "Sun Nov 22 10:00:00 UTC 2026"},
		{"2026-11-22T10", "time", "2026-11-22"},
		{"Sun, 22 Nov 2026 10:00:00 +0000", "time", "22 Nov 2026"},
		{"v1.0.20261122", "time", "20261122"},
		{fmt.Sprintf("T=%d;", seconds), "time", fmt.Sprint(seconds)},
		{fmt.Sprintf("T=%d123;", seconds), "time", fmt.Sprintf("%d123", seconds)},
		{fmt.Sprintf("x\x00%o\x00", seconds), "time", fmt.Sprintf("%o", seconds)},
		{"!<arch>\n" + fmt.Sprintf("a.o/            %-12d0     0 ", seconds), "time", fmt.Sprint(seconds)},
		{"PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x50\x76\x5d....", "time",
			"PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x50\x76\x5d"},
		{"\x1f\x8b\x08\x00" + string([]byte{byte(seconds), byte(seconds >> 8), byte(seconds >> 16), byte(seconds >> 24)}) +
			"\x00\x03", "time", fmt.Sprint(seconds)},
		{"DW_AT_comp_dir\x00/home/joe/src/pkg\x00", "build path", "/home/joe/src/pkg"},
		{"by joe@buildhost.", "host name", "buildhost"},
		{"joefield built it", "user", "joefield"},
		{"/tmp/ccAbCdEf.s:12", "temporary name", "/tmp/ccAbCdEf.s"},
		{strings.Repeat("\x00", windowSize-5) + "2026-11-22", "time", "2026-11-22"},
		{strings.Repeat("y", 2*windowSize+9) + " 2026-11-22", "time", "2026-11-22"},

		{"Nov 22 2025, 2026-11-23, Nov 2 2026", "", ""},
		{"2026-11-220, 120261122", "", ""},
		{fmt.Sprintf("%d1 %d", seconds, seconds+7200), "", ""},
		{"/home/joe/src/pkgs, buildhosts, joefields, xbuildhost", "", ""},
		{"/tmp/ccAbCdEg.s /tmp/", "", ""},
		{"PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x50\x21\x5d....", "", ""},
		{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "", ""},
	} {
		content := map[string]string{"/home/joe/src/pkg/out": test.text, "/home/joe/src/pkg/in.c": ""}
		files := madeFiles{content, storyStart}
		a := Nondet(tell(t, nondetStory), files)
		if test.what == "" {
			if len(a.Proved) > 0 || a.Status() != 0 {
				t.Errorf("%q: %s", test.text, shown(t, a, 0))
			}
			continue
		}
		if len(a.Proved) != 1 || a.Proved[0].What != test.what || string(a.Proved[0].Text) != test.found ||
			a.Status() != 1 {
			t.Errorf("%.60q: %s", test.text, shown(t, a, 0))
			continue
		}
		if p := a.Proved[0]; p.As != "gzip header" && test.text[p.Offset:int(p.Offset)+len(p.Text)] != string(p.Text) {
			t.Errorf("%.60q: it is not at %d", test.text, p.Offset)
		}
		wants(t, shown(t, a, 100), "In what was made (1 file searched)", test.what+"\n", "out at byte ", "by cc #2 < make #1",
			"cc -DD=XYZZYX")
		written(t, a)
	}
}

// Not a proof: what an input has as well, what is meant, what was changed later, a log.
func TestNondetJudges(t *testing.T) {
	const dir = "/home/joe/src/pkg/"
	content := map[string]string{dir + "out": "2026-11-22", dir + "in.c": ""}
	a := Nondet(tell(t, nondetStory), madeFiles{content, storyStart.Add(time.Hour)})
	if a.Status() != 0 || a.Changed != 1 {
		t.Errorf("changed later: %s", shown(t, a, 0))
	}
	content[dir+"in.c"] = "since 2026-11-22"
	if a := Nondet(tell(t, nondetStory), madeFiles{content, storyStart}); a.Status() != 0 {
		t.Errorf("of an input: %s", shown(t, a, 0))
	}
	content[dir+"in.c"] = ""
	meant := strings.Replace(nondetStory, "HOME=", fmt.Sprintf("SOURCE_DATE_EPOCH=%d HOME=", storyStart.Unix()), 1)
	if a := Nondet(tell(t, meant), madeFiles{content, storyStart}); a.Status() != 0 {
		t.Errorf("meant: %s", shown(t, a, 0))
	}
	log := strings.ReplaceAll(nondetStory, "pkg/out", "pkg/config.status")
	content[dir+"config.status"] = content[dir+"out"]
	a = Nondet(tell(t, log), madeFiles{content, storyStart})
	if a.Status() != 0 || len(a.Own) != 1 {
		t.Errorf("a log: %s", shown(t, a, 0))
	}
	wants(t, shown(t, a, 0), "Nothing of this one build was found in what it made",
		"a build keeps for itself (1 file): config.status\n")
	// What came from another product is told with that, what came by the command line with whose that was.
	linked := strings.Replace(nondetStory, "5 #1 exit 0", `4 #3 born 1
		4 #3 exec /home/joe/src/pkg ld
		4 #3 read /home/joe/src/pkg/out
		4 #3 make /home/joe/src/pkg/prog
		5 #1 exit 0`, 1)
	linked = strings.Replace(linked, "XYZZYX", "2026-11-22", 1)
	content[dir+"prog"] = "..2026-11-22"
	wants(t, shown(t, Nondet(tell(t, linked), madeFiles{content, storyStart}), 0),
		"out at byte 0: 2026-11-22\n    by cc #2",
		"and prog (from out)\n")
}

func TestNondetCauses(t *testing.T) {
	a := Nondet(tell(t, nondetStory+`
		6 #3 born 1
		6 #3 exec /b date
		7 #4 born 1
		7 #4 exec /b date -d @1
		8 #4 hint random getrandom
		8 #4 hint random getrandom
		8 #3 read /dev/urandom
		8 #3 list /b/d
		8 #3 read /b/d/4
		8 #3 read /b/d/2
		8 #3 read /b/d/3
		8 #3 read /b/d/1
		8 #3 make /b/x1003`), madeFiles{})
	got := shown(t, a, 0)
	wants(t, got, "SOURCE_DATE_EPOCH is not set", "LANG=de_DE", "make -j4", "date  date #3 < make #1", "/dev/urandom",
		"getrandom  date, 2 times", "/b/x1003", "order of a directory", "/b/d")
	lacks(t, got, "TZ is not set", "@1")
}

// A FIFO or a device with the name of a product is not opened.
func TestNondetOpensFilesOnly(t *testing.T) {
	dir := t.TempDir()
	fifo, link, file := filepath.Join(dir, "fifo"), filepath.Join(dir, "link"), filepath.Join(dir, "file")
	err := errors.Join(unix.Mkfifo(fifo, 0o600), os.Symlink("/etc/passwd", link), os.WriteFile(file, []byte("x"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, link, dir, "/dev/null", filepath.Join(dir, "gone")} {
		if f, _, err := (HostFiles{}).Open(name); err == nil {
			f.Close()
			t.Errorf("%s was opened", name)
		}
	}
	f, _, err := HostFiles{}.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, _ := io.ReadAll(f); !bytes.Equal(text, []byte("x")) {
		t.Errorf("%q", text)
	}
}

// A real build that embeds the date is found with the program that did it; its twin that honours SOURCE_DATE_EPOCH,
// as gcc and date -d do, is clean.
func TestRealNondet(t *testing.T) {
	for _, program := range []string{"gcc", "make"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatal(err)
		}
	}
	files := []string{"Makefile", `all: prog stamp
prog: date.o
	gcc -o $@ date.o
date.o: date.c
	gcc -c date.c
stamp:
	date $(WHEN) > $@
`, "date.c", "#include <stdio.h>\nint main(void) { return puts(\"built \" __DATE__); }\n"}
	tr, _ := recordedFiles(t, files, "make", "-j2")
	a := Nondet(tr, HostFiles{})
	got := shown(t, a, 0)
	if a.Status() != 1 || len(a.Proved) != 3 {
		t.Fatal(got)
	}
	wants(t, got, "\ntime\n", "date.o at byte", "as #", " < gcc #", "and prog (from date.o)",
		"SOURCE_DATE_EPOCH is not set")
	wants(t, got, "stamp at byte 0", "by date #", "\n    date   in ")

	t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
	tr, _ = recordedFiles(t, files, "make", "-j2", "WHEN=-u -d @1000000000")
	if a := Nondet(tr, HostFiles{}); a.Status() != 0 || a.Searched < 3 {
		t.Errorf("the twin is not clean:\n%s", shown(t, a, 0))
	}
}
