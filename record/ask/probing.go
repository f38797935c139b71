package ask

import (
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// isProbing knows what single programs try in vain in each build: nobody misses it. It knows them by what they are
// called, so it does not hide the same name from others.
func isProbing(u *trail.Use, name string) bool {
	if strings.Contains(u.Path, "/bin;/") || isConftest(name) {
		return true // configure finds out whether : or ; is between the directories of PATH
	}
	switch program := u.Exec.Name(); {
	case program == "make" || program == "gmake":
		return slices.Contains(usualTargets, name) || u.Path == "/usr/gnu/include"
	case isDriver(program):
		return probesDriver(u.Path, name)
	case isLinker(program):
		// For -lz it tries z.a, too.
		return strings.HasSuffix(name, ".a") && !strings.HasPrefix(name, "lib") && !slices.Contains(u.Exec.Argv, u.Typed)
	case strings.HasPrefix(program, "python"):
		return probesPython(u.Path, name)
	case program == "go":
		return slices.Contains(goProbes, name) || strings.Contains(u.Path, "/go/telemetry/")
	case u.Op == event.OpRead && slices.Contains([]string{"asm", "compile", "cgo", "link"}, program):
		return strings.Contains(u.Path, "/go/telemetry/")
	}
	return false
}

// usualTargets are targets that are no files, whether or not a Makefile says so by .PHONY.
var usualTargets = []string{"all", "all-am", "all-recursive", "all-local", "check", "check-am", "check-recursive",
	"clean", "clean-am", "distclean", "install", "install-am", "install-recursive", "install-strip", "install-data",
	"install-exec", "test", "tests", "build", "default", "dist", "distcheck", "docs", "uninstall", "FORCE"}

// goProbes are the marks of version control, of workspaces and of profiles, from the package up to the root.
var goProbes = []string{".git", ".hg", ".svn", ".bzr", ".fslckout", "_FOSSIL_", "go.work", "default.pgo"}

// probesDriver knows the places where gcc has an assembler and a linker of its own, if any. The search ends in PATH,
// and that is told.
func probesDriver(p, name string) bool {
	if i := strings.LastIndex(name, "-"); i > 0 && isTriplet(name[:i]+"-") {
		name = name[i+1:]
	}
	switch name {
	case "as", "ld", "bin", "lib", "lib64", "include":
	default:
		if strings.Trim(name, "0123456789.") != "" {
			return false
		}
	}
	return strings.Contains(p, "/lib/gcc") || slices.ContainsFunc(strings.Split(dirOf(p), "/"), isTriplet)
}

// probesPython knows how Python finds its own library, see "The initialization of the sys.path module search path", and
// that it looks for a package as an extension module before it looks for __init__.py.
func probesPython(p, name string) bool {
	switch {
	case strings.HasSuffix(name, "._pth"), strings.HasSuffix(p, "/Modules/Setup.local"), name == "lib-dynload",
		name == "os.py" || name == "os.pyc", name == "site-packages", name == "dist-packages":
		return true
	}
	return strings.HasPrefix(name, "__init__.") && strings.HasSuffix(name, ".so")
}

// isConftest knows the files that configure tries things with, and those of its first seconds: conf4711.exe.
func isConftest(name string) bool {
	if strings.HasPrefix(name, "conftest") {
		return true
	}
	rest, ok := strings.CutPrefix(name, "conf")
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// isDriver says that a program is one that starts compilers: gcc, c++, x86_64-linux-gnu-gcc-12.
func isDriver(program string) bool {
	name := strings.TrimRight(program, "0123456789.")
	name = strings.TrimSuffix(name, "-")
	if i := strings.LastIndex(name, "-"); i > 0 {
		name = name[i+1:]
	}
	return slices.Contains([]string{"cc", "c++", "gcc", "g++", "gfortran", "c89", "c99"}, name)
}

// isLinker says that a program is one that is given libraries by -l.
func isLinker(program string) bool {
	return program == "ld" || strings.HasPrefix(program, "ld.") || strings.HasSuffix(program, "-ld") ||
		program == "mold" || program == "gold"
}
