//go:build amd64 || arm64

package tracer

// tellPC is the address of the handler of SIGCHLD that puts the PID of a signal into told (tell, in assembly); 0 where
// there is none.
func tellPC() uintptr
