package syscalls

import "sydbox/arch"

// The neutral filter table: what the prefilter does with each call. Package policy fills it, tracer/seccomp turns it
// into cBPF, `sydbox policy filter` prints it.

// VerdictKind is what the filter does with a call.
type VerdictKind uint8

// The verdicts. The zero value allows.
const (
	Allow  VerdictKind = iota // runs without a stop
	Trace                     // stops: the tracer decides
	Fail                      // does not run and returns -Errno
	Kill                      // kills the process
	Notify                    // does not run: waits until the filter's listener answers it; ENOSYS without a listener
)

// Verdict is a VerdictKind with its errno (Fail only; 0 pretends success).
type Verdict struct {
	Kind  VerdictKind
	Errno uint16
}

// Test compares bits of one argument register: it holds if Arg&Mask == Value, or the reverse with Not. Only registers
// can be tested, so a test cannot be raced. Tests of 32-bit kernel types use a 32-bit Mask.
type Test struct {
	Arg   uint8
	Mask  uint64
	Value uint64
	Not   bool
}

// Holds applies the test to argument registers.
func (t Test) Holds(args *[6]uint64) bool { return (args[t.Arg]&t.Mask == t.Value) != t.Not }

// Clause gives its verdict if all its tests hold.
type Clause struct {
	Tests   []Test
	Verdict Verdict
	Why     string // for people: the section or the refusal that asks for it
}

// Row is what happens to one call: the first clause whose tests all hold decides, then Else.
type Row struct {
	Nr      uint32 // as it arrives in seccomp_data.nr, NumberBit included
	Name    string
	Clauses []Clause
	Else    Verdict
	Why     string // for Else
}

// ABIFilter has the rows of one ABI, sorted by Nr; Unknown is for numbers without a row.
type ABIFilter struct {
	ABI     *arch.ABI
	Rows    []Row
	Unknown Verdict
}

// Filter is the whole table: one ABIFilter for each ABI that is served; Foreign is for any other audit word. Two
// ABIs with the same audit word (x86-64 and x32) are told apart by NumberBit.
type Filter struct {
	ABIs    []ABIFilter
	Foreign Verdict
}

// Judge is the reference predicate: what a correct filter answers. The compiled filter is tested against it.
func (f *Filter) Judge(audit, nr uint32, args *[6]uint64) Verdict {
	var table *ABIFilter
	for i := range f.ABIs {
		a := f.ABIs[i].ABI
		if a.Audit != audit {
			continue
		}
		if a.NumberBit != 0 && nr&a.NumberBit == 0 {
			continue
		}
		if table == nil || a.NumberBit != 0 {
			table = &f.ABIs[i]
		}
	}
	if table == nil {
		return f.Foreign
	}
	for i := range table.Rows {
		row := &table.Rows[i]
		if row.Nr != nr {
			continue
		}
		for _, c := range row.Clauses {
			if c.holds(args) {
				return c.Verdict
			}
		}
		return row.Else
	}
	return table.Unknown
}

func (c *Clause) holds(args *[6]uint64) bool {
	for _, t := range c.Tests {
		if !t.Holds(args) {
			return false
		}
	}
	return true
}
