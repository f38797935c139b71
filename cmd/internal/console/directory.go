package console

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ChangeDir makes dir the working directory, for the program itself too: whatever else was typed is relative to it.
func ChangeDir(dir string) error {
	if dir == "" {
		return errors.New("-C: the name of the directory is empty")
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("-C: %w", err)
	}
	// PWD must say what getcwd says, or the command would be told of a directory that it is not in.
	cwd, err := unix.Getwd()
	if err != nil {
		return fmt.Errorf("-C %s: %w", dir, err)
	}
	return os.Setenv("PWD", cwd)
}
