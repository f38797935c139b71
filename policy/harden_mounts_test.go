package policy

import (
	"slices"
	"strings"
	"testing"
)

// TestMountLists: lists add up, variables stand for what they do elsewhere, and no pattern is taken for a path.
func TestMountLists(t *testing.T) {
	files := map[string]string{
		"/far.toml":  "[harden]\nread_only = ['/usr//lib/../share/', '/etc']\nmounts = 'preferred'\n",
		"/near.toml": "extends = ['/far.toml']\n[harden]\nread_only = ['/etc', '/a\\*b']\nhide = ['${UNSET:-}', '/x']\nroot = ['/usr', '/etc/']\n",
	}
	p := loadHarden(t, files, "/near.toml")
	h := p.Hardening()
	if got := h.Mounts[MountReadOnly]; !slices.Equal(got, []string{"/etc", "/a*b", "/usr/share"}) {
		t.Errorf("%q", got)
	}
	if got := h.Mounts[MountHide]; !slices.Equal(got, []string{"/x"}) || h.MountLevel != "preferred" {
		t.Errorf("%q, %s", got, h.MountLevel)
	}
	if got := h.Mounts[MountRoot]; !slices.Equal(got, []string{"/usr", "/etc"}) {
		t.Errorf("%q", got)
	}
	var b strings.Builder
	if err := p.Show(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`read_only = ["/usr/share"]`, `hide = ["/x"]`, `mounts = "preferred"`} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%s is not in\n%s", line, b.String())
		}
	}
}
