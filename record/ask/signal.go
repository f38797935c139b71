package ask

import (
	"path"

	"golang.org/x/sys/unix"
)

// signalNumber is the number of "SIGTERM"; 0 for what is no name of a signal.
func signalNumber(name string) int { return int(unix.SignalNum(name)) }

// base is the last component of a path.
func base(p string) string { return path.Base(p) }
