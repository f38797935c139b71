package syscalls

import (
	"testing"

	"sydbox/arch"
)

// TestEveryNameIsClassified fails for a call of any ABI that the table of meanings does not have or does not classify.
func TestEveryNameIsClassified(t *testing.T) {
	used := map[string]bool{}
	for abi, table := range tables {
		for _, n := range table.numbers {
			used[n.name] = true
			call := ByName(n.name)
			if call == nil {
				t.Errorf("%s call %d %q is not in the table of meanings", abi, n.nr, n.name)
			} else if call.Class == Unclassified {
				t.Errorf("%s is not classified", n.name)
			}
		}
		if got := len(All(abi)); got != len(table.numbers) {
			t.Errorf("%s: %d entries for %d numbers", abi, got, len(table.numbers))
		}
	}
	for _, abi := range arch.All() {
		if tables[abi] == nil {
			t.Errorf("%s has no numbers", abi)
		}
	}
	for _, name := range Names() {
		if !used[name] {
			t.Errorf("%s is in the table of meanings but no ABI has it", name)
		}
	}
}
