package syscalls

import "sydbox/arch"

// InWords cuts tests to the registers of an ABI: what a compat call has above them is not what its kernel entry reads.
// The list itself does not change.
func InWords(abi *arch.ABI, list []Test) []Test {
	if abi.WordSize > 4 {
		return list
	}
	cut := make([]Test, len(list))
	for i, t := range list {
		t.Mask &= 1<<32 - 1
		t.Value &= 1<<32 - 1
		cut[i] = t
	}
	return cut
}
