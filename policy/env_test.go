package policy

import (
	"strings"
	"testing"
)

// TestEnv: which rule about a variable wins, and what is set.
func TestEnv(t *testing.T) {
	tests := []struct{ text, in, want string }{
		{"", "A=1 A=2 =x B", "A=1 A=2 =x B"},
		{"default = 'deny'", "A=1", ""},
		{"default = 'deny'\nallow = ['A*']\ndeny = ['AB*']", "A=1 AB=2 ABC=3 B=4", "A=1"},
		{"deny = ['*']\nallow = ['A']", "A=1 B=2", "A=1"},
		{"deny = ['A']\nallow = ['A']", "A=1", ""},
		{"deny = ['*_TOKEN']\nallow = ['CARGO_*']", "CARGO_TOKEN=1 CARGO_HOME=2", "CARGO_HOME=2"},
		{"deny = ['?A']", "A=1 AA=2 AAA=3", "A=1 AAA=3"},
		{"deny = ['a']", "A=1", "A=1"},
		{"deny = ['A']\nset = { A = 'x', B = '$REL/~', C = '${NOPE:-}', D = '~', E = '\\$A', F = '${NOPE:-z}' }",
			"A=1 C=old", "C=old A=x B=a/b/~ D=/home/a E=$A F=z"},
	}
	for _, tt := range tests {
		p := mustLoad(t, host(nil, "REL=a/b"), "[env]\n"+tt.text+"\n")
		got, _ := p.Env(strings.Fields(tt.in))
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s: got %q, want %q", tt.text, tt.in, got, tt.want)
		}
	}
	const far = "[env]\ndeny = ['A']\nset = { S = 'far', R = 'far' }\n"
	near := mustLoad(t, host(map[string]string{"/home/a/.config/sydbox/far.toml": far}),
		"extends = ['far']\n[env]\nallow = ['A']\nset = { S = 'near' }\n")
	if got, _ := near.Env([]string{"A=1"}); strings.Join(got, " ") != "A=1 S=near R=far" {
		t.Errorf("%q", got)
	}
}
