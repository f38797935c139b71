package access

import (
	"maps"
	"slices"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Demands returns what a call of an ABI may need, for the prefilter: alternatives, each under tests of registers that
// must all hold. Every operation that Describe can list for a register state is in a Demand whose tests hold for it. A
// call that Describe does not know demands nothing. The slice is the caller's.
func Demands(abi *arch.ABI, c *syscalls.Call) []Demand {
	s := specOf(c)
	if s == nil {
		return nil
	}
	switch s.shape {
	case open:
		return openDemands(openFlagsOf(abi), s)
	case openHow:
		return always(Read | Write | Create | Stat) // its flags are in memory
	case makeName, makeLink:
		return always(Create)
	case socketCall:
		if s.path != none { // sendto: without an address it reaches nobody new
			return []Demand{{s.op, []syscalls.Test{{Arg: uint8(s.path.of()), Mask: ^uint64(0), Not: true}}}}
		}
		return always(s.op)
	case socketcall:
		demands := make([]Demand, 0, len(multiplexed))
		for _, nr := range slices.Sorted(maps.Keys(multiplexed)) {
			demands = append(demands, Demand{specOf(multiplexed[nr].call).op, []syscalls.Test{is(s.extra, ^uint32(0), nr)}})
		}
		return demands
	case removeName:
		return always(Delete)
	case renameName:
		return always(Create | Delete)
	case hardLink:
		return always(Write | Create)
	case fileIoctl:
		return ioctlDemands(abi, s)
	case fileLease:
		return []Demand{
			{Write, []syscalls.Test{is(s.extra, ^uint32(0), fSetlease)}},
			{Write, []syscalls.Test{is(s.extra, ^uint32(0), fSetdeleg)}},
		}
	}
	if s.at != nil && s.at.skip != 0 {
		return []Demand{{s.op, []syscalls.Test{is(s.flags, s.at.skip, 0)}}}
	}
	return always(s.op)
}

// openDemands tells reading, writing and creating opens apart by their flags; an O_PATH open only looks, whatever its
// other flags. There are few demands with few tests, for this is the most frequent call.
func openDemands(f *openFlags, s *spec) []Demand {
	if s.implied != nil {
		return always(openOp(f, s.implied(f)) | Create)
	}
	path, creates := uint32(f.path), uint32(f.creat|f.tmpfile)
	return []Demand{
		{Create, []syscalls.Test{is(s.flags, path, 0), isNot(s.flags, creates, 0)}},
		{Write, []syscalls.Test{is(s.flags, path, 0), isNot(s.flags, oAccmode|uint32(f.trunc), 0)}},
		{Read, []syscalls.Test{is(s.flags, path, 0), isNot(s.flags, oAccmode, oWronly)}},
		{Stat, []syscalls.Test{is(s.flags, path, path)}},
	}
}

func ioctlDemands(abi *arch.ABI, s *spec) []Demand {
	demands := make([]Demand, 0, len(requests))
	for i := range requests {
		r := &requests[i]
		demands = append(demands, Demand{ioctlOps[r.does], []syscalls.Test{is(s.extra, ^uint32(0), r.number(abi))}})
	}
	return demands
}

func always(ops Op) []Demand { return []Demand{{Ops: ops}} }

// is tests bits of an argument that the kernel takes as 32 bits.
func is(a arg, mask, value uint32) syscalls.Test {
	return syscalls.Test{Arg: uint8(a.of()), Mask: uint64(mask), Value: uint64(value)}
}

func isNot(a arg, mask, value uint32) syscalls.Test {
	t := is(a, mask, value)
	t.Not = true
	return t
}
