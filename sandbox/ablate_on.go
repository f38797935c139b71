//go:build ablation

package sandbox

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// off is what the environment says is off, read once.
var off = readSwitches(os.Getenv("SYDBOX_ABLATE"))

// ablated says whether a protection is switched off.
func ablated(p protection) bool { return off[p] }

func readSwitches(text string) (off [protections]bool) {
	for name := range strings.FieldsSeq(text) {
		i := slices.Index(protectionNames[:], name)
		if i < 0 {
			panic(fmt.Sprintf("SYDBOX_ABLATE: no protection is called %q", name))
		}
		off[i] = true
	}
	return off
}
