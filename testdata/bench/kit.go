package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// kit makes what workloads need, each thing once and only if a workload that was picked asks for it.
type kit struct {
	dir     string
	sources string // a directory with source archives, or empty
	made    map[string]error
}

func newKit(dir, sources string) *kit {
	return &kit{dir: dir, sources: sources, made: map[string]error{}}
}

// path is where a thing of that name is, or will be.
func (k *kit) path(name string) string { return filepath.Join(k.dir, name) }

// once makes the thing of that name unless that was done or tried before.
func (k *kit) once(name string, step func() error) error {
	err, tried := k.made[name]
	if !tried {
		err = step()
		k.made[name] = err
	}
	return err
}

// all puts steps together.
func all(steps ...func() error) func() error {
	return func() error {
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
}

// program is the step that compiles testdata/bench/programs/NAME.c.
func (k *kit) program(name string) func() error {
	return func() error {
		return k.once(name, func() error {
			source := filepath.Join("testdata/bench/programs", name+".c")
			return command("cc", "-O1", "-pthread", "-o", k.path(name), source)
		})
	}
}

// archive is the step that finds the sources of a Debian package, or fetches them, and unpacks them as NAME.
func (k *kit) archive(name string) func() error {
	return func() error {
		return k.once(name, func() error {
			sources := k.sources
			if sources == "" {
				sources = k.path("sources-" + name)
				if err := os.Mkdir(sources, 0o755); err != nil {
					return err
				}
				if err := command("sh", "testdata/realworld/fetch.sh", sources, name); err != nil {
					return fmt.Errorf("the sources of %s cannot be fetched: %w", name, err)
				}
			}
			found, err := filepath.Glob(filepath.Join(sources, name+"_*.orig.tar.*z"))
			if err != nil || len(found) == 0 {
				return fmt.Errorf("no %s_*.orig.tar.?z in %s", name, sources)
			}
			if err := os.Mkdir(k.path(name), 0o755); err != nil {
				return err
			}
			return command("tar", "-xf", found[0], "-C", k.path(name), "--strip-components", "1")
		})
	}
}

// work is the directory that workloads run in: one for all, because its path is built into what they make.
func (k *kit) work() string { return k.path("work") }

// copyOf returns the fresh of a workload that runs in a copy of a thing.
func (k *kit) copyOf(name string) func() (string, error) {
	return func() (string, error) {
		if _, err := k.empty(); err != nil {
			return "", err
		}
		return k.work(), command("cp", "-a", k.path(name)+"/.", k.work())
	}
}

// empty is the fresh of a workload that runs in an empty directory.
func (k *kit) empty() (string, error) { return k.work(), os.Mkdir(k.work(), 0o755) }

// command runs a step of the preparation.
func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
