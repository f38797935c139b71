package tracer

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Tests call calls by the names that x86 has for them. Where a machine has no such call (arm64, riscv64) its C library
// makes the one that has a directory in front of the name.
var withDirectory = map[string]string{"faccessat": "access", "mkdirat": "mkdir"}

// hasOldNames says whether this machine has the calls without a directory.
var hasOldNames = sync.OnceValue(func() bool {
	return slices.ContainsFunc(syscalls.All(arch.Native()[0]), func(e syscalls.Entry) bool {
		return e.Call.Name == "access"
	})
})

// oldName is what the tests call a call.
func oldName(name string) string {
	if old := withDirectory[name]; old != "" && !hasOldNames() {
		return old
	}
	return name
}

// pathAt says which argument is the path of a call that the tests know by its old name.
func pathAt(inv *syscalls.Invocation) int {
	if strings.HasSuffix(inv.Call.Name, "at") {
		return 1
	}
	return 0
}

// needsRegisters skips where a tracer cannot read calls without their description.
func needsRegisters(t testing.TB) {
	t.Helper()
	if arch.Native()[0].Regs.Arg0Lost {
		t.Skip("this machine's registers do not tell the first argument; its first kernels with seccomp (5.5) say it")
	}
}
