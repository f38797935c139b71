package policy

import (
	"regexp"
	"strings"
	"testing"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

func filterListing(t *testing.T, p *Policy, abis ...*arch.ABI) string {
	t.Helper()
	var b strings.Builder
	if err := p.WriteFilter(&b, abis, FilterOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// oneLine undoes the wrapping.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestWriteFilter(t *testing.T) {
	text := oneLine(filterListing(t, buildPolicy(t), arch.ForGOARCH("amd64")...))
	for _, want := range []string{
		"openat if !(flags & O_PATH) && flags & (O_ACCMODE|O_CREAT|O_TRUNC|__O_TMPFILE)",
		"ioctl if request is one of FS_IOC_SETFLAGS, ",
		"devices, which is refused unless lifted mknod if (mode & S_IFMT) == S_IFCHR",
		"clone if flags & (CLONE_PTRACE|CLONE_UNTRACED)",
		"userns: EPERM setns clone if flags & (CLONE_NEWNS|",
		"io_uring: ENOSYS io_uring_enter io_uring_register io_uring_setup",
		"socket if family is none of AF_UNIX, AF_INET, AF_INET6, AF_NETLINK",
		"socket if family == AF_INET && type == SOCK_RAW",
		"socket if family == AF_INET6 && type is none of SOCK_STREAM, SOCK_DGRAM",
		"personality if persona != 0xffffffff && persona & ~(PER_LINUX32|UNAME26|ADDR_NO_RANDOMIZE)",
		"seccomp if operation == SECCOMP_SET_MODE_FILTER && flags & SECCOMP_FILTER_FLAG_NEW_LISTENER",
		"ioctl if request is one of TIOCSTI, TIOCLINUX",
		"move_pages if pid != 0",
		"socketcall if call is one of SYS_SOCKET, SYS_SOCKETPAIR",
		"numbers not known here: answered with ENOSYS",
		"x86_64: runs free accept accept4 access ",
		"x32: every call is answered with ENOSYS",
		"any other ABI: the process is killed",
		"untraced cannot be lifted",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the listing lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	read := oneLine(filterListing(t, filterPolicy(access.Read), arch.X86_64))
	if want := "openat if !(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY"; !strings.Contains(read, want) {
		t.Errorf("reads policed: the listing lacks %q\n%s", want, read)
	}
}

// Every call of every ABI is in its listing, and nothing in it is left without a name.
func TestWriteFilterIsComplete(t *testing.T) {
	number := regexp.MustCompile(`0x[0-9a-f]+`)
	for _, abi := range arch.All() {
		if !served(abi) {
			continue
		}
		text := filterListing(t, filterPolicy(access.AllOps), abi)
		words := map[string]bool{}
		for _, w := range strings.Fields(text) {
			words[w] = true
		}
		for _, e := range syscalls.All(abi) {
			if !words[e.Call.Name] {
				t.Errorf("%s: %s is missing", abi, e.Call.Name)
			}
		}
		for _, n := range number.FindAllString(text, -1) {
			if n != "0xffffffff" { // what asks for the personality
				t.Errorf("%s: %s has no name", abi, n)
			}
		}
		for line := range strings.Lines(text) {
			if len(line) > 130 {
				t.Errorf("%s: a line of %d columns: %s", abi, len(line), line)
			}
		}
	}
}
