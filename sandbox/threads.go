package sandbox

import (
	"runtime"
	"sync"
)

// reserveThreads makes the OS threads that this process will need, while it can. The Go runtime starts a thread when
// all others wait in system calls, and if it gets none it ends the process ("newosproc"). A tree of the same user can
// take every process that RLIMIT_NPROC allows, so it could end its own tracer that way. Idle threads stay: the runtime
// takes them before it makes another.
var reserveThreads = sync.OnceFunc(func() {
	var here sync.WaitGroup
	enough := make(chan struct{})
	for range min(runtime.GOMAXPROCS(0), maxRunning) + maxWaiting {
		here.Add(1)
		go func() {
			runtime.LockOSThread() // so that each goroutine has a thread of its own while all wait
			defer runtime.UnlockOSThread()
			here.Done()
			<-enough
		}()
	}
	here.Wait()
	close(enough)
})

const (
	// maxRunning bounds how many threads are reserved for goroutines that run at once, mostly the collector's.
	maxRunning = 8
	// maxWaiting is how many threads may wait in system calls at once: the tracer in wait4, the reports in write, those
	// that read and answer signals, hand over descriptors and open what may block.
	maxWaiting = 12
)
