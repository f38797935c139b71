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
		{"ccache", "create", "/home/a/.ccache/ccache.conf", "deny"},
		{"dotfiles", "create", "/home/a/src/x", "allow"},
		{"dotfiles", "create", "/home/a/.bashrc", "deny"},
		{"dotfiles", "read", "/home/a/.ssh/id_x", "allow"},
		{"private", "read", "/home/a/.ssh/id_x", "deny"},
		{"private", "read", "/home/a/.ssh/known_hosts", "allow"},
		{"private", "read", "/home/a/src/keys/id_ed25519", "deny"},
		{"private", "read", "/home/a/src/.env", "deny"},
		{"private", "read", "/home/a/src/.env.example", "allow"},
		{"private", "read", "/home/a/.aws/credentials", "deny"},
		{"private", "read", "/home/a/.mozilla/firefox/x", "deny"},
		{"private", "read", "/home/a/.config/gcloud/x", "deny"},
		{"private", "read", "/home/a/.bashrc", "allow"},
		{"private", "stat", "/home/a/.ssh", "allow"},
		{"private", "create", "/home/a/src/x", "allow"},
		{"strict", "create", "/home/a/src/x", "allow"},
		{"strict", "create", "/home/a/x", "deny"},
		{"strict", "read", "/home/a/.ssh/id_x", "allow"},
		{"untrusted", "read", "/home/a/src/x", "allow"},
		{"untrusted", "read", "/home/a/src/.env", "deny"},
		{"untrusted", "read", "/home/a/x", "deny"},
		{"untrusted", "read", "/home", "deny"},
		{"untrusted", "read", "/etc/shadow", "deny"},
		{"untrusted", "read", "/etc/passwd", "allow"},
		{"untrusted", "read", "/usr/lib/x.so", "allow"},
		{"untrusted", "read", "/etc/dpkg/dpkg.cfg.d/x", "allow"},
		{"untrusted", "read", "/proc/1/environ", "deny"},
		{"untrusted", "read", "/var/lib/x", "deny"},
		{"untrusted", "read", "/etc/java-17-openjdk/security/java.security", "allow"},
		{"untrusted", "read", "/sys/fs/cgroup/a.slice/b.scope/cpu.max", "allow"},
		{"untrusted", "read", "/sys/fs/cgroup/cpu.max", "allow"},
		{"untrusted", "read", "/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "allow"},
		{"untrusted", "read", "/sys/fs/cgroup/a.slice/cgroup.procs", "deny"},
		{"untrusted", "stat", "/home/a/x", "allow"},
		{"untrusted", "create", "/home/a/src/x", "allow"},
		{"untrusted", "create", "/home/a/x", "deny"},
		{"agent", "create", "/home/a/src/x", "allow"},
		{"agent", "create", "/home/a/src/.git/objects/x", "allow"},
		{"agent", "write", "/home/a/src/.git/index", "allow"},
		{"agent", "create", "/home/a/src/.git/hooks/pre-commit", "deny"},
		{"agent", "create", "/home/a/src/.git/config", "deny"},
		{"agent", "create", "/home/a/src/sub/.git/config", "deny"},
		{"agent", "delete", "/home/a/src/.git/hooks", "deny"},
		{"agent", "create", "/home/a/src/.git/modules/x/y/hooks/update", "deny"},
		{"agent", "create", "/home/a/src/.git/worktrees/x/modules/y/z/config", "deny"},
		{"agent", "create", "/home/a/src/.git/worktrees/x/modules/y/hooks/update", "deny"},
		{"agent", "create", "/home/a/src/.git/worktrees/x/modules/y/z/index", "allow"},
		{"agent", "create", "/home/a/src/.git/refs/heads/config", "allow"},
		{"agent", "create", "/home/a/src/sub/.git", "deny"},
		{"agent", "write", "/home/a/src/sub/.git", "deny"},
		{"agent", "create", "/home/a/src/.git/commondir", "deny"},
		{"agent", "create", "/home/a/src/.git/modules/x/y/commondir", "deny"},
		{"agent", "create", "/home/a/src/.git/worktrees/x/gitdir", "allow"},
		{"agent", "create", "/home/a/src/.git/modules/x", "deny"},
		{"agent", "delete", "/home/a/src/.git/modules/x", "deny"},
		{"agent", "create", "/home/a/src/.git/modules/x/index", "allow"},
		{"agent", "delete", "/home/a/src/.git/worktrees/x", "deny"},
		{"agent", "write", "/home/a/src/.git/worktrees/x/commondir", "deny"},
		{"agent", "delete", "/home/a/src/.git/worktrees/x/commondir", "deny"},
		{"agent", "create", "/tmp/x/.git/config", "allow"},
		{"agent", "create", "/home/a/src/.vscode/tasks.json", "deny"},
		{"agent", "create", "/home/a/src/.envrc", "deny"},
		{"agent", "create", "/home/a/src/.husky/_/pre-commit", "deny"},
		{"agent", "create", "/home/a/src/sub/.husky/pre-commit", "deny"},
		{"agent", "create", "/home/a/src/.githooks/pre-push", "deny"},
		{"agent", "create", "/home/a/.bashrc", "deny"},
		{"agent", "read", "/home/a/.ssh/id_x", "deny"},
		{"agent", "read", "/home/a/.config/chromium/x", "deny"},
		{"agent", "read", "/etc/passwd", "allow"},
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

// TestCachesAreRead: what an add-on lets a tool write below a home, the tool can read again over a profile that allows
// reads by a list. The private profile goes on keeping what lies beside it.
func TestCachesAreRead(t *testing.T) {
	for _, name := range []string{"go", "node", "rust", "ccache"} {
		p, err := Load(host(nil), Options{Policies: []string{"untrusted", name}})
		if err != nil {
			t.Fatal(detail(err))
		}
		read := map[string]bool{}
		for _, r := range p.rules {
			if r.Source == name && r.Section.String() == "read" && r.Action == Allow {
				read[r.Text] = true
			}
		}
		for _, r := range p.rules {
			if r.Source == name && r.Section.String() == "write" && r.Action == Allow && !read[r.Text] {
				t.Errorf("%s lets %s be written and not read", name, r.Text)
			}
		}
		for _, path := range []string{"/home/a/.npmrc", "/home/a/.cargo/credentials.toml", "/home/a/x"} {
			if got := ask(p, access.Read, path); !strings.HasPrefix(got, "deny") {
				t.Errorf("%s: %s: %s", name, path, got)
			}
		}
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

// In a home that is $PWD as well, or that may be written, dotfiles stay as they are.
func TestAgentAtHome(t *testing.T) {
	for _, opt := range []Options{
		{Policies: []string{"agent"}},
		{Policies: []string{"agent"}, Rules: []RuleFlag{{"write", "allow", "/home/a", "-w"}}},
	} {
		sys := host(nil)
		if len(opt.Rules) == 0 {
			sys.Cwd = "/home/a"
		}
		p, err := Load(sys, opt)
		if err != nil {
			t.Fatal(detail(err))
		}
		for _, path := range []string{"/home/a/.bashrc", "/home/a/.vim/x", "/home/a/.gitconfig",
			"/home/a/.ssh/authorized_keys", "/home/a/.config/systemd/user/x.service",
			"/home/a/.local/bin/x", "/home/a/.local/lib/python3.13/site-packages/x.pth", "/home/a/.npmrc",
			"/home/a/.cargo/config.toml", "/home/a/.cargo/bin/x", "/home/a/.config/pip/pip.conf"} {
			if got := ask(p, access.Create, path); !strings.HasPrefix(got, "deny") {
				t.Errorf("%s: %s", path, got)
			}
		}
		for _, link := range []string{"/home/a/.local", "/home/a/.local/lib", "/home/a/.config", "/home/a/.m2"} {
			if !p.Plants([]byte(link)) {
				t.Errorf("a link called %s plants nothing", link)
			}
		}
		for _, path := range []string{"/home/a/x", "/home/a/.m2/repository/x", "/home/a/.cache/x", "/home/a/.cargo/registry/x",
			"/home/a/.local/lib/x.so", "/home/a/src/.npmrc", "/home/a/src/bin/x", "/home/a/.local/share/x"} {
			if got := ask(p, access.Create, path); !strings.HasPrefix(got, "allow") {
				t.Errorf("%s: %s", path, got)
			}
		}
	}
}

// TestProfilesKeepSecretsBack: which variables come through.
func TestProfilesKeepSecretsBack(t *testing.T) {
	environ := []string{"PATH=/bin", "HOME=/home/a", "LC_ALL=C", "SSH_AUTH_SOCK=/x", "AWS_SECRET_ACCESS_KEY=1",
		"GITHUB_TOKEN=2", "LD_PRELOAD=/x.so", "DBUS_SESSION_BUS_ADDRESS=x", "SOMETHING=3"}
	for _, name := range []string{"strict", "untrusted", "agent"} {
		p, err := Load(host(nil), Options{Policies: []string{name}})
		if err != nil {
			t.Fatal(detail(err))
		}
		got, change := p.Env(environ)
		if strings.Join(got, " ") != "PATH=/bin HOME=/home/a LC_ALL=C" || change.Removed != 6 || !change.Asked {
			t.Errorf("%s: %q %+v", name, got, change)
		}
		if h := p.Hardening(); h.Descriptors != "required" || len(h.Limits) == 0 {
			t.Errorf("%s: %+v", name, h)
		}
		// A flag is nearer.
		flags := []RuleFlag{{"env", "allow", "GITHUB_TOKEN", "--allow"}}
		if p, err = Load(host(nil), Options{Policies: []string{name}, Rules: flags}); err != nil {
			t.Fatal(detail(err))
		}
		if got, _ = p.Env(environ); len(got) != 4 {
			t.Errorf("%s: %q", name, got)
		}
	}
	if p, err := Load(host(nil), Options{}); err != nil {
		t.Fatal(detail(err))
	} else if got, change := p.Env(environ); len(got) != len(environ) || change.Asked {
		t.Error("build keeps variables back")
	}
}
