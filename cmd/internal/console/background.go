package console

import (
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Unstopped writes to a terminal from the background as well, if its mode asks to stop who does (TOSTOP, termios(3)). The
// command has the same terminal and can set that mode: it must not stop us by having us say something. Any thread may
// use it.
type Unstopped struct{ File *os.File }

// Write implements io.Writer.
func (u Unstopped) Write(b []byte) (n int, err error) {
	Steadily(func() { n, err = u.File.Write(b) })
	return n, err
}

// Steadily does something to a terminal with SIGTTOU blocked, which is not sent then.
func Steadily(do func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var block, before unix.Sigset_t
	const sig = uint(unix.SIGTTOU) - 1
	block.Val[sig/strconv.IntSize] |= 1 << (sig % strconv.IntSize)
	if unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before) == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	}
	do()
}
