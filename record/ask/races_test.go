package ask

import (
	"strings"
	"testing"
)

// jobs is a make that runs two jobs, #2 and #3, at the same time. Each line of a test is one of theirs.
const jobs = `/b
	0 #1 born 0
	0 #1 exec /b make -j2 all
	1 #2 born 1
	1 #2 exec /b gen
	2 #3 born 1
	2 #3 exec /b cc
`

func TestRaceClasses(t *testing.T) {
	for _, test := range []struct {
		name  string
		story string
		path  string
		class RaceClass // empty for none
	}{
		{"read while written", "3 #2 make /b/f\n4 #3 read /b/f\n5 #2 exit 0", "f", RaceReadWhileWritten},
		{"read later", "3 #2 make /b/f\n4 #2 exit 0\n5 #3 read /b/f", "f", RaceReadAfter},
		{"renamed whole", "3 #2 rename /b/t /b/f\n5 #3 read /b/f", "f", RaceReadAfter},
		{"run", "3 #2 make /usr/bin/tool\n4 #2 exit 0\n5 #3 exec /b tool", "/usr/bin/tool", RaceReadAfter},
		{"stale", "3 #2 read /b/f\n4 #3 write /b/f", "f", RaceReadBefore},
		{"missing", "3 #3 read /b/f ENOENT\n4 #2 make /b/f", "f", RaceMissing},
		{"no interpreter yet", "3 #3 tried /b/f ENOENT\n4 #2 make /b/f", "f", RaceMissing},
		{"written twice", "3 #3 make /b/f\n4 #2 write /b/f", "f", RaceWritten},
		{"moved there twice", "3 #3 rename /b/1 /b/f\n4 #2 rename /b/2 /b/f", "f", RaceWritten},
		{"deleted", "3 #3 read /b/f\n4 #2 delete /b/f", "f", RaceDeleted},
		{"gone", "3 #2 delete /b/f\n4 #3 read /b/f ENOENT", "f", RaceGone},
		{"mkdir", "3 #2 make /b/d +dir\n4 #3 make /b/d +dir EEXIST\n5 #3 exit 1", "d", RaceDirMade},
		{"rmdir", "3 #2 read /b/d/x\n4 #3 delete /b/d +dir", "d", RaceDirDeleted},

		{"only looked at", "3 #2 make /b/f\n4 #3 look /b/f", "", ""},
		{"both read", "3 #2 read /b/f\n4 #3 read /b/f", "", ""},
		{"mkdir -p", "3 #2 make /b/d +dir\n4 #3 make /b/d +dir EEXIST\n5 #3 exit 0", "", ""},
		{"a log", "3 #2 write /b/f +O_APPEND\n4 #3 write /b/f +O_APPEND", "", ""},
		{"a lock", "3 #2 make /b/f.lock\n4 #3 write /b/f.lock", "", ""},
		{"a device", "3 #2 write /dev/null\n4 #3 write /dev/null", "", ""},
		{"a FIFO", "3 #2 write /b/p +fifo\n4 #3 read /b/p +fifo", "", ""},
		{"one deleted for both", "3 #2 delete /b/f\n4 #3 delete /b/f ENOENT", "", ""},
		{"a failed write", "3 #2 write /b/f EACCES\n4 #3 read /b/f", "", ""},
		{"ended before", "3 #2 make /b/f\n4 #2 exit 0\n5 #4 born 1\n5 #4 exec /b ld\n6 #4 read /b/f", "", ""},
		{"a fork of the same", "3 #2 make /b/f\n4 #4 born 2\n5 #4 read /b/f", "", ""},
		{"child, then parent", "3 #4 born 2\n4 #4 make /b/f\n5 #4 exit 0\n6 #2 read /b/f", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := Races(tell(t, jobs+test.story))
			if test.class == "" {
				if len(a.Races)+len(a.Aside) != 0 || a.Status() != 0 {
					t.Errorf("that is no race:\n%s", shown(t, a, 0))
				}
				return
			}
			if len(a.Races) != 1 || a.Races[0].Class != test.class || a.Status() != 1 {
				t.Fatalf("want %q:\n%s", test.class, shown(t, a, 0))
			}
			wants(t, shown(t, a, 100), "1 race between jobs\n\n"+test.path+"  "+string(test.class)+"\n", "< make #1\n",
				"< make #1\n", "→ ")
			written(t, a)
		})
	}
}

// What a shell runs side by side is its own affair, but what it runs in a pipeline waits.
func TestRacesOfShells(t *testing.T) {
	const story = `/b
		0 #1 born 0
		0 #1 exec /b sh
		1 #2 born 1
		1 #2 exec /b cat
		1 #2 stdio /dev/null pipe:[7] -
		1 #3 born 1
		1 #3 exec /b sed
		1 #3 stdio pipe:[7] pipe:[8] -
		1 #4 born 1
		1 #4 exec /b tee
		1 #4 stdio pipe:[8] /b/log -
	`
	if a := Races(tell(t, story+"2 #2 make /b/f\n3 #2 exit 0\n4 #4 read /b/f")); len(a.Aside) != 0 {
		t.Errorf("a pipeline does not wait: %s", shown(t, a, 0))
	}
	a := Races(tell(t, story+"2 #4 make /b/f\n3 #2 read /b/f"))
	if len(a.Aside) != 1 || a.Status() != 0 {
		t.Fatalf("nobody waits for the end of a pipeline: %s", shown(t, a, 0))
	}
	wants(t, shown(t, a, 80), "No races between jobs were seen.\n",
		"Side by side, but not by a build tool\n", "f  read while written\n")
}

// A job that started because a slot was free, not because its input was there.
func TestRaceByLuck(t *testing.T) {
	const before = `/b
		0 #1 born 0
		0 #1 exec /b make -j2 all
		1 #1 look /b/a ENOENT
		1 #2 born 1
		1 #2 exec /b sleep 1
		1 #3 born 1
		1 #3 exec /b gen
		2 #1 look /b/b ENOENT
		3 #3 make /b/a
		4 #3 exit 0
	`
	const after = `
		6 #4 born 1
		6 #4 exec /b cat
		7 #4 read /b/a
		8 #4 make /b/b
		9 #4 exit 0
		10 #1 look /b/a
		10 #2 exit 0`
	a := Races(tell(t, before+after))
	if len(a.Races) != 1 || a.Races[0].Class != RaceLucky {
		t.Fatalf("%s", shown(t, a, 0))
	}
	wants(t, shown(t, a, 0), "a  right order by luck\n", "make at +0.003s  gen #3 < make #1",
		"read at +0.007s  cat #4 < make #1",

		"cat #4 read what gen #3 made, but make #1 did not look", "→ b should depend on a\n")
	for name, story := range map[string]string{
		"make looked":         before + "5 #1 look /b/a" + after,
		"a slot was free":     strings.ReplaceAll(before, "-j2", "-j3") + after,
		"a single slot":       strings.ReplaceAll(before, "-j2", "-j1") + after,
		"no end of slots":     strings.ReplaceAll(before, "-j2", "-j") + after,
		"one recipe":          before + strings.ReplaceAll(after, "make /b/b", "write /b/a"),
		"nothing make knows":  before + strings.ReplaceAll(after, "make /b/b", "make /b/x"),
		"make never looks":    before + strings.ReplaceAll(after, "look /b/a", "look /b/c"),
		"looks were combined": strings.ReplaceAll(before, "look /b/a ENOENT", "look /b/a") + "5 #1 look /b/a" + after,
	} {
		if a := Races(tell(t, story)); len(a.Races) != 0 {
			t.Errorf("%s: %s", name, shown(t, a, 0))
		}
	}
}

func TestJobLimit(t *testing.T) {
	for _, test := range []struct {
		words string
		n     int
		told  bool
	}{
		{"make", 0, false}, {"make -j2", 2, true}, {"make -j 3", 3, true}, {"make -kj4 all", 4, true},
		{"make -j all", 0, true},
		{"make --jobs=5", 5, true}, {"make --jobs 6", 6, true}, {"make -fobj", 0, false},
		{"w -j7 --jobserver-auth=3,4", 7, true},
	} {
		if n, told := jobsOf(strings.Fields(test.words)); n != test.n || told != test.told {
			t.Errorf("%s: %d %t", test.words, n, told)
		}
	}
}

// A job cannot be told to depend on a file that it makes itself.
func TestRaceBothMakeIt(t *testing.T) {
	a := Races(tell(t, `/b
		0 #1 born 0
		0 #1 exec /b make -j2 all
		0 #1 look /b/a ENOENT
		0 #1 look /b/b ENOENT
		1 #2 born 1
		1 #2 exec /b gen
		1 #3 born 1
		1 #3 exec /b sh
		2 #2 make /b/a
		3 #3 write /b/a
		3 #2 exit 0
		4 #4 born 3
		4 #4 exec /b cc1
		5 #4 read /b/a
		6 #4 make /b/b
		7 #4 exit 0
		8 #3 exit 0
	`))
	got := shown(t, a, 0)
	wants(t, got, "a  written twice", "a  read without waiting", "→ let one rule make it")
	if strings.Contains(got, "should depend on a") {
		t.Errorf("a is to depend on itself:\n%s", got)
	}
}
