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
	records bool // it writes down what happens, and is compared with its like
}

// recording is the file that is recorded to.
func recording(dir string) string { return filepath.Join(dir, "recording.gz") }

// copyTool copies a program that is measured, so that a build meanwhile does not change it.
func copyTool(from, dir string) (string, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, filepath.Base(from))
	return to, os.WriteFile(to, text, 0o755)
}

// installed lists the tools of this machine, native first. Copies of our own lie below dir.
func installed(s *settings, dir string) ([]tool, error) {
	sydbox, err := copyTool(s.sydbox, dir)
	if err != nil {
		return nil, err
	}
	trace, err := copyTool(s.trace, dir)
	if err != nil {
		return nil, err
	}
	list := []tool{
		{name: "native"},
		{name: "sydbox", prefix: []string{sydbox, "run", "--"}},
		{name: "bwrap", prefix: []string{"bwrap", "--dev-bind", "/", "/", "--"}},
		{name: "strace %file", prefix: []string{"strace", "-f", "--seccomp-bpf", "-e", "trace=%file", "-o", "/dev/null"}},
		{name: "syd-trace", prefix: []string{trace, "record", "-q", "-o", recording(dir), "--"}, records: true},
		{
			name: "strace %file,%process", records: true,
			prefix: []string{"strace", "-f", "--seccomp-bpf", "-e", "trace=%file,%process", "-o", filepath.Join(dir, "strace")},
		},
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
