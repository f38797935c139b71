package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// levels are those of oldk, newest first. The brief ones differ from another in what the tracer and all below it see:
// they go without the suites that are slow.
var levels = []struct {
	name  string
	brief bool
}{{"4.19", false}, {"4.14", true}, {"4.9", false}, {"noregset", true}}

// shortLevel is the one of the short form: what later kernels brought is missing, and nothing older is.
const shortLevel = "4.19"

// old runs the suites on pretended kernels.
func old(args []string) error {
	o, err := parse("old", "level", args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sydbox-oldk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	oldk := filepath.Join(dir, "oldk")
	build := exec.Command("go", "build", "-o", oldk, "./testdata/kernels/oldk")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build oldk: %w\n%s", err, out)
	}
	chosen := slices.DeleteFunc(o.chosen(), func(s suite) bool { return s.booted || o.short && s.slow && s.short == "" })
	for i := range chosen {
		if err := chosen[i].build(dir, runtime.GOARCH); err != nil {
			return err
		}
	}
	failed := 0
	fmt.Println("level     suite            wall s  passed  failed  skipped")
	for _, level := range levels {
		if !o.kernels.MatchString(level.name) || o.short && level.name != shortLevel {
			continue
		}
		for i := range chosen {
			if level.brief && chosen[i].slow && !o.all {
				continue
			}
			failed += underLevel(o, oldk, level.name, dir, &chosen[i])
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d %w", failed, errFailed)
	}
	return nil
}

// underLevel runs a suite in its package's directory, prints its line and returns how many tests failed.
func underLevel(o *options, oldk, level, dir string, s *suite) int {
	cmd := exec.Command(oldk, append([]string{level, filepath.Join(dir, s.file())}, s.args(o, false)...)...)
	cmd.Dir = filepath.FromSlash(s.pkg)
	var out bytes.Buffer
	said := io.Writer(&out)
	if o.verbose { // as it comes: all of it may take an hour
		said = io.MultiWriter(&out, os.Stdout)
	}
	cmd.Stdout, cmd.Stderr = said, said
	start := time.Now()
	err := cmd.Run()
	t := verdict(out.Bytes(), err)
	fmt.Printf("%-9s %-16s %6.0f  %6d  %6d  %7d\n", level, s.name(), time.Since(start).Seconds(), t.passed, t.failed,
		t.skipped)
	t.tell(os.Stdout, out.Bytes())
	return t.failed
}
