package syscalls

import (
	"slices"
	"sync"
)

// args are the kinds of a call's arguments; those left out are Unused.
type args = [6]Kind

// themes are the parts of the table that says what calls mean, one per file calls_*.go.
var themes = [...][]Call{
	fileCalls, execCalls, netCalls, taskCalls, refusedCalls,
	memoryCalls, ioCalls, timeCalls, selfCalls, ipcCalls, goneCalls,
}

var byName = sync.OnceValue(func() map[string]*Call {
	m := make(map[string]*Call, 600)
	for _, calls := range themes {
		for i := range calls {
			m[calls[i].Name] = &calls[i]
		}
	}
	return m
})

// ByName returns what is known about the call of that name; nil if no ABI has one.
func ByName(name string) *Call { return byName()[name] }

// Names returns the names of all calls of all ABIs, sorted. The slice is the caller's.
func Names() []string {
	names := make([]string, 0, len(byName()))
	for name := range byName() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
