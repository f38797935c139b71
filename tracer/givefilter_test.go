package tracer

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

// TestWithGive: the rows that are added, and that the rest stays what it is.
func TestWithGive(t *testing.T) {
	stop := syscalls.Verdict{Kind: syscalls.Trace}
	native := arch.Native()[0]
	foreign := arch.ARM
	if slices.Contains(arch.Native(), foreign) {
		foreign = arch.X86_64
	}
	f := filterTable(syscalls.Verdict{Kind: syscalls.Fail, Errno: 38}, []string{"openat"})
	f.ABIs = append(f.ABIs, syscalls.ABIFilter{ABI: foreign, Unknown: syscalls.Verdict{Kind: syscalls.Kill}})
	g := WithGive(f)
	for i := range g.ABIs {
		abi := g.ABIs[i].ABI
		var args, marked [6]uint64
		marked[markedArg] = giveMark
		want := syscalls.Verdict{Kind: syscalls.Notify}
		if abi == foreign {
			want = syscalls.Verdict{Kind: syscalls.Kill}
		}
		if got := g.Judge(abi.Audit, giveNumber|abi.NumberBit, &args); got != want {
			t.Errorf("%v: the private number is %v, want %v", abi, got, want)
		}
		for _, e := range syscalls.All(abi) {
			if e.Nr == giveNumber|abi.NumberBit {
				t.Errorf("%v: the private number is that of %s", abi, e.Call.Name)
			}
			was, is := f.Judge(abi.Audit, e.Nr, &args), g.Judge(abi.Audit, e.Nr, &args)
			if e.Call == callClone3 && abi != foreign {
				was = stop // its flags are in memory
			}
			if was != is {
				t.Errorf("%v: %s was %v and is %v", abi, e.Call.Name, was, is)
			}
			is = g.Judge(abi.Audit, e.Nr, &marked)
			if (is.Kind == syscalls.Notify) != (e.Call.Name == "openat" && abi != foreign) {
				t.Errorf("%v: marked %s is %v", abi, e.Call.Name, is)
			}
		}
	}
	for name, operation := range map[string]uint64{
		"seccomp": 1, "prctl": unix.PR_SET_SECCOMP, "clone": unix.CLONE_FILES | unix.CLONE_VM,
	} {
		nr, _ := syscalls.Number(native, name)
		if got := g.Judge(native.Audit, nr, &[6]uint64{1<<32 | operation}); got != stop {
			t.Errorf("%s that installs a filter, or makes a process that shares descriptors, is %v", name, got)
		}
	}
	for _, abi := range arch.All() {
		for _, e := range syscalls.All(abi) {
			if e.Nr&^abi.NumberBit == giveNumber {
				t.Errorf("%v: %s has the private number", abi, e.Call.Name)
			}
		}
	}
	if _, err := seccomp.Compile(g); err != nil {
		t.Error(err)
	}
}
