package sandbox

import "testing"

// sampleSize is how many tricks of each source are tried where more stands around the box.
const sampleSize = 25

// sample runs some tricks of each source in boxes with these lines of hardening, which may weaken no rule.
func (h *headquarters) sample(t *testing.T, uid int, harden []string, sources ...string) {
	for _, name := range sources {
		t.Run(name+"/"+userName(uid), func(t *testing.T) {
			t.Parallel()
			a := h.assault(t, "../testdata/attacks/"+name+".c", variants["static"], uid)
			tried := 0
			for _, trick := range a.tricks(t) {
				if trick.is("race") || trick.is("unable") || trick.is("private") || a.cannot(trick) != "" || tried == sampleSize {
					continue
				}
				tried++
				r := a.run(t, trick, cage{sydbox: h.sydbox, policy: trick.kind(), harden: harden})
				switch {
				case r.notStarted():
					t.Errorf("%s: the box did not start\n%s", trick.name, r.stderr)
				case r.hung:
					t.Errorf("%s hangs", trick.name)
				case len(r.won) != 0:
					t.Errorf("%s wins: %q", trick.name, r.won)
				}
			}
			if tried == 0 {
				t.Error("nothing was tried")
			}
		})
	}
}
