package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"sydbox/testdata/kernels/built"
)

// realGCC is where a guest that has a compiler has it.
const realGCC = "/usr/bin/gcc"

// compiler is gcc, cc and go: it hands out what the same command made before the kernel was booted, and has anything else
// compiled by the guest's own compiler, if it has one.
func compiler(tool string, args []string) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	goarch := os.Getenv("GOARCH")
	if goarch == runtime.GOARCH {
		goarch = "" // what it is anyway
	}
	c := built.Parse(tool, goarch, dir, args)
	from, err := os.Open(filepath.Join(built.Dir, c.Name()))
	if err != nil && tool != "go" {
		if err := unix.Exec(realGCC, append([]string{realGCC}, args...), os.Environ()); err != unix.ENOENT {
			return fmt.Errorf("execute %s: %w", realGCC, err)
		}
	}
	if err != nil {
		return fmt.Errorf("this was not built for the guest (testdata/kernels/run/programs.go): %s", c.String())
	}
	defer from.Close()
	_ = os.Remove(c.Output)
	to, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}
