package policy

import (
	"testing"

	"sydbox/access"
)

func TestResolvedSpellings(t *testing.T) {
	sys := host(nil)
	sys.Realpath = links(map[string]string{
		"/bin": "/usr/bin", "/bin/sh": "/usr/bin/dash", "/bin/none": "", "/home/a/.ssh": "/mnt/key s",
		"/home/a/.ssh/new": "", "/dev/fd": "/proc/4711/fd", "/proc/9/cwd": "/home",
	})
	p := mustLoad(t, sys, `
extends = []
[read]
deny  = ["/bin/none", "/bin/*.so", "~/.ssh", "/dev/fd", "/proc/12/x"]
allow = ["~/.ssh/new"]
[exec]
deny  = ["/bin/sh"]
`)
	tests := []struct {
		op         access.Op
		path, want string
	}{
		{access.Read, "/bin/none", "deny /bin/none"},
		{access.Read, "/usr/bin/none", "deny /bin/none"},
		{access.Read, "/usr/bin/x.so", "deny /bin/*.so"},
		{access.Read, "/bin/x.so/y", "deny /bin/*.so"},
		{access.Read, "/mnt/key s/id", "deny ~/.ssh"},
		{access.Read, "/home/a/.ssh", "deny ~/.ssh"},
		{access.Read, "/mnt/key s/new", "allow ~/.ssh/new"},
		{access.Read, "/proc/4711/fd", "allow default"}, // a link through /proc/self must not mean sydbox itself
		{access.Read, "/dev/fd", "deny /dev/fd"},
		{access.Read, "/proc/12/x", "deny /proc/12/x"},
		{access.Exec, "/usr/bin/dash", "deny /bin/sh"},
		{access.Exec, "/usr/bin/bash", "allow default"},
	}
	for _, tt := range tests {
		if got := ask(p, tt.op, tt.path); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
	q := &Query{Op: access.Read, Path: []byte("/proc/12/fd/3"), Member: true}
	if got := verdict(p.Decide(q)); got != "deny /dev/fd" {
		t.Error("/dev/fd of a process of the tree:", got)
	}
}
