package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sydbox/policy"
	"sydbox/syscalls"
)

// freestanding is a program of two calls, which no list can take away.
const freestanding = `
void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $1, %%eax; mov $1, %%edi; lea text(%%rip), %%rsi; mov $8, %%edx; syscall;"
			 "mov $231, %%eax; xor %%edi, %%edi; syscall" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, 64; mov x0, 1; adr x1, text; mov x2, 8; svc 0; mov x8, 94; mov x0, 0; svc 0" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile("li a7, 64; li a0, 1; la a1, text; li a2, 8; ecall; li a7, 94; li a0, 0; ecall" ::: "memory");
#else
#error this machine is not written for
#endif
}
__asm__(".text\ntext: .ascii \"started\\n\"\n");
`

// TestDenyEverything: a command starts, and says so, with every call denied that a policy can deny: the shim makes no
// other once the filter is in force, but those that are refused by the tracer from then on.
func TestDenyEverything(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	source := filepath.Join(w.dir, "freestanding.c")
	if err := os.WriteFile(source, []byte(freestanding), 0o644); err != nil {
		t.Fatal(err)
	}
	program, err := w.compile(source, variant{"bare", []string{"-static", "-nostdlib", "-fno-stack-protector"}})
	if err != nil {
		t.Skip("no program without a C library can be built for this machine: ", err)
	}
	var all []string
	for _, name := range syscalls.Names() {
		if w.deniable(name) {
			all = append(all, name)
		}
	}
	const fewest = 400
	if len(all) < fewest {
		t.Fatalf("%d calls can be denied", len(all))
	}
	for _, base := range []string{"open", "build", "strict"} {
		file := filepath.Join(w.dir, base+"-none.toml")
		text := fmt.Sprintf("extends = [%q]\n[harden]\nlandlock = 'preferred'\npinning = 'preferred'\n"+
			"network_namespace = 'preferred'\ndeny_calls = %s\n", base, list(all))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, uid := range users() {
			j := job{argv: []string{w.sydbox, "run", "--explain", "-p", file, "--", program}, dir: w.dir, uid: uid}
			r := j.run(t)
			if r.status != 0 || r.hung || r.stdout != "started\n" || !strings.Contains(r.stderr, "that fail with EPERM") {
				t.Errorf("%s, user %d: status %d, %q\n%s", base, uid, r.status, r.stdout, r.stderr)
			}
		}
	}
}

// deniable asks package policy.
func (w *workshop) deniable(name string) bool {
	system := Host()
	file := filepath.Join(w.dir, "one.toml")
	if os.WriteFile(file, []byte(fmt.Sprintf("[harden]\ndeny_calls = [%q]\n", name)), 0o644) != nil {
		return false
	}
	p, err := policy.Load(system, policy.Options{Policies: []string{file}})
	if err != nil {
		return false
	}
	names, _, _ := p.DeniedCalls()
	return slices.Contains(names, name)
}

// TestDenyListLevels: with "off", and where everything is to happen, nothing is refused, and that is said.
func TestDenyListLevels(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for i, c := range []struct {
		level, mode, status string
		made                bool
	}{
		{"required", "enforce", "applied", false}, {"preferred", "enforce", "applied", false},
		{"off", "enforce", "skipped", true}, {"required", "warn", "skipped", true}, {"off", "warn", "skipped", true},
	} {
		here := filepath.Join(w.dir, fmt.Sprint("levels", i))
		freshDir(t, here, users()[0])
		file := filepath.Join(w.dir, "levels.toml")
		text := fmt.Sprintf("[harden]\ndeny_calls = ['mkdir', 'mkdirat']\ndeny_errno = 'ENOSPC'\ndeny_list = %q\n", c.level)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		log := filepath.Join(here, "log")
		j := job{argv: []string{w.sydbox, "run", "--mode", c.mode, "--log", log, "-p", file, "--", "mkdir", "d"}, dir: here,
			uid: users()[0]}
		r := j.run(t)
		_, err := os.Stat(filepath.Join(here, "d"))
		if (err == nil) != c.made || !c.made && !strings.Contains(r.stderr, "No space left") {
			t.Errorf("%+v: made: %v, status %d\n%s", c, err == nil, r.status, r.stderr)
		}
		if p := primitiveOf(t, log, "deny_list"); p.Status != c.status || p.Level != c.level {
			t.Errorf("%+v: %+v", c, p)
		}
	}
}
