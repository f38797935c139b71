package ask

import (
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// What a failed lookup was for.
const (
	seekProgram = "program"
	seekLibrary = "library"
	seekHeader  = "header"
	seekPackage = "pkg-config"
	seekModule  = "module"
	seekLocale  = "locale"
	seekSystem  = "system" // what a C library or a compiler looks for each time, and nobody misses
	seekFile    = "file"
)

// seekKind says what a process looked for.
func seekKind(u *trail.Use) string {
	name, program := base(u.Path), u.Exec.Name()
	switch {
	case isSystem(u.Path, name), isProbing(u, name), program == "collect2", isCompiler(program) && strings.HasPrefix(name, "include"):
		return seekSystem
	case isLocale(u.Path, name):
		return seekLocale
	case u.Op == event.OpExec:
		return seekProgram
	case strings.HasSuffix(name, ".pc"), strings.HasPrefix(program, "pkg") && strings.HasSuffix(name, "pkgconfig"):
		return seekPackage
	case isLibrary(name):
		return seekLibrary
	case isCompiler(program) && (isHeader(name) || strings.Contains(u.Path, "/include")):
		return seekHeader
	case strings.HasSuffix(name, ".py"), strings.HasSuffix(name, ".pyc"), strings.HasSuffix(name, ".pm"),
		strings.Contains(u.Path, "/node_modules"):
		return seekModule
	case inPath(u.Path):
		return seekProgram
	}
	return seekFile
}

// isNoise says that a failed lookup is one that programs always make.
func isNoise(u *trail.Use) bool {
	if !missing(u) {
		return false
	}
	name := base(u.Path)
	return isSystem(u.Path, name) || isLocale(u.Path, name) || isProbing(u, name)
}

// isSystem knows what the loader, the C library, compilers and interpreters try in vain on every system: see ld.so(8).
func isSystem(p, name string) bool {
	switch name {
	case "ld.so.preload", "ld.so.nohwcap", "suid-debug", "nscd", "socket", "specs", "config.site", "locale.alias",
		"pyvenv.cfg", "pybuilddir.txt", "python._pth", "sitecustomize.py", "usercustomize.py", "lto-wrapper",
		"libexec", ".mailcap", "openssl.cnf", "posixrules", "localtime", "terminfo", "nsswitch.conf", "gai.conf",
		"GNUmakefile", "RCS", "SCCS":
		return true
	}
	if isTriplet(name) && !strings.Contains(strings.SplitN(name, "-linux-", 2)[1], "-") {
		return true // a directory for a machine, not a program like x86_64-linux-gnu-ld
	}
	if strings.Contains(p, "/lib") && (name == "tls" || name == "x86_64" || strings.Trim(name, "0123456789.") == "") {
		return true // ld.so before glibc 2.33, and gcc for its own version
	}
	return strings.Contains(p, "/glibc-hwcaps") || strings.HasSuffix(name, ".gch") || strings.HasSuffix(name, ".pch") ||
		strings.HasSuffix(name, ".pmc") || // perl tries a compiled module before each module
		strings.HasPrefix(p, "/proc/") || strings.HasPrefix(p, "/sys/") || strings.HasPrefix(p, "/var/run/nscd") ||
		strings.HasPrefix(p, "/run/nscd") || strings.HasPrefix(p, "/etc/ld.so") || strings.HasPrefix(p, "/selinux") ||
		strings.HasPrefix(p, "/etc/selinux") ||
		strings.HasSuffix(name, ".zip") && strings.HasPrefix(name, "python")
}

// isLocale knows what translations, character sets and locales are looked for by.
func isLocale(p, name string) bool {
	return strings.HasSuffix(name, ".mo") || strings.HasPrefix(name, "LC_") || name == "locale-archive" ||
		strings.Contains(p, "/LC_MESSAGES") || strings.Contains(p, "/locale/") || strings.Contains(p, "/gconv")
}

// isLibrary says that a name is one of a shared or static library.
func isLibrary(name string) bool {
	return strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.") ||
		strings.Contains(name, "crt") && strings.HasSuffix(name, ".o") || // Scrt1.o: what a program starts with
		strings.HasPrefix(name, "lib") && (strings.HasSuffix(name, ".a") || strings.HasSuffix(name, ".la"))
}

// isHeader says that a name is one of a C, C++ or Objective-C header.
func isHeader(name string) bool {
	for _, end := range []string{".h", ".hh", ".hpp", ".hxx", ".H", ".ipp", ".tcc", ".inc"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// isCompiler says that a program reads source and looks for headers.
func isCompiler(program string) bool {
	switch program {
	case "cc1", "cc1plus", "cc1obj", "cpp", "clang", "clang++", "f951", "gfortran", "tcc":
		return true
	}
	return strings.HasPrefix(program, "clang-")
}

// inPath says that a path is in a directory of programs.
func inPath(p string) bool {
	dir := dirOf(p)
	return strings.HasSuffix(dir, "/bin") || strings.HasSuffix(dir, "/sbin") || strings.HasSuffix(dir, "/libexec") ||
		strings.HasSuffix(dir, "/games")
}
