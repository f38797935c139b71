package syscalls

import (
	"cmp"
	"slices"
	"sync"

	"sydbox/arch"
)

//go:generate go run ./gen

// Entry is one call of an ABI.
type Entry struct {
	Nr   uint32 // as it arrives in seccomp_data.nr: x32's with its NumberBit
	Call *Call
}

// number is a row of a generated table: a number without NumberBit, and the call's name.
type number struct {
	nr   uint32
	name string
}

// table is what is known of one ABI's numbers. Its entries are made on first use: a run meets few ABIs.
type table struct {
	abi     *arch.ABI
	numbers []number
	once    sync.Once
	made    []Entry // sorted by Nr
}

var tables = func() map[*arch.ABI]*table {
	m := map[*arch.ABI]*table{}
	for abi, numbers := range map[*arch.ABI][]number{
		arch.X86_64:      numbersX8664,
		arch.I386:        numbersI386,
		arch.X32:         numbersX32,
		arch.AArch64:     numbersAArch64,
		arch.ARM:         numbersARM,
		arch.RISCV64:     numbersRISCV64,
		arch.LoongArch64: numbersLoongArch64,
		arch.S390X:       numbersS390X,
		arch.PPC:         numbersPPC,
		arch.PPC64:       numbersPPC64,
		arch.PPC64LE:     numbersPPC64LE,
		arch.MIPS:        numbersMIPS,
		arch.MIPSEL:      numbersMIPSEL,
		arch.MIPS64:      numbersMIPS64,
		arch.MIPS64EL:    numbersMIPS64EL,
		arch.Sparc64:     numbersSparc64,
	} {
		m[abi] = &table{abi: abi, numbers: numbers}
	}
	return m
}()

// entries returns the table's calls sorted by number.
func (t *table) entries() []Entry {
	t.once.Do(func() {
		t.made = make([]Entry, 0, len(t.numbers))
		for _, n := range t.numbers {
			// A name without a Call is left out and so refused as unknown; a test sees to it that there is none.
			if call := ByName(n.name); call != nil {
				t.made = append(t.made, Entry{n.nr | t.abi.NumberBit, call})
			}
		}
	})
	return t.made
}

// Lookup returns the call with number nr in abi; nil if the tables do not know it. As in the kernel, only the low 32
// bits of nr count; a number of x32 has its NumberBit. It allocates nothing once the ABI has been looked into.
func Lookup(abi *arch.ABI, nr uint64) *Call {
	t := tables[abi]
	if t == nil {
		return nil
	}
	entries := t.entries()
	i, found := slices.BinarySearchFunc(entries, uint32(nr), func(e Entry, nr uint32) int { return cmp.Compare(e.Nr, nr) })
	if !found {
		return nil
	}
	return entries[i].Call
}

// Number returns the number of the call in abi, as it arrives in seccomp_data.nr; ok is false if abi has no such call.
func Number(abi *arch.ABI, name string) (nr uint32, ok bool) {
	call := ByName(name)
	t := tables[abi]
	if call == nil || t == nil {
		return 0, false
	}
	for _, e := range t.entries() {
		if e.Call == call {
			return e.Nr, true
		}
	}
	return 0, false
}

// All returns the calls of abi sorted by number; nil for an ABI without a table. The slice is shared: it must not be
// changed.
func All(abi *arch.ABI) []Entry {
	t := tables[abi]
	if t == nil {
		return nil
	}
	entries := t.entries()
	return entries[:len(entries):len(entries)]
}
