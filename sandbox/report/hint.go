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
	// File is what was executed, Env the environment that it was given.
	File string
	Env  []string
	// Keeps says whether its policy keeps a variable from it; nil means that it keeps none.
	Keeps func(variable string) bool
	// NoNewPrivs says that it ran under no_new_privs.
	NoNewPrivs bool
	// NoUserns says that its policy refused user namespaces.
	NoUserns bool
	// NoPerf says that it refused perf events.
	NoPerf bool
}

// Hint names the one known casualty of ptrace, no_new_privs or a refusal that the command is, or returns "": what a
// debugger, LeakSanitizer, a set-user-ID program or a maker of namespaces misses in a sandbox. Only facts about the file
// are used, so a hint is true of every command it is given for, but it need not be the reason of this failure.
func Hint(e Ending) string {
	name := filepath.Base(e.File)
	quoted := event.Quote(name)
	switch {
	case slices.Contains(tracers, name):
		return quoted + " traces other programs, which is not possible in the sandbox: a process has one tracer only"
	case e.NoNewPrivs && raises(e.File):
		return quoted + " gets its privileges from its file, which no_new_privs takes away; " +
			"root can start it with --no-new-privs off"
	case e.NoUserns && slices.Contains(namespacers, name):
		return quoted + " makes or joins namespaces, which is refused in the sandbox: --allow syscalls=userns lets it make " +
			"those of users; mounts in them do not get far"
	case e.NoPerf && name == "perf":
		return quoted + " reads the processor's and the kernel's counters (perf_event_open), which is refused in the sandbox: " +
			"start it outside (perf stat sydbox run ...), or lift that with --allow syscalls=perf"
	}
	if variables := leakVariables(e.File); len(variables) > 0 && !leaksOff(e.Env, variables) {
		hint := "LeakSanitizer does not work in the sandbox, as it needs ptrace: set " + variables[0] + "=detect_leaks=0"
		if e.Keeps != nil && e.Keeps(variables[0]) {
			hint += ", and let it pass with --allow env=" + variables[0]
		}
		return hint
	}
	return ""
}

// tracers are programs that cannot do their work without ptrace(2). A sydbox in a sandbox says so itself.
var tracers = []string{"gdb", "gdbserver", "lldb", "lldb-server", "ltrace", "rr", "strace"}

// namespacers are programs that do nothing but in namespaces.
var namespacers = []string{"buildah", "bwrap", "nsenter", "podman", "unshare"}

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

// leakVariables returns the variables whose options an ELF file's LeakSanitizer reads, none if it has none. It is linked
// as a library (gcc) or statically, which leaves its interface in the dynamic symbols (clang). As a part of
// AddressSanitizer it reads the options of both; by itself, of -fsanitize=leak, its own alone.
func leakVariables(file string) []string {
	f, err := elf.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	libs, _ := f.ImportedLibraries()
	symbols, _ := f.DynamicSymbols()
	has := func(library, symbol string) bool {
		return slices.ContainsFunc(libs, func(lib string) bool { return strings.HasPrefix(lib, library) }) ||
			slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == symbol })
	}
	switch {
	case has("libasan.so", "__asan_init"):
		return []string{"ASAN_OPTIONS", "LSAN_OPTIONS"}
	case has("liblsan.so", "__lsan_do_leak_check"):
		return []string{"LSAN_OPTIONS"}
	}
	return nil
}

// leaksOff says whether one of the variables turns the search for leaks off.
func leaksOff(env, variables []string) bool {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if slices.Contains(variables, name) {
			if strings.Contains(value, "detect_leaks=0") || strings.Contains(value, "detect_leaks=false") {
				return true
			}
		}
	}
	return false
}
