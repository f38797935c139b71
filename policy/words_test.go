package policy

import (
	"testing"

	"sydbox/access"
)

func TestExecRules(t *testing.T) {
	p := mustLoad(t, host(nil), `
extends = []
[exec]
default = "deny"
allow = ["/usr/bin", "sh", "/opt/tools/dd", "'/opt/a b'", "my-*", "~/bin/*"]
deny  = ["dd", "/usr/bin/g*", "python3*", "/opt/link"]
warn  = ["\"two words\""]
`)
	tests := []struct{ path, names, want string }{
		{"/usr/bin/cat", "", "allow /usr/bin"},
		{"/usr/bin/dd", "", "deny dd"}, // a name counts as the whole program
		{"/opt/tools/dd", "", "allow /opt/tools/dd"},
		{"/usr/bin/busybox", "dd", "deny dd"},
		{"/usr/bin/busybox", "/tmp/dd", "deny dd"},
		{"/usr/bin/busybox", "./dd/", "deny dd"},
		{"/usr/bin/busybox", "/dd/busybox", "allow /usr/bin"},
		{"/usr/bin/cat", "/opt/link/cat", "deny /opt/link"},
		{"/usr/bin/cat", "/opt/x/../link/cat", "allow /usr/bin"},
		{"/usr/bin/cat", "/opt/./link/cat", "deny /opt/link"},
		{"/usr/bin/git", "", "deny /usr/bin/g*"},
		{"/usr/bin/python3.11", "", "deny python3*"},
		{"/bin/sh", "", "allow sh"},
		{"/bin/dash", "/bin/sh", "deny default"}, // a right is given by what runs, not by what it is called
		{"/opt/a b/x", "", "allow '/opt/a b'"},
		{"/x/my-tool", "", "allow my-*"},
		{"/home/a/bin/x", "", "allow ~/bin/*"},
		{"/two words", "", `warn "two words"`},
		{"/", "", "deny default"},
	}
	for _, tt := range tests {
		q := &Query{Op: access.Exec, Path: []byte(tt.path)}
		if tt.names != "" {
			q.Names = [][]byte{[]byte(tt.names)}
		}
		d, _ := p.Explain(q)
		if got := verdict(p.Decide(q)); got != tt.want || verdict(d) != got {
			t.Errorf("%s %s: %s, explained %s, want %s", tt.path, tt.names, got, verdict(d), tt.want)
		}
	}
}
