// govictim is a Go program under the tracer: threads, preemption signals, signals of its own, children, an exec.
package main

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		return // the child
	}
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
				_, _ = os.Stat("/") // stops
				for range 1000000 {
					i++ // long enough to be preempted
				}
				runtime.GC()
			}
			if err := exec.Command(os.Args[0], "child").Run(); err != nil {
				panic(err)
			}
		}()
	}
	wg.Wait()
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		panic(err)
	}
	<-got
	panic(syscall.Exec(os.Args[0], []string{os.Args[0], "again"}, nil))
}
