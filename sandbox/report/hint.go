package report

import (
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

// Ending is a command that failed.
type Ending struct {
	// File is what was executed, Env its environment.
	File string
	Env  []string
	// NoNewPrivs says that it ran under no_new_privs.
	NoNewPrivs bool
}

// Hint names the one known casualty of ptrace or no_new_privs that the command is, or returns "": what a debugger,
// LeakSanitizer or a set-user-ID program misses in a sandbox. Only facts about the file are used, so a hint is true of
// every command it is given for, but it need not be the reason of this failure.
func Hint(e Ending) string {
	name := filepath.Base(e.File)
	quoted := event.Quote(name)
	switch {
	case slices.Contains(tracers, name):
		return quoted + " traces other programs, which is not possible in the sandbox: a process has one tracer only"
	case e.NoNewPrivs && raises(e.File):
		return quoted + " gets its privileges from its file, which no_new_privs takes away; " +
			"root can start it with --no-new-privs off"
	case leakSanitized(e.File) && !leaksOff(e.Env):
		return "LeakSanitizer does not work in the sandbox, as it needs ptrace: set ASAN_OPTIONS=detect_leaks=0"
	}
	return ""
}

// tracers are programs that cannot do their work without ptrace(2). A sydbox in a sandbox says so itself.
var tracers = []string{"gdb", "gdbserver", "lldb", "lldb-server", "ltrace", "rr", "strace"}

// raises says whether executing a file would raise privileges: set-user-ID, set-group-ID or file capabilities.
func raises(file string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return false
	}
	if info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0 {
		return true
	}
	_, err = unix.Getxattr(file, "security.capability", nil)
	return err == nil
}

// leakSanitized says whether an ELF file is linked with LeakSanitizer: as a library (gcc) or statically, which leaves
// its interface in the dynamic symbols (clang).
func leakSanitized(file string) bool {
	f, err := elf.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	libs, _ := f.ImportedLibraries()
	for _, lib := range libs {
		if strings.HasPrefix(lib, "liblsan.so") || strings.HasPrefix(lib, "libasan.so") {
			return true
		}
	}
	symbols, _ := f.DynamicSymbols()
	return slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "__lsan_do_leak_check" })
}

func leaksOff(env []string) bool {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if name == "ASAN_OPTIONS" || name == "LSAN_OPTIONS" {
			if strings.Contains(value, "detect_leaks=0") || strings.Contains(value, "detect_leaks=false") {
				return true
			}
		}
	}
	return false
}
