package sandbox

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/syscalls"
)

// What a trick may do on a kernel that leaves the sandbox less than this machine's: exactly what `sydbox features` says
// is lost, and nothing where it says that nothing is.

// found is what the kernel offers, asked once.
var found = sync.OnceValue(Probe)

// lost says what follows from a missing feature for a trick that has won, "" if nothing allows that.
func lost(trick trick, r *trial) string {
	opensIt := slices.ContainsFunc([]string{"open_", "creat_", "openat2_", "how_", "tmpfile_"}, func(prefix string) bool {
		return strings.HasPrefix(trick.name, prefix)
	})
	switch {
	case trick.is("race") && opensIt && !found().Has(featureGive) && slices.ContainsFunc(r.denials, killed):
		return "opens are looked at when they have happened (level detects): it wins, and its process is killed"
	case strings.HasPrefix(trick.name, "address_") && trick.is("race") && !found().Has(featureGetfd):
		return "sockets cannot be copied (level off): it wins"
	}
	return ""
}

// lostOnNet is lost for tricks that are after the network: without copies of sockets races on addresses and numbers win.
func lostOnNet(trick trick) string {
	if trick.is("race") && !found().Has(featureGetfd) {
		return "sockets cannot be copied (level off): it wins"
	}
	return ""
}

// deaf says that a trick got no further than to bind a server to all addresses: without copies of sockets none can be kept
// from being heard from outside, and what the trick is about does not come to pass.
func deaf(d *event.Denial) bool {
	return !found().Has(featureGetfd) && d.Op == "bind" && strings.Contains(d.Why, whyHeard)
}

// withoutHint leaves out what a run says of the level of its opens, where that is to be said.
func withoutHint(text string) string {
	if found().Has(featureGive) {
		return text
	}
	return hintOfOpens.ReplaceAllString(text, "")
}

var hintOfOpens = regexp.MustCompile(`(?m)^sydbox: hint: .*\(sydbox features says why\)\n`)

// needsSockets says whether a benign program does with sockets what takes a copy of them: where none can be had, what
// cannot be inspected is denied.
func needsSockets(source string) bool {
	return strings.HasPrefix(filepath.Base(source), "net_") && !found().Has(featureGetfd)
}

// lackingSockets tells a benign program what it cannot find out in the box: that no sockets can be copied.
func lackingSockets() []string {
	if found().Has(featureGetfd) {
		return nil
	}
	return []string{"NO_COPIES_OF_SOCKETS=1"}
}

// callOf are the calls that a race makes, by the first part of its name.
var callOf = map[string]string{
	"openat2": "openat2", "how": "openat2", "file": "file_setattr", "fchmodat2": "fchmodat2", "setxattrat": "setxattrat",
	"removexattrat": "removexattrat", "statx": "statx",
}

// absent says that a race is about a call which this kernel does not have, or about extended attributes where files have
// none: it cannot be won anywhere.
func absent(trick trick) bool {
	prefix, _, _ := strings.Cut(trick.name, "_")
	if trick.is("race") && strings.Contains(prefix, "xattr") && prefix != "fssetxattr" && !hasUserXattrs() {
		return true
	}
	name := callOf[prefix]
	if name == "" || !trick.is("race") {
		return false
	}
	nr, known := syscalls.Number(arch.Native()[0], name)
	if !known {
		return true
	}
	_, _, errno := unix.RawSyscall6(uintptr(nr), ^uintptr(0), 0, 0, 0, 0, 0)
	return errno == unix.ENOSYS
}

// hasUserXattrs says whether files in temporary directories can have user.* attributes: not on a tmpfs before Linux 6.6.
var hasUserXattrs = sync.OnceValue(func() bool {
	file, err := os.CreateTemp("", "xattr")
	if err != nil {
		return false
	}
	defer os.Remove(file.Name())
	defer file.Close()
	return unix.Fsetxattr(int(file.Fd()), "user.sydbox", []byte("x"), 0) == nil
})
