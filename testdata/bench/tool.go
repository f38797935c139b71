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
	own     bool // ours: every round, and a failure ends the run
	box     bool // it takes the flags of sydbox run
	records bool // it writes down what happens, and is compared with its like
	floor   bool // no box, but what one is made of
}

// copyTool copies a program that is measured, so that a build meanwhile does not change it.
func copyTool(from, to string) (string, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	return to, os.WriteFile(to, text, 0o755)
}

// floorProgram runs a command under what every box pays for, and floorFilter and floorBoth are what the report calls it.
const (
	floorProgram = "floor"
	floorFilter  = "empty filter"
	floorBoth    = "and Landlock"
)

// recordingFile is what is recorded to.
func (k *kit) recordingFile() string { return k.path("recording.gz") }

// installed lists the tools of this machine, native first. Copies of our own lie in the kit.
func (s *settings) installed(k *kit) ([]tool, error) {
	sydbox, err := copyTool(s.sydbox, k.path("sydbox"))
	if err != nil {
		return nil, err
	}
	trace, err := copyTool(s.trace, k.path("syd-trace"))
	if err != nil {
		return nil, err
	}
	list := []tool{{name: "native"}, {name: "sydbox", prefix: []string{sydbox, "run", "--"}, own: true, box: true}}
	if s.before != "" {
		before, err := copyTool(s.before, k.path("sydbox-before"))
		if err != nil {
			return nil, err
		}
		list = append(list, tool{name: "sydbox before", prefix: []string{before, "run", "--"}, own: true, box: true})
	}
	floor := tool{own: true, floor: true}
	for _, f := range [][2]string{{floorFilter, "filter"}, {floorBoth, "both"}} {
		floor.name, floor.prefix = f[0], []string{k.path(floorProgram), f[1]}
		list = append(list, floor)
	}
	strace := []string{"strace", "-f", "--seccomp-bpf", "-o"}
	list = append(list, []tool{
		{name: "syd-trace", prefix: []string{trace, "record", "-q", "-o", k.recordingFile(), "--"}, own: true, records: true},
		{name: "bwrap", prefix: []string{"bwrap", "--dev-bind", "/", "/", "--"}},
		{name: "strace %file", prefix: append(strace[:4:4], "/dev/null", "-e", "trace=%file")},
		{name: "proot", prefix: []string{"proot"}},
		{name: "fakeroot", prefix: []string{"fakeroot", "--"}},
		{
			name: "strace %file,%process", records: true,
			prefix: append(strace[:4:4], filepath.Join(k.dir, "strace"), "-e", "trace=%file,%process"),
		},
	}...)
	var found []tool
	for _, t := range list {
		if t.prefix == nil {
			found = append(found, t)
			continue
		}
		if t.floor {
			if s.tools.matches(t.name) {
				found = append(found, t)
			}
			continue
		}
		path, err := exec.LookPath(t.prefix[0])
		if err != nil || !s.tools.matches(t.name) {
			continue
		}
		t.version = version(path)
		found = append(found, t)
	}
	return found, nil
}

// version is the first line of --version that has a digit: some begin with a picture.
func version(path string) string {
	out, _ := exec.Command(path, "--version").Output()
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if i := strings.IndexAny(line, "0123456789"); i >= 0 {
			if !strings.ContainsAny(line[:i], "|_") {
				return line
			}
			return filepath.Base(path) + " " + line[i:]
		}
	}
	return filepath.Base(path)
}
