package sandbox

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
)

// TestSurroundings: each sign is found alone, and nothing is made of nothing.
func TestSurroundings(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	link := func(to string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink} }
	for _, c := range []struct {
		name, kind string
		signs      int
		root       fstest.MapFS
	}{
		{"bare", "", 0, fstest.MapFS{"proc/self/cgroup": file("0::/user.slice/session-1.scope\n"),
			"proc/self/ns/pid": link(firstPIDs), "proc/self/ns/user": link(firstUsers),
			"proc/1/environ":            file("HOME=/\x00TERM=linux\x00"),
			"proc/sys/kernel/osrelease": file("6.12.0\n"),
			"proc/self/mountinfo":       file("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n")}},
		{"docker", "docker", 1, fstest.MapFS{".dockerenv": file("")}},
		{"docker by cgroup", "docker", 1, fstest.MapFS{"proc/1/cgroup": file("12:pids:/docker/0123\n")}},
		{"docker by root", "docker", 1, fstest.MapFS{"proc/self/mountinfo": file(
			"500 400 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A\n" +
				"501 500 0:51 / /proc rw - proc proc rw\n")}},
		{"podman", "podman", 1, fstest.MapFS{"run/.containerenv": file("engine=\"podman-5\"\n")}},
		{"nspawn", "systemd-nspawn", 2, fstest.MapFS{"run/systemd/container": file("systemd-nspawn\n"),
			"proc/1/environ": file("A=1\x00container=systemd-nspawn\x00")}},
		{"kubernetes", "kubernetes", 1, fstest.MapFS{"proc/self/cgroup": file("0::/kubepods/pod1/2\n")}},
		{"WSL2", "wsl", 1, fstest.MapFS{"proc/sys/kernel/osrelease": file("5.15.90.1-microsoft-standard-WSL2\n")}},
		{"PID namespace", "namespace", 1, fstest.MapFS{"proc/self/ns/pid": link("pid:[4026532000]")}},
	} {
		s := surroundings(c.root)
		if s.Kind != c.kind || len(s.Signs) != c.signs {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// TestSurroundingsAgainst: what contradicts a sign is said with it.
func TestSurroundingsAgainst(t *testing.T) {
	s := surroundings(fstest.MapFS{".dockerenv": {},
		"proc/self/ns/pid": {Data: []byte(firstPIDs), Mode: fs.ModeSymlink}})
	if s.Kind != "docker" || len(s.Against) != 1 {
		t.Errorf("%+v", s)
	}
}

// TestHolders: filters, a tracer and the interpreter of WSL.
func TestHolders(t *testing.T) {
	s := surroundings(fstest.MapFS{
		"proc/self/status": {Data: []byte("Name:\tx\nTracerPid:\t77\nSeccomp:\t2\nSeccomp_filters:\t3\n")},
		"proc/sys/fs/binfmt_misc/WSLInterop": {Data: []byte(
			"enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n")},
		"proc/sys/fs/binfmt_misc/qemu-arm": {Data: []byte(
			"enabled\ninterpreter /usr/bin/qemu-arm\nflags: F\noffset 0\nmagic 7f454c46\n")},
		"proc/sys/fs/binfmt_misc/status": {Data: []byte("enabled\n")},
	})
	if s.Tracer != 77 || s.Filters != 3 || len(s.Windows) != 1 {
		t.Errorf("%+v", s)
	}
	s = surroundings(fstest.MapFS{
		"proc/self/status":                   {Data: []byte("Seccomp:\t2\n")},
		"proc/sys/fs/binfmt_misc/WSLInterop": {Data: []byte("disabled\ninterpreter /init\nmagic 4d5a\n")},
	})
	if s.Filters != -1 || len(s.Windows) != 0 {
		t.Errorf("an old kernel: %+v", s)
	}
}

// TestCapabilityNames: the names are at their numbers.
func TestCapabilityNames(t *testing.T) {
	const ptrace, checkpoint = 19, 40
	if got := capabilityNames(1<<ptrace|1<<checkpoint|1<<50, "40"); !slices.Equal(got,
		[]string{"CAP_SYS_PTRACE", "CAP_CHECKPOINT_RESTORE", "CAP_50"}) {
		t.Errorf("%v", got)
	}
	p := Privileges{Capabilities: capabilityNames(1<<41-1, "40")}
	if got := p.CapabilityText(); got != "all" {
		t.Errorf("all of them: %s", got)
	}
	p.Capabilities = capabilityNames((1<<41-1)&^(1<<ptrace), "40")
	if got := p.CapabilityText(); got != "all but CAP_SYS_PTRACE" || p.has("CAP_SYS_PTRACE") || !p.has("CAP_CHOWN") {
		t.Errorf("all but one: %s", got)
	}
}
