package policy

import (
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	sys := host(map[string]string{"/home/a/.config/sydbox/site.toml": `
extends = []
[write]
deny = ["/a", "**/*.key"]
[create]
default = "warn"
errno = "EROFS"
[harden]
no_new_privs = "preferred"
[run]
timeout = "90s"
`})
	sys.Realpath = links(map[string]string{"/bin": "/usr/bin", "/bin/dd": "/usr/bin/dd", "/dev/fd": "/proc/77/fd"})
	p := mustLoad(t, sys, `
extends = ["site"]
[write]
allow = ["$PWD", "/a", "/dev/fd", "${NOPE:-}/x", "~/[!a-c]*\\*?"]
kill  = ["/a"]
[exec]
deny = ["dd", "/bin/dd", "'b c'"]
[syscalls]
allow = ["io_uring"]
[run]
violation_status = 7
wait = "root"
`, RuleFlag{"write", "allow", "out\x1b", "-w"}, RuleFlag{"syscalls", "allow", "bpf", "--allow"})
	var b strings.Builder
	if err := p.Show(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/show.want", b.String())
}
