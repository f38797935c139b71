package tracer

import (
	"errors"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

var (
	narrowOnce  sync.Once
	narrowFound bool
)

// isNarrow says whether an ABI is that of 32-bit programs.
func isNarrow(a *arch.ABI) bool { return a.WordSize == 4 }

// hasNarrow says whether the kernel runs 32-bit programs. It is asked to.
func hasNarrow(t testing.TB) bool {
	t.Helper()
	narrowOnce.Do(func() {
		if !slices.ContainsFunc(arch.Native(), isNarrow) {
			return // the port has none
		}
		err := exec.Command(compileNarrow(t, "victim.c"), "ok").Run()
		if err != nil && !errors.Is(err, unix.ENOEXEC) {
			t.Fatal(err)
		}
		narrowFound = err == nil
	})
	return narrowFound
}

// needsNarrow skips where the kernel runs no 32-bit programs.
func needsNarrow(t testing.TB) {
	t.Helper()
	if !hasNarrow(t) {
		t.Skip("this kernel runs no 32-bit programs (execve gave ENOEXEC, or the machine has none)")
	}
}

func compileNarrow(t testing.TB, source string) string {
	t.Helper()
	return compile(t, source, "-static", "-pthread", "-m32")
}

// narrow is a 32-bit program, for tests and subtests that need nothing else.
func narrow(t testing.TB, source string) string {
	t.Helper()
	needsNarrow(t)
	return compileNarrow(t, source)
}

// ofEachSize are the programs of both word sizes, by their bits, as far as the kernel runs them.
func ofEachSize(t testing.TB, wide, narrow func(testing.TB) string) map[string]string {
	t.Helper()
	list := map[string]string{"64": wide(t)}
	if hasNarrow(t) {
		list["32"] = narrow(t)
	}
	return list
}
