package policy

import (
	"strings"
	"testing"

	"sydbox/access"
)

// TestProfilesDecide asks the embedded profiles about what they are for.
func TestProfilesDecide(t *testing.T) {
	tests := []struct{ profile, op, path, want string }{
		{"build", "create", "/home/a/src/x", "allow"},
		{"build", "delete", "/home/a/src/.git/x", "allow"},
		{"build", "write", "/home/a/src", "allow"},
		{"build", "write", "/home/a/srcx", "deny"},
		{"build", "write", "/home/a", "deny"},
		{"build", "create", "/tmp/x", "allow"},
		{"build", "create", "/var/tmp/x", "allow"},
		{"build", "create", "/scratch/x", "deny"},
		{"build", "write", "/dev/null", "allow"},
		{"build", "write", "/dev/zero", "allow"},
		{"build", "write", "/dev/full", "allow"},
		{"build", "write", "/dev/tty", "allow"},
		{"build", "write", "/dev/ptmx", "allow"},
		{"build", "attr", "/dev/pts/3", "allow"},
		{"build", "create", "/dev/shm/x", "allow"},
		{"build", "write", "/dev/sda", "deny"},
		{"build", "write", "/dev/ttyS0", "deny"},
		{"build", "delete", "/dev/null", "deny"},
		{"build", "attr", "/dev/null", "deny"},
		{"build", "write", "/proc/1/comm", "deny"},
		{"build", "create", "/etc/x", "deny"},
		{"build", "create", "/usr/lib/python3/x/__pycache__/y.pyc", "mute"},
		{"build", "create", "/home/a/src/x/__pycache__", "allow"},
		{"build", "create", "/tmp/__pycache__/y.pyc", "allow"},
		{"build", "create", "/usr/lib/xx_pycache__", "deny"},
		{"build", "create", "/home/a/.cache/fontconfig/x", "mute"},
		{"build", "create", "/var/cache/fontconfig/x", "mute"},
		{"build", "create", "/usr/share/fontconfig/x", "deny"},
		{"build", "create", "/home/a/src/.cache/fontconfig/x", "allow"},
		{"build", "read", "/etc/shadow", "allow"},
		{"build", "stat", "/root", "allow"},
		{"build", "exec", "/usr/bin/cc", "allow"},
		{"open", "write", "/etc/passwd", "allow"},
		{"open", "attr", "/dev/null", "allow"},
		{"open", "exec", "/bin/sh", "allow"},
		{"go", "create", "/home/a/go/pkg/mod/cache/x", "allow"},
		{"go", "create", "/home/a/go/pkg/sumdb/x", "allow"},
		{"go", "create", "/home/a/.cache/go-build/00/x", "allow"},
		{"go", "create", "/home/a/.config/go/telemetry/x", "allow"},
		{"go", "create", "/home/a/.config/go/env", "deny"},
		{"go", "create", "/home/a/go/bin/x", "deny"},
		{"go", "create", "/tmp/x", "allow"},
		{"node", "create", "/home/a/.npm/_cacache/x", "allow"},
		{"node", "create", "/home/a/.cache/yarn/x", "allow"},
		{"node", "create", "/home/a/.cache/pnpm/x", "allow"},
		{"node", "create", "/home/a/.cache/node-gyp/x", "allow"},
		{"node", "create", "/home/a/.cache/node/corepack/x", "allow"},
		{"node", "create", "/home/a/.local/share/pnpm/store/x", "allow"},
		{"node", "write", "/home/a/.npmrc", "deny"},
		{"rust", "create", "/home/a/.cargo/registry/x", "allow"},
		{"rust", "create", "/home/a/.cargo/git/x", "allow"},
		{"rust", "create", "/home/a/.cargo/.package-cache-mutate", "allow"},
		{"rust", "create", "/home/a/.cargo/.global-cache-journal", "allow"},
		{"rust", "create", "/home/a/.cargo/bin/x", "deny"},
		{"ccache", "create", "/home/a/.ccache/x", "allow"},
		{"ccache", "create", "/home/a/.cache/ccache/x", "allow"},
		{"ccache", "create", "/home/a/.cache/x", "deny"},
	}
	loaded := map[string]*Policy{}
	for _, name := range EmbeddedProfiles() {
		p, err := Load(host(nil), Options{Policies: []string{name}})
		if err != nil {
			t.Fatal(detail(err))
		}
		loaded[name] = p
	}
	for _, tt := range tests {
		s, _ := SectionByName(tt.op)
		d := loaded[tt.profile].Decide(&Query{Op: s.Op(), Path: []byte(tt.path)})
		if d.Action.String() != tt.want {
			t.Errorf("%s: %s %s: %s, want %s", tt.profile, tt.op, tt.path, verdict(d), tt.want)
		}
	}
	build := loaded["build"]
	if d := build.Decide(&Query{Op: access.Write, Path: []byte("/proc/1/comm"), Member: true}); d.Denied() {
		t.Error("a process may not write its own /proc/PID")
	}
	if d := build.Decide(&Query{Op: access.Write, Path: []byte("/dev/ttyS0"), Stdio: true}); d.Denied() {
		t.Error("a process may not reopen its standard output")
	}
}

func TestWhatIsAllowedIsNotMuted(t *testing.T) {
	p, err := Load(host(nil), Options{Rules: []RuleFlag{{"write", "allow", "/usr", "-w"}, {"write", "allow", "~", "-w"}}})
	if err != nil {
		t.Fatal(detail(err))
	}
	for _, path := range []string{"/usr/lib/__pycache__/x", "/home/a/.cache/fontconfig/x"} {
		if got := ask(p, access.Create, path); !strings.HasPrefix(got, "allow") {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestProfilesFollowVariables(t *testing.T) {
	tests := []struct{ profile, env, yes, no string }{
		{"build", "TMPDIR=/scratch", "/scratch/x", "/etc"},
		{"go", "GOPATH=/g", "/g/pkg/mod/x", "/home/a/go/pkg/mod/x"},
		{"go", "GOMODCACHE=/m", "/m/x", "/home/a/go/pkg/mod/x"},
		{"go", "GOCACHE=/c", "/c/x", "/home/a/.cache/go-build/x"},
		{"go", "XDG_CACHE_HOME=/c", "/c/go-build/x", "/home/a/.cache/go-build/x"},
		{"go", "GOTMPDIR=/t", "/t/x", "/home/a/t"},
		{"node", "npm_config_cache=/n", "/n/x", "/home/a/.npm/x"},
		{"rust", "CARGO_HOME=/c", "/c/registry/x", "/home/a/.cargo/registry/x"},
		{"ccache", "CCACHE_DIR=/c", "/c/x", "/home/a/x"},
	}
	for _, tt := range tests {
		p, err := Load(host(nil, tt.env), Options{Policies: []string{tt.profile}})
		if err != nil {
			t.Error(detail(err))
			continue
		}
		if got := ask(p, access.Create, tt.yes); !strings.HasPrefix(got, "allow") {
			t.Errorf("%s with %s: %s: %s", tt.profile, tt.env, tt.yes, got)
		}
		if got := ask(p, access.Create, tt.no); got != "deny default" {
			t.Errorf("%s with %s: %s: %s", tt.profile, tt.env, tt.no, got)
		}
	}
}

func TestProfilesWithoutAHome(t *testing.T) {
	sys := host(nil)
	sys.Home = ""
	for _, name := range EmbeddedProfiles() {
		p, err := Load(sys, Options{Policies: []string{name}})
		if err != nil {
			t.Error(detail(err))
			continue
		}
		if d := p.Decide(&Query{Op: access.Create, Path: []byte("/.cache/ccache/x")}); name != "open" && !d.Denied() {
			t.Errorf("%s: a rule below no home is a rule below /: %s", name, verdict(d))
		}
	}
}
