package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHint(t *testing.T) {
	dir := t.TempDir()
	plain, setuid := filepath.Join(dir, "plain"), filepath.Join(dir, "raise")
	for _, name := range []string{plain, setuid} {
		if err := os.WriteFile(name, []byte("x"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(setuid, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ending Ending
		want   string
	}{
		{Ending{File: plain, NoNewPrivs: true}, ""},
		{Ending{File: filepath.Join(dir, "missing"), NoNewPrivs: true}, ""},
		{Ending{File: setuid}, ""},
		{Ending{File: setuid, NoNewPrivs: true}, "raise gets its privileges from its file"},
		{Ending{File: "/usr/bin/strace"}, "strace traces other programs"},
		{Ending{File: "/usr/bin/bwrap"}, ""},
		{Ending{File: "/usr/bin/bwrap", NoUserns: true}, "bwrap makes or joins namespaces"},
		{Ending{File: "/usr/bin/perf"}, ""},
		{Ending{File: "/usr/bin/perf", NoPerf: true}, "perf reads the processor's and the kernel's counters"},
	} {
		if got := Hint(test.ending); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("Hint(%+v) = %q, want %q", test.ending, got, test.want)
		}
	}
}

func TestHintLeakSanitizer(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "a.c")
	if err := os.WriteFile(source, []byte("int main(void) { return 0; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		sanitizer string
		advised   string
		heeded    []string
	}{
		{"address", "ASAN_OPTIONS", []string{"ASAN_OPTIONS", "LSAN_OPTIONS"}},
		{"leak", "LSAN_OPTIONS", []string{"LSAN_OPTIONS"}},
		{"undefined", "", nil},
	} {
		program := filepath.Join(dir, test.sanitizer)
		out, err := exec.Command("gcc", "-fsanitize="+test.sanitizer, "-o", program, source).CombinedOutput()
		if err != nil {
			t.Fatalf("gcc -fsanitize=%s: %v\n%s", test.sanitizer, err, out)
		}
		got := Hint(Ending{File: program})
		if test.advised == "" && got != "" || !strings.Contains(got, test.advised) {
			t.Errorf("-fsanitize=%s: hint %q", test.sanitizer, got)
		}
		kept := Hint(Ending{File: program, Keeps: func(name string) bool { return name == test.advised }})
		if strings.Contains(kept, "--allow env="+test.advised) != (test.advised != "") {
			t.Errorf("-fsanitize=%s: hint %q where the variable does not get there", test.sanitizer, kept)
		}
		for _, name := range []string{"ASAN_OPTIONS", "LSAN_OPTIONS"} {
			silent := Hint(Ending{File: program, Env: []string{name + "=verbosity=1:detect_leaks=0"}}) == ""
			if want := slices.Contains(test.heeded, name) || test.advised == ""; silent != want {
				t.Errorf("-fsanitize=%s with %s: silent is %v, want %v", test.sanitizer, name, silent, want)
			}
		}
	}
}
