package record

import "golang.org/x/sys/unix"

// process is what is known of a process: the Data of its tracer.Process. Threads share it.
type process struct {
	processExtras

	id  int
	pid int
	// threads counts all that it ever had.
	threads int
	// cwd is its working directory, canonical; empty if it has no name. moved: it has to be read again. See workingDir.
	cwd   string
	moved bool
	env   *environment
	// apart: it may see other files than the recorder does, or with other rights; breeds: its children may.
	apart, breeds bool
	// exe is the file that it runs.
	exe string
	// typed and found are the path of the execve that is under way, as given (empty if it is found) and canonical.
	typed, found string
	repeats      *repeats

	status unix.WaitStatus
	spent  spent
}

// inherit takes over what a process has from its parent.
func (p *process) inherit(from *process) {
	p.cwd, p.moved, p.env, p.exe = from.cwd, from.moved, from.env, from.exe
	p.program = from.program
	p.apart = from.apart || from.breeds
	p.breeds = p.apart
}
