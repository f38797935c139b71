package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tool is a way to run a command.
type tool struct {
	name    string
	prefix  []string
	version string
}

// installed lists the tools of this machine, native first. The copy of sydbox that is measured lies below dir, so that a
// build meanwhile does not change it.
func installed(s *settings, dir string) ([]tool, error) {
	text, err := os.ReadFile(s.sydbox)
	if err != nil {
		return nil, err
	}
	sydbox := filepath.Join(dir, "sydbox")
	if err := os.WriteFile(sydbox, text, 0o755); err != nil {
		return nil, err
	}
	list := []tool{
		{name: "native"},
		{name: "sydbox", prefix: []string{sydbox, "run", "--"}},
		{name: "bwrap", prefix: []string{"bwrap", "--dev-bind", "/", "/", "--"}},
		{name: "strace %file", prefix: []string{"strace", "-f", "--seccomp-bpf", "-e", "trace=%file", "-o", "/dev/null"}},
	}
	var found []tool
	for _, t := range list {
		if t.prefix == nil {
			found = append(found, t)
			continue
		}
		path, err := exec.LookPath(t.prefix[0])
		if err != nil || !s.tools.MatchString(t.name) {
			continue
		}
		out, _ := exec.Command(path, "--version").Output()
		t.version, _, _ = strings.Cut(string(out), "\n")
		found = append(found, t)
	}
	return found, nil
}
