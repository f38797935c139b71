package record

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// filter tells which calls stop. What is not known here runs: a recorder refuses nothing.
func filter(abis []*arch.ABI) *syscalls.Filter {
	f := &syscalls.Filter{}
	for _, abi := range abis {
		table := syscalls.ABIFilter{ABI: abi}
		if abi.NumberBit == 0 { // calls of x32 run unseen: it is off in all distributions' kernels
			for _, e := range syscalls.All(abi) {
				table.Rows = append(table.Rows, row(abi, e))
			}
		}
		f.ABIs = append(f.ABIs, table)
	}
	return f
}

var stop = syscalls.Verdict{Kind: syscalls.Trace}

// recorded are the operations that are files' and programs'.
const recorded = access.Read | access.Stat | access.Write | access.Create | access.Delete | access.Attr | access.Exec

// row says what happens to one call.
func row(abi *arch.ABI, e syscalls.Entry) syscalls.Row {
	row := extraRow(abi, e)
	row.Nr, row.Name = e.Nr, e.Call.Name
	if row.Else.Kind == syscalls.Trace {
		return row
	}
	if alternatives, listed := specialTests(abi, e.Call.Name); listed {
		for _, tests := range alternatives {
			if len(tests) == 0 {
				row.Else = stop
				return row
			}
			row.Clauses = append(row.Clauses, syscalls.Clause{Tests: syscalls.InWords(abi, tests), Verdict: stop})
		}
		return row
	}
	demands := access.Demands(abi, e.Call)
	if e.Call.Class == syscalls.Net {
		return row
	}
	if i, flags := emptyPathFlag(e.Call.Name); flags {
		row.Clauses = append(row.Clauses, syscalls.Clause{
			Tests: syscalls.InWords(abi, []syscalls.Test{{Arg: i, Mask: unix.AT_EMPTY_PATH, Value: unix.AT_EMPTY_PATH}}),
		})
	}
	for _, d := range demands {
		if d.Ops&recorded == 0 || e.Call.Name == "ioctl" && d.Ops&access.Attr == 0 {
			continue // ioctls that write act on what was opened for writing
		}
		if len(d.When) == 0 || !tested(e.Call.Name) {
			row.Else = stop
			return row
		}
		row.Clauses = append(row.Clauses, syscalls.Clause{Tests: syscalls.InWords(abi, d.When), Verdict: stop})
	}
	return row
}

// tested says whether the registers of a call are looked at; all calls of the others' stop that name anything.
func tested(name string) bool { return name == "ioctl" }

// emptyPathFlag returns the argument in which AT_EMPTY_PATH means, of all calls that C libraries make, that a
// descriptor is looked at: their fstat. A stat of a name with that flag set is not seen.
func emptyPathFlag(name string) (arg uint8, ok bool) {
	switch name {
	case "newfstatat", "fstatat64":
		return 3, true
	case "statx":
		return 2, true
	}
	return 0, false
}
