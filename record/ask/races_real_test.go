package ask

import (
	"strings"
	"testing"
)

// racy makes gen.h and compiles what includes it; "use.o: gen.h" is the line that is missing. SLOW, GEN and USE wait for
// each other, so that what happens does not depend on the machine.
const racy = `all: slow.txt gen.h use.o
slow.txt:
	SLOW echo > $@
gen.h:
	GEN echo '#define N 1' > gen.tmp; mv gen.tmp $@
use.o: use.c
	USE gcc -c use.c; s=$$?; echo > tried; exit $$s
`

const useC = "#include \"gen.h\"\nint n = N;\n"

// A real make, once with too many slots, once with so few that the order comes out right, and once with the line.
func TestRealRaces(t *testing.T) {
	const wait = "until [ -e %s ]; do sleep 0.05; done;"
	for _, test := range []struct {
		name, jobs     string
		slow, gen, use string // what each waits for
		line           string
		class          RaceClass // empty for none
	}{
		{"lost", "-j3", "", "tried", "", "", RaceMissing},
		{"went well", "-j3", "", "", "gen.h", "", RaceReadAfter},
		{"no free slot", "-j2", "use.o", "", "", "", RaceLucky},
		{"with the line", "-j3", "use.o", "", "", "use.o: gen.h\n", ""},
		{"with the line, two jobs", "-j2", "use.o", "", "", "use.o: gen.h\n", ""},
		{"one job", "-j1", "", "", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			makefile := racy + test.line
			for word, file := range map[string]string{"SLOW": test.slow, "GEN": test.gen, "USE": test.use} {
				if file != "" {
					file = strings.ReplaceAll(wait, "%s", file)
				}
				makefile = strings.ReplaceAll(makefile, word, file)
			}
			tr, _ := recordedFiles(t, []string{"Makefile", makefile, "use.c", useC}, "make", test.jobs)
			a := Races(tr)
			if test.class == "" {
				if len(a.Races) > 0 {
					t.Errorf("there is no race:\n%s", shown(t, a, 0))
				}
				return
			}
			got := shown(t, a, 100)
			if len(a.Races) != 1 || a.Races[0].Class != test.class ||
				!strings.HasSuffix(string(a.Races[0].Path), "/gen.h") {
				t.Fatalf("want %s of gen.h:\n%s", test.class, got)
			}
			wants(t, got, "gen.h  "+string(test.class), "< make #1", "should depend on gen.h")
		})
	}
}

// Jobs with several lines, stamps, phony targets and makes below makes, all in order.
func TestRealNoRaces(t *testing.T) {
	tr, _ := recordedFiles(t, []string{"Makefile", `all: other lib app
.PHONY: other lib app
other:
	sleep 0.5
lib:
	$(MAKE) -C sub
app: lib
	cat sub/lib.a > $@.out; cat $@.out | tr a b > $@.copy
	mv $@.copy $@.out
`, "sub/Makefile", `lib.a: one.o two.o
	cat one.o two.o > tmp
	rm -f $@
	mv tmp $@
	cat $@ > lib.idx
	cat lib.idx >> $@
one.o two.o: stamp
	mkdir -p obj/$@ && cat gen.h > $@
stamp:
	echo 1 > gen.h
	touch $@
`}, "make", "-j2")
	if a := Races(tr); len(a.Races) > 0 {
		t.Errorf("there is no race:\n%s", shown(t, a, 0))
	}
}
