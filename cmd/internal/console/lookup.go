package console

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

// DefaultPath is where commands are looked for if PATH is not set, as execvp(3) does.
const DefaultPath = "/bin:/usr/bin"

// Lookup finds the file that a shell would execute for a command's name: a name with a slash is a path; any other is
// looked for in PATH, where an empty entry is the working directory. What it returns holds a slash. The errors have
// status 127 where nothing was found and 126 where something was that cannot be executed.
func Lookup(name string) (string, error) {
	dirs, ok := os.LookupEnv("PATH")
	if !ok {
		dirs = DefaultPath
	}
	return LookupIn(name, dirs)
}

// LookupIn is Lookup with another PATH.
func LookupIn(name, dirs string) (string, error) {
	if name == "" {
		return "", WithStatus(StatusNotFound, fmt.Errorf("the command's name is empty"))
	}
	if strings.Contains(name, "/") {
		return name, executable(name)
	}
	var found error
	for _, dir := range strings.Split(dirs, ":") {
		if dir == "" {
			dir = "."
		}
		file := strings.TrimSuffix(dir, "/") + "/" + name
		if unix.Access(file, unix.F_OK) != nil {
			continue // also where the directory may not be searched: that says nothing about the command
		}
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if found == nil {
			found = err // a later directory may hold one that can be executed
		}
	}
	if found != nil {
		return "", found
	}
	return "", WithStatus(StatusNotFound, fmt.Errorf("%s: command not found", event.Quote(name)))
}

// executable says whether a file can be executed, as far as its type and permissions tell.
func executable(file string) error {
	var st unix.Stat_t
	switch err := unix.Stat(file, &st); {
	case err == unix.ENOENT || err == unix.ENOTDIR:
		return WithStatus(StatusNotFound, fmt.Errorf("%s: %w", event.Quote(file), err))
	case err != nil:
		return WithStatus(StatusCannotRun, fmt.Errorf("%s: %w", event.Quote(file), err))
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return WithStatus(StatusCannotRun, fmt.Errorf("%s: %w", event.Quote(file), unix.EISDIR))
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return WithStatus(StatusCannotRun, fmt.Errorf("%s: not a regular file", event.Quote(file)))
	}
	if err := unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS); err != nil {
		return WithStatus(StatusCannotRun, fmt.Errorf("%s: %w", event.Quote(file), err))
	}
	return nil
}
