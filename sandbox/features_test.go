package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/policy"
	"sydbox/tracer"
	"sydbox/tracer/landlock"
)

// Tests move threads of theirs to other namespaces. The main one is none of those, as /proc/self shows its own.
func init() { runtime.LockOSThread() }

// TestMain: the shim that Probe starts is this test binary.
func TestMain(m *testing.M) {
	Init()
	status := m.Run()
	if some() && choices.Load() == 0 {
		fmt.Fprintf(os.Stderr, "TRICK=%s: none of the tests that ran has such a trick; docs/attacks.md lists them\n",
			os.Getenv("TRICK"))
		status = max(status, 1)
	}
	os.Exit(status)
}

// TestProbe: what is said of the kernel is what the parts that use it find.
func TestProbe(t *testing.T) {
	f := Probe()
	seen := map[string]bool{}
	for _, feature := range f.Features {
		for _, text := range []string{feature.Name, feature.Since, feature.Probe, feature.Use, feature.Without,
			string(feature.Promise), feature.Remedy} {
			if text == "" {
				t.Errorf("%s: something is not said: %+v", feature.Name, feature)
			}
		}
		if seen[feature.Name] {
			t.Errorf("%s is twice in the table", feature.Name)
		}
		if feature.wanted == nil && feature.Promise != PromiseSame {
			t.Errorf("%s: nobody wants it, and without it the promise is %q", feature.Name, feature.Promise)
		}
		seen[feature.Name] = true
	}
	support := landlock.Probe()
	for name, want := range map[string]bool{
		featureGive:     tracer.CanGive() == nil,
		featureLandlock: support.Err == nil,
		featurePorts:    support.Net() != 0,
		featurePaths:    support.Rights()&landlock.ResolveUnix != 0,
		featureUDP:      support.Net()&landlock.ConnectUDP != 0,
		featureNames:    support.Scopes()&landlock.ScopeAbstract != 0,
	} {
		if f.Has(name) != want {
			t.Errorf("%s: %v, want %v", name, f.Has(name), want)
		}
	}
	if os.Getuid() == 0 && f.Has(featureNamespace) {
		onlyHere(func() {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				t.Errorf("no network namespace can be had: %v", err)
			}
		})
	}
}

// TestSocketPinning: calls on sockets are held only where both means are there.
func TestSocketPinning(t *testing.T) {
	for _, c := range []struct {
		getfd, give bool
		want        Pin
	}{{true, true, PinHeld}, {true, false, PinDetects}, {false, true, PinOff}, {false, false, PinOff}} {
		f := &Features{Features: []Feature{{Name: featureGetfd, Found: c.getfd}, {Name: featureGive, Found: c.give}}}
		if got := f.socketPinning(); got.Level != c.want || got.By == "" {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// askDiag tells a kernel that can from one that cannot: no kernel has the family.
func TestAskDiag(t *testing.T) {
	if err := askDiag(unix.AF_MAX - 1); err == nil {
		t.Error("sock_diag knows a family that there is not")
	}
}

// TestFit: what a policy requires decides, what it prefers is said.
func TestFit(t *testing.T) {
	load := func(text string) *policy.Policy {
		dir := t.TempDir()
		file := filepath.Join(dir, "p.toml")
		if err := os.WriteFile(file, []byte("version = 1\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := policy.Load(Host(), policy.Options{Policies: []string{file}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	open := "extends = [\"open\"]\n"
	for _, c := range []struct {
		name, policy, without string
		runs                  bool
		lost                  int
	}{
		{"no ptrace", "", featurePtrace, false, 0},
		{"an old kernel", "", featureOrder, false, 0},
		{"no description of calls", "", featureInfo, true, 0},
		{"Landlock preferred", "", featureLandlock, true, 1},
		{"Landlock required", "[harden]\nlandlock = \"required\"\n", featureLandlock, false, 0},
		{"Landlock off", "[harden]\nlandlock = \"off\"\n", featureLandlock, true, 0},
		{"pinning required", "[harden]\npinning = \"required\"\n", featureGive, false, 0},
		{"pinning preferred", "", featureGive, true, 1},
		{"no sockets", "[harden]\npinning = \"required\"\n", featureGetfd, false, 0},
		{"no namespace", "[harden]\nnetwork_namespace = \"required\"\n", featureNamespace, false, 0},
		{"no namespace wanted", "", featureNamespace, true, 0},
		{"Windows, addresses judged", "", featureWindows, true, 0},
		{"Windows, addresses free", open, featureWindows, true, 1},
		{"no sockets, addresses free", open + "[harden]\npinning = \"required\"\n", featureGetfd, true, 1},
	} {
		f := &Features{Features: Table()}
		for i := range f.Features {
			f.Features[i].Found = f.Features[i].Name != c.without
		}
		fit := f.For(c.name, load(c.policy))
		if fit.Runs != c.runs || len(fit.Lost) != c.lost || !c.runs && len(fit.Missing) != 1 {
			t.Errorf("%s: %+v", c.name, fit)
		}
	}
	// What was not tried, because something else is missing, is not told of.
	f := &Features{Features: Table()}
	for i := range f.Features {
		f.Features[i].Found, f.Features[i].Detail = false, tracer.ErrUntried.Error()
	}
	if fit := f.For("", load("")); !fit.Runs || len(fit.Lost)+len(fit.Missing) != 0 {
		t.Errorf("nothing was tried: %+v", fit)
	}
}
