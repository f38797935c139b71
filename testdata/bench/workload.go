package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// workload is a command that is measured.
type workload struct {
	name   string
	argv   []string
	budget float64  // of CPU time against native; 0 where the budget is in other units
	flags  []string // for sydbox, before the command
	// recorded: it is run by the tools that record.
	recorded bool
	// fresh, if there is one, makes the directory to run in, which is removed afterwards; it is not measured.
	fresh func() (string, error)
}

// suitable are the tools that run it: those that record, or the others; natively it always runs.
func (w *workload) suitable(tools []tool) (list []tool) {
	for _, t := range tools {
		if t.prefix == nil || t.records == w.recorded {
			list = append(list, t)
		}
	}
	return list
}

const trues = `i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done`

const hundred = `i=0; while [ $i -lt 100 ]; do "$0"; i=$((i+1)); done`

// execRules writes a policy that denies n programs, of which none is run.
func execRules(path string, n int) error {
	var b strings.Builder
	b.WriteString("[exec]\ndeny = [\n")
	for i := range n {
		fmt.Fprintf(&b, "    %q,\n", fmt.Sprintf("program-%d", i))
	}
	b.WriteString("]\n")
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// largeProgram makes a program of 64 MiB, all of which the kernel maps.
func largeProgram(dir string) error {
	source := filepath.Join(dir, "large.c")
	text := "static const char filler[64 << 20] = {1};\nint main(int argc, char **argv) { return filler[argc + 7]; }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		return err
	}
	return command("cc", "-o", filepath.Join(dir, "large"), source)
}

// prepare fetches and configures what the workloads need, and leaves out what -only does.
func prepare(s *settings, dir string) ([]workload, error) {
	archive := filepath.Join(dir, "hello.tar.gz")
	pristine, configured := filepath.Join(dir, "pristine"), filepath.Join(dir, "configured")
	newer := filepath.Join(dir, "newer")
	if err := os.WriteFile(newer, nil, 0o644); err != nil {
		return nil, err
	}
	for _, n := range []int{10, 1000} {
		if err := execRules(filepath.Join(dir, fmt.Sprintf("%d.toml", n)), n); err != nil {
			return nil, err
		}
	}
	if err := largeProgram(dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench: without the large program:", err)
	}
	loop := filepath.Join(dir, "loop")
	loops := command("cc", "-O1", "-o", loop, "testdata/bench/net/loop.c")
	if loops != nil {
		fmt.Fprintln(os.Stderr, "bench: without the loops on the loopback:", loops)
	}
	copyOf := func(from string) func() (string, error) {
		return func() (string, error) {
			// One path for all, because it is built into what is made.
			to := filepath.Join(dir, "work")
			return to, command("cp", "-a", from, to)
		}
	}
	all := []workload{
		{name: "configure", argv: []string{"./configure"}, budget: 1.10, fresh: copyOf(pristine)},
		{name: "configure, recorded", argv: []string{"./configure"}, budget: 2.2, recorded: true, fresh: copyOf(pristine)},
		{name: "make", argv: []string{"make"}, budget: 1.06, fresh: copyOf(configured)},
		{name: "500 × true", argv: []string{"/bin/sh", "-c", trues}, budget: 1.10},
		{
			name: "500 × true, 10 exec rules", argv: []string{"/bin/sh", "-c", trues}, budget: 1.25,
			flags: []string{"-p", filepath.Join(dir, "10.toml")},
		},
		{
			name: "500 × true, 1000 exec rules", argv: []string{"/bin/sh", "-c", trues}, budget: 1.25,
			flags: []string{"-p", filepath.Join(dir, "1000.toml")},
		},
		{
			// 64 MiB that have to be scanned once to know that they are no bundle of programs.
			name: "large program, first exec", argv: []string{filepath.Join(dir, "large")},
			flags: []string{"-p", filepath.Join(dir, "10.toml")},
		},
		{
			name: "large program, 100 execs", argv: []string{"/bin/sh", "-c", hundred, filepath.Join(dir, "large")},
			flags: []string{"-p", filepath.Join(dir, "10.toml"), "--deny", "write=" + filepath.Join(dir, "large")},
		},
		{
			// What the tree may write is read at every look.
			name: "large writable program, 100 execs", argv: []string{"/bin/sh", "-c", hundred, filepath.Join(dir, "large")},
			flags: []string{"-p", filepath.Join(dir, "10.toml")},
		},
		{name: "find /usr -newer", argv: []string{"find", "/usr", "-newer", newer}, budget: 1.03},
		// The default profile polices the network: each request connects and is judged.
		{name: "2,000 × loopback request", argv: []string{loop, "tcp", "2000"}},
		{name: "20,000 × UDP ping", argv: []string{loop, "udp", "20000"}},
		{name: "20,000 × UDP ping, connected", argv: []string{loop, "connected", "20000"}},
		{name: "2,000 × loopback request, --net", argv: []string{loop, "tcp", "2000"}, flags: []string{"--net"}},
		{name: "start-up", argv: []string{"/bin/true"}},
	}
	workloads := slices.DeleteFunc(all, func(w workload) bool {
		return !s.only.MatchString(w.name) || loops != nil && w.argv[0] == loop
	})
	sources := func(w workload) bool { return w.fresh != nil }
	if !slices.ContainsFunc(workloads, sources) {
		return workloads, nil
	}
	if err := source(s, archive, dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench: without configure and make:", err)
		return slices.DeleteFunc(workloads, sources), nil
	}
	if err := os.Mkdir(pristine, 0o755); err != nil {
		return nil, err
	}
	if err := command("tar", "-xf", archive, "-C", pristine, "--strip-components", "1"); err != nil {
		return nil, err
	}
	// Configured at the path where make will run.
	work := filepath.Join(dir, "work")
	if err := command("cp", "-a", pristine, work); err != nil {
		return nil, err
	}
	if err := command("sh", "-c", "cd \"$0\" && ./configure", work); err != nil {
		return nil, err
	}
	return workloads, os.Rename(work, configured)
}

// source finds the archive of GNU hello, or fetches it.
func source(s *settings, archive, dir string) error {
	sources := s.sources
	if sources == "" {
		sources = filepath.Join(dir, "sources")
		if err := os.Mkdir(sources, 0o755); err != nil {
			return err
		}
		if err := command("sh", "testdata/realworld/fetch.sh", sources, "hello"); err != nil {
			return fmt.Errorf("GNU hello cannot be fetched: %w", err)
		}
	}
	found, err := filepath.Glob(filepath.Join(sources, "hello_*.orig.tar.gz"))
	if err != nil || len(found) == 0 {
		return fmt.Errorf("no hello_*.orig.tar.gz in %s", sources)
	}
	return command("cp", found[0], archive)
}

// command runs a step of the preparation.
func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
