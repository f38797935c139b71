package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"sydbox/testdata/kernels/built"
)

// suite is a package's tests, or those of them that tell kernels apart.
type suite struct {
	pkg string
	// run selects tests, for go test's -run, but in a guest that is to have all; empty for all.
	run string
	// short selects tests for the short form instead; empty for the same. long are tests that the short form leaves out.
	short, long string
	// needs are tests that have a compiler build what they have written, for go test's -skip in a guest without one.
	needs string
	// quick says that a boot has them unless it is told more: their time is little, also where a call takes long.
	quick bool
	// slow says that it takes many minutes here, and has three times as long as others.
	slow bool
	// booted says that pretended kernels go without: the kernel is no matter, though the machine may be, or the tests
	// compare all that is said with what recent kernels have it say.
	booted bool
	// system says that the tests start programs that every system has; tools, also those that build and download.
	system, tools bool
	// bundles says that they run multi-call binaries.
	bundles bool
	// watches says that what these build is looked at.
	watches bool
	// elsewhere are tests that are the same on every machine and start what is large: no guest has them.
	elsewhere string
	// trees are the directories besides testdata that they read.
	trees []string
}

// suites are ordered from what everything stands on to what stands on everything.
var suites = []suite{
	{pkg: "arch", quick: true},
	{pkg: "syscalls", quick: true},
	{pkg: "event", booted: true, quick: true, trees: []string{"../docs"}},
	{pkg: "access", needs: "TestLayouts", quick: true},
	{pkg: "access/talk", booted: true, quick: true},
	{pkg: "policy", booted: true, tools: true},
	{pkg: "policy/program", booted: true, elsewhere: "TestOwnSource", tools: true},
	{pkg: "tracer/seccomp", run: "Install|Supported|Listener|Kernel", quick: true},
	{pkg: "tracer/landlock", quick: true},
	{pkg: "tracer/launch", quick: true},
	{pkg: "dns", quick: true},
	{pkg: "netres", quick: true},
	{pkg: "record/trail", booted: true, tools: true},
	{pkg: "record/pkgdb", booted: true, quick: true},
	{pkg: "record/show", booted: true, quick: true},
	{pkg: "record/page", booted: true, elsewhere: "TestScripts"},
	{pkg: "cmd/internal/console", booted: true, quick: true},
	{pkg: "pathres", run: "^Test"},
	{pkg: "deputy", run: "^Test", long: "TestOracle|Race", system: true},
	{pkg: "tracer", long: "TestAttach|TestVictims", system: true},
	{
		pkg: "record", slow: true, tools: true, watches: true,
		trees: []string{"../testdata/benign", "../testdata/names"},
	},
	{pkg: "record/ask", slow: true, tools: true, watches: true},
	{pkg: "sandbox/report", booted: true, elsewhere: "TestHintLeakSanitizer", tools: true},
	{
		pkg: "sandbox", slow: true, tools: true, bundles: true,
		run:   "TestProbe|TestFit|TestBenign$|TestAttacks$|TestNetAttacks$|TestRootInContainer|TestUnseen",
		short: "TestProbe|TestBenign$/^(addresses|busy_exit|identity|names|open_flags|unix_sockets)$/^dynamic$/^(user|policed)$",
		elsewhere: "TestNetPrograms|TestNameClients|TestAttacksDoc|TestBundleRoots|TestWallIsNotNoticed/go|" +
			"TestFailClosed/many_denied_names",
		trees: []string{"../testdata"},
	},
	{pkg: "cmd/sydbox", booted: true, elsewhere: "TestDocs|TestLinks", tools: true, trees: []string{"../../testdata/script"}},
	{pkg: "cmd/syd-trace", slow: true, elsewhere: "TestDocs", tools: true, trees: []string{"../../testdata/trace"}},
}

// name is how a suite is printed.
func (s *suite) name() string { return s.pkg }

// file is the name of its program.
func (s *suite) file() string { return strings.ReplaceAll(s.pkg, "/", "_") + ".test" }

// build makes the test program of a suite for a machine, static.
func (s *suite) build(dir, goarch string) error {
	cmd := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, s.file()), "./"+s.pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goarch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tests of %s for %s: %w\n%s", s.pkg, goarch, err, out)
	}
	return nil
}

// limit is how long the suite may take.
func (s *suite) limit(o *options) time.Duration {
	if s.slow {
		return 3 * o.limit
	}
	return o.limit
}

// path is the PATH of its tests in a guest. What hands out programs that were built before comes last where builds are
// watched: a compiler of the guest's own is found before it.
func (s *suite) path() string {
	const system = "/usr/sbin:/usr/bin:/sbin:/bin"
	if s.watches {
		return system + ":" + built.Bin
	}
	return built.Bin + ":" + system
}

// args are those of the test program.
func (s *suite) args(o *options, guest bool) []string {
	args := []string{"-test.v", "-test.timeout=" + s.limit(o).String()}
	run := s.run
	if o.short && s.short != "" {
		run = s.short
	}
	if guest && o.all && !o.short && o.run == "" {
		run = ""
	}
	if run != "" {
		args = append(args, "-test.run="+run)
	}
	var without []string
	for _, w := range []struct {
		tests string
		now   bool
	}{{s.needs, guest}, {s.elsewhere, guest}, {s.long, o.short}} {
		if w.now && w.tests != "" {
			without = append(without, w.tests)
		}
	}
	if len(without) != 0 {
		args = append(args, "-test.skip="+strings.Join(without, "|"))
	}
	return args
}

// tally is what came of a suite.
type tally struct {
	passed, failed, skipped int
	failures                []string
	reasons                 []string // of skips, in order and without repetition
}

var outcomeLine = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+)`)

// Lines of a log: which test is going on, and what it says.
var (
	turnLine = regexp.MustCompile(`^=== (?:RUN|CONT|NAME)\s+(\S+)`)
	saidLine = regexp.MustCompile(`^ +\w+_test\.go:\d+: (.*)`)
)

// count reads what the test program printed with -test.v. What a test said last is why it was skipped.
func count(out []byte) tally {
	var t tally
	turn, said := "", map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		if m := turnLine.FindStringSubmatch(line); m != nil {
			turn = m[1]
		}
		if m := saidLine.FindStringSubmatch(line); m != nil {
			said[turn] = m[1]
		}
		m := outcomeLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		switch m[1] {
		case "PASS":
			t.passed++
		case "FAIL":
			t.failed++
			t.failures = append(t.failures, m[2])
		case "SKIP":
			t.skipped++
			if reason := said[m[2]]; !slices.Contains(t.reasons, reason) {
				t.reasons = append(t.reasons, reason)
			}
		}
	}
	return t
}

// verdict is the tally of a program that ended with err: one that ended badly without saying which test it was, or that
// ran none, has failed.
func verdict(out []byte, err error) tally {
	t := count(out)
	if err != nil && t.failed == 0 || t.passed+t.failed+t.skipped == 0 {
		t.failed++
		t.failures = append(t.failures, fmt.Sprintf("(the program: %v)", err))
	}
	return t
}

// tell prints the failures and, if there were skips, why.
func (t *tally) tell(w io.Writer, out []byte) {
	for _, reason := range t.reasons {
		fmt.Fprintln(w, "    skipped:", reason)
	}
	if t.failed == 0 {
		return
	}
	for _, f := range t.failures {
		fmt.Fprintln(w, "    failed:", f)
	}
	lines := bytes.Split(out, []byte("\n"))
	for _, line := range lines[max(0, len(lines)-tail):] {
		fmt.Fprintf(w, "    | %.300s\n", line)
	}
}

// tail is how many lines of a failed program's output are shown.
const tail = 60
