package ask

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sydbox/record/trail"
)

// grown makes a trail of a random tree: processes that are born and end in any order, some of them never.
func grown(t *testing.T, seed uint64) *trail.Trail {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	var story strings.Builder
	story.WriteString("/b\n0 #1 born 0\n")
	alive := []int{1}
	at, born := 0, 1
	for range 5 + random.IntN(60) {
		at += random.IntN(4) // several things at one time, too
		who := alive[random.IntN(len(alive))]
		if random.IntN(5) < 3 {
			born++
			fmt.Fprintf(&story, "%d #%d born %d\n", at, born, who)
			alive = append(alive, born)
			continue
		}
		if who != 1 && random.IntN(10) > 0 {
			fmt.Fprintf(&story, "%d #%d exit 0\n", at, who)
			for i, id := range alive {
				if id == who {
					alive = append(alive[:i], alive[i+1:]...)
					break
				}
			}
		}
	}
	if seed%7 != 0 {
		fmt.Fprintf(&story, "%d #1 exit 0\n", at+1)
	}
	return tell(t, story.String())
}
