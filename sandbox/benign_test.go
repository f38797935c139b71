package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notApplicable is the exit status by which a C program reports a fact of this machine that leaves it nothing to show.
const notApplicable = 77

// TestBenign runs self-checking programs natively and in the box: each must find everything as it should be, and print
// the same bytes both times. The build profile polices what is written; where a rule of each section could deny
// something, every call that names a file stops, and most are done by the tracer.
func TestBenign(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	sources, err := filepath.Glob("../testdata/benign/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no programs in testdata/benign (%v)", err)
	}
	for _, source := range sources {
		names := append(variantsOf(t, source, ""), "dynamic")
		slices.Sort(names)
		for _, v := range buildable(slices.Compact(names)...) { // two tests that build one file at once spoil it
			t.Run(strings.TrimSuffix(filepath.Base(source), ".c")+"/"+v.name, func(t *testing.T) {
				t.Parallel()
				needsKernelFor(t, v)
				if needsSockets(source) {
					t.Skip("sockets cannot be copied (pidfd_getfd, Linux 5.6): servers on every address are denied")
				}
				binary, err := w.compile(source, v)
				if err != nil {
					t.Fatal(err)
				}
				for _, uid := range users() {
					t.Run(userName(uid), func(t *testing.T) { w.compare(t, binary, uid) })
				}
				if v.name == "dynamic" {
					t.Run("policed", func(t *testing.T) { w.compareUnder(t, binary, plainUser(), policed) })
				}
			})
		}
	}
}

// policed has a rule in each section, none of which says anything about what the programs do.
const policed = `[read]
deny = ["/nonexistent/secret"]
[stat]
deny = ["/nonexistent/hidden"]
[exec]
deny = ["dd no-such-word"]
`

// compare runs a benign program both ways in directories of the same name.
func (w *workshop) compare(t *testing.T, binary string, uid int) {
	t.Helper()
	w.compareUnder(t, binary, uid, "")
}

// compareUnder does so with more sections in the policy.
func (w *workshop) compareUnder(t *testing.T, binary string, uid int, sections string) {
	t.Helper()
	base := filepath.Join(w.dir, strings.ReplaceAll(t.Name(), "/", "-"))
	freshDir(t, base, uid)
	work, policy := filepath.Join(base, "work"), filepath.Join(base, "policy.toml")
	text := fmt.Sprintf("version = 1\nextends = [\"build\"]\n[write]\nallow = [%q]\n%s", work, sections)
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var results [2]outcome
	for i, box := range [][]string{nil, {w.sydbox, "run", "-p", policy, "--"}} {
		freshDir(t, work, uid)
		j := job{argv: append(box, binary), dir: work, uid: uid, env: lackingSockets()}
		results[i] = j.run(t)
		removeAll(t, work)
	}
	native, boxed := results[0], results[1]
	boxed.stderr = withoutHint(boxed.stderr)
	switch {
	case native.hung:
		t.Fatalf("broken: it hangs natively\n%s%s", native.stdout, native.stderr)
	case native.status == notApplicable:
		t.Logf("not applicable here: %s", native.stdout)
	case native.status != 0:
		t.Fatalf("broken: natively it ends with %d\n%s%s", native.status, native.stdout, native.stderr)
	}
	if boxed.hung {
		t.Errorf("in the box it hangs")
	}
	if boxed.status != native.status {
		t.Errorf("in the box it ends with %d, natively with %d", boxed.status, native.status)
	}
	if boxed.stdout != native.stdout {
		t.Errorf("in the box it prints something else (- natively, + in the box):\n%s", diff(native.stdout, boxed.stdout))
	}
	if boxed.stderr != native.stderr {
		t.Errorf("in the box its standard error differs:\n%s", diff(native.stderr, boxed.stderr))
	}
}

// diff shows the lines that differ, up to 40 of them.
func diff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for i := 0; i < max(len(x), len(y)) && len(out) < 40; i++ {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		if l != r {
			out = append(out, "- "+l, "+ "+r)
		}
	}
	return strings.Join(out, "\n")
}
