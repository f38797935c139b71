package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"sydbox/testdata/kernels/built"
)

// compiler is gcc and go: it hands out what the same command made before the kernel was booted.
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
