package policy

import (
	"slices"
	"strings"
)

// nearest returns the name of known that a typing error most likely made into got; "" if none is near.
func nearest(got string, known []string) string {
	const longest = 64 // no name of ours is longer, and the distance costs the product of the lengths
	if len(got) > longest {
		return ""
	}
	known = slices.Sorted(slices.Values(known)) // the same answer every time
	best, least := "", len(got)/3+2
	for _, name := range known {
		if d := distance(fold(got), fold(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// fold makes the spellings that people mix up equal.
func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance counts the insertions, deletions, replacements and swaps of neighbours between a and b.
func distance(a, b string) int {
	row := func() []int { return make([]int, len(b)+1) }
	before, last, now := row(), row(), row()
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			replace := 1
			if a[i-1] == b[j-1] {
				replace = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// didYouMean is the hint that goes with an unknown name; "" if nothing is near.
func didYouMean(got string, known []string) string {
	if name := nearest(got, known); name != "" {
		return "did you mean \"" + name + "\"?"
	}
	return ""
}
