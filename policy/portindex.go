package policy

import (
	"cmp"
	"slices"
)

// portIndex has the rules of one network by their ports: the range of all ports is cut where a rule begins or ends,
// and each piece knows the rule that wins in it.
type portIndex struct {
	rules []portRule // while planting
	first []uint16   // of each piece, in order
	best  []int32    // the rank of each piece's rule
}

type portRule struct {
	ports portRange
	rank  int32
}

func (x *portIndex) add(ports portRange, rank int32) {
	x.rules = append(x.rules, portRule{ports, rank})
}

// build makes the pieces: the rules are laid out from the one that wins most, each where none lies yet.
func (x *portIndex) build() {
	slices.SortFunc(x.rules, func(a, b portRule) int {
		return cmp.Or(cmp.Compare(b.ports.narrow(), a.ports.narrow()), cmp.Compare(a.rank, b.rank))
	})
	cuts := []int{0}
	for _, r := range x.rules {
		cuts = append(cuts, int(r.ports.low), int(r.ports.high)+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	if cuts[len(cuts)-1] > 65535 {
		cuts = cuts[:len(cuts)-1]
	}
	ranks := make([]int32, len(cuts))
	next := make([]int, len(cuts)+1) // the nearest piece from here on that is free
	for i := range ranks {
		ranks[i] = none
	}
	for i := range next {
		next[i] = i
	}
	free := func(i int) int {
		for next[i] != i {
			next[i] = next[next[i]]
			i = next[i]
		}
		return i
	}
	for _, r := range x.rules {
		from, _ := slices.BinarySearch(cuts, int(r.ports.low))
		for i := free(from); i < len(cuts) && cuts[i] <= int(r.ports.high); i = free(i) {
			ranks[i], next[i] = r.rank, i+1
		}
	}
	for i, cut := range cuts {
		if i == 0 || ranks[i] != x.best[len(x.best)-1] {
			x.first, x.best = append(x.first, uint16(cut)), append(x.best, ranks[i])
		}
	}
	x.rules = nil
}

// find returns the rank of the rule that wins at a port.
func (x *portIndex) find(port uint16) int32 {
	low, high := 0, len(x.first) // the piece is in [low, high)
	for high-low > 1 {
		if mid := int(uint(low+high) >> 1); x.first[mid] <= port {
			low = mid
		} else {
			high = mid
		}
	}
	if high == 0 {
		return none
	}
	return x.best[low]
}
