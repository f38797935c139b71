package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const trues = `i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done`

const hundred = `i=0; while [ $i -lt 100 ]; do "$0"; i=$((i+1)); done`

// processes are programs that are nearly nothing but fork, exec and exit, and one that only looks.
func processes(k *kit) []workload {
	sh := []string{"/bin/sh", "-c", trues}
	large, newer := k.path("large"), k.path("newer")
	return []workload{
		{name: "500 × true", group: programs, argv: sh, budget: 1.10},
		{
			name: "500 × true, 10 exec rules", group: programs, argv: sh, budget: 1.25,
			flags: k.rules(10), prepare: k.execRules(10),
		},
		{
			name: "500 × true, 1000 exec rules", group: programs, argv: sh, budget: 1.25,
			flags: k.rules(1000), prepare: k.execRules(1000),
		},
		{
			name: "large program, 100 execs", group: programs, argv: []string{"/bin/sh", "-c", hundred, large},
			flags: append(k.rules(10), "--deny", "write="+large), prepare: all(k.execRules(10), k.largeProgram),
		},
		{
			// What the tree may write is read at every look.
			name: "large writable program, 100 execs", group: programs, argv: []string{"/bin/sh", "-c", hundred, large},
			rounds: 3, flags: k.rules(10), prepare: all(k.execRules(10), k.largeProgram),
		},
		{
			name: "find /usr -newer", group: programs, argv: []string{"find", "/usr", "-newer", newer}, budget: 1.03,
			peerRounds: 1, floors: true,
			prepare: all(func() error { return os.WriteFile(newer, nil, 0o644) }, k.program(floorProgram)),
		},
	}
}

// rules are the flags for a policy of execRules.
func (k *kit) rules(n int) []string { return []string{"-p", k.path(fmt.Sprintf("%d.toml", n))} }

// execRules is the step that writes a policy which denies n programs, of which none is run.
func (k *kit) execRules(n int) func() error {
	return func() error {
		var b strings.Builder
		b.WriteString("[exec]\ndeny = [\n")
		for i := range n {
			fmt.Fprintf(&b, "    %q,\n", fmt.Sprintf("program-%d", i))
		}
		b.WriteString("]\n")
		return os.WriteFile(k.rules(n)[1], []byte(b.String()), 0o644)
	}
}

// largeProgram makes a program of 64 MiB, all of which the kernel maps.
func (k *kit) largeProgram() error {
	return k.once("large", func() error {
		source := filepath.Join(k.dir, "large.c")
		text := "static const char filler[64 << 20] = {1};\nint main(int argc, char **argv) { return filler[argc + 7]; }\n"
		if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
			return err
		}
		return command("cc", "-o", k.path("large"), source)
	})
}

// starts are what a run costs that does nothing.
func starts(k *kit) []workload {
	nothing := []string{"/bin/true"}
	return []workload{
		{name: "start-up", group: startUp, argv: nothing, repeat: 20, budgetWall: 15000},
		{
			name: "start-up, 1000 exec rules", group: startUp, argv: nothing, repeat: 20,
			flags: k.rules(1000), prepare: k.execRules(1000),
		},
		{
			// 64 MiB that have to be scanned once to know that they are no bundle of programs.
			name: "start-up of a large program, 10 exec rules", group: startUp, argv: []string{k.path("large")}, repeat: 5,
			flags: k.rules(10), prepare: all(k.execRules(10), k.largeProgram),
		},
	}
}
