package report

import (
	"path"
	"slices"
	"strings"
)

// systemDirs are shared by all programs of a machine or of a user: nobody should open one of them for the sake of one
// file. The root's own children need not be listed.
var systemDirs = []string{
	"/usr/bin", "/usr/include", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/libx32", "/usr/sbin",
	"/usr/share", "/usr/src", "/var/backups", "/var/cache", "/var/db", "/var/lib", "/var/log", "/var/mail", "/var/opt",
	"/var/run", "/var/spool",
}

// homeDirs are the same in a home directory.
var homeDirs = []string{
	".", ".cache", ".config", ".gnupg", ".local", ".local/bin", ".local/lib", ".local/share", ".local/state", ".ssh",
}

// broad says that a directory is too much to open: "/", its children, the shared ones, a home and what leads to it.
func broad(dir, home string) bool {
	if strings.Count(dir, "/") < 2 || slices.Contains(systemDirs, dir) {
		return true
	}
	if path.Dir(dir) == "/home" {
		return true
	}
	if home == "" || home == "/" {
		return false
	}
	for _, name := range homeDirs {
		if dir == path.Join(home, name) {
			return true
		}
	}
	return strings.HasPrefix(home, dir+"/")
}

// inKernelFS says that a path lies in a file system of the kernel's: its files are opened one by one.
func inKernelFS(p string) bool {
	return strings.HasPrefix(p, "/dev/") || strings.HasPrefix(p, "/proc/") || strings.HasPrefix(p, "/sys/")
}

// opening is the directory to open for a path: the prefix that a package is installed to, else the directory it is
// in; the path itself where that would be too much.
func opening(p, home string) string {
	if inKernelFS(p) {
		return p
	}
	if strings.HasPrefix(p, "/usr/local/") && !broad("/usr/local", home) {
		return "/usr/local"
	}
	if rest, ok := strings.CutPrefix(p, "/opt/"); ok {
		pkg, _, _ := strings.Cut(rest, "/")
		if prefix := "/opt/" + pkg; !broad(prefix, home) { // homes of services lie in there too
			return prefix
		}
	}
	if parent := path.Dir(p); !broad(parent, home) {
		return parent
	}
	return p
}

// commonDir is the deepest directory that holds both or is one of them.
func commonDir(a, b string) string {
	if a == b {
		return a
	}
	for !strings.HasPrefix(b+"/", a+"/") {
		a = path.Dir(a)
		if a == "/" {
			return a
		}
	}
	return a
}

// Broad says that nobody should open a directory for the sake of what one program does in it: "/", its children, those
// that all programs of a machine or a user share, a home and what leads to it.
func Broad(dir, home string) bool { return broad(dir, home) }
