package record

import (
	"path"
	"time"

	"sydbox/event"
	"sydbox/policy/program"
	"sydbox/sandbox"
)

// Programs says what programs of a recording are called, by looking at their files as they are now: by an
// applet, by what argv[0] says to a program that listens to it.
type Programs struct {
	view  *sandbox.HostPrograms
	cache *program.Cache
}

// OpenPrograms looks at the files of this process's own root.
func OpenPrograms() (*Programs, error) {
	view, err := sandbox.Programs()
	if err != nil {
		return nil, err
	}
	return &Programs{view: view, cache: program.NewCache(time.Now)}, nil
}

// Close gives back what it holds.
func (p *Programs) Close() { p.view.Close() }

// Identify says what an exec made of a process; nil if the file is gone or is another by now.
func (p *Programs) Identify(x *event.Executed) *program.Identity {
	typed := x.Typed
	if typed == "" {
		if typed = x.Script; typed == "" {
			typed = x.Path
		}
	}
	if !path.IsAbs(typed) {
		typed = path.Join(x.Dir, typed)
	}
	file, hops, err := p.view.Open([]byte(typed))
	if err != nil {
		return nil
	}
	defer file.Close()
	found, want := string(file.Path()), x.Path
	if x.Script != "" {
		want = x.Script
	}
	if found != want {
		return nil
	}
	words := x.Argv
	if x.Script != "" && len(words) > 1 { // the kernel has put the interpreter, and perhaps an option, before it
		words = scriptWords(words, typed)
	}
	exec := &program.Exec{Typed: []byte(typed), File: file, Hops: hops}
	for _, w := range words {
		exec.Argv = append(exec.Argv, []byte(w))
	}
	return p.cache.Identify(exec, p.view, nil)
}

// scriptWords are the words that a script was started with, from those that its interpreter has.
func scriptWords(words []string, typed string) []string {
	for i, w := range words {
		if path.Base(w) == path.Base(typed) && i > 0 {
			return words[i:]
		}
	}
	return words
}
