// Command gen writes the number tables of package syscalls, zabi_*_nr.go, into the working directory.
//
// Its source is the zsysnum_linux_*.go files of the golang.org/x/sys that go.mod names, which the Go project makes from
// kernel headers. They are parsed, not built, so that every port is read on every machine; nothing is fetched. The
// output depends on nothing else: a test of package syscalls compares it byte for byte.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes one file per ABI into dir.
func run(dir string) error {
	source, err := moduleDir("golang.org/x/sys")
	if err != nil {
		return err
	}
	for _, abi := range abis {
		port := filepath.Join(source, "unix", "zsysnum_linux_"+abi.port+".go")
		nrs, err := readPort(port)
		if err != nil {
			return err
		}
		if abi.adjust != nil {
			if nrs, err = abi.adjust(nrs); err != nil {
				return fmt.Errorf("table of %s: %w", abi.name, err)
			}
		}
		text, err := formatTable(abi, nrs)
		if err != nil {
			return fmt.Errorf("table of %s: %w", abi.name, err)
		}
		// The last part of the name keeps the go command from reading an ABI's name as a build constraint.
		if err := os.WriteFile(filepath.Join(dir, "zabi_"+abi.name+"_nr.go"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// moduleDir is where the go command keeps the source of a module that the main module requires.
func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("no source of module %s: run `go mod download`: %w", module, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("the source of module %s is not in the module cache: run `go mod download`", module)
	}
	return dir, nil
}
