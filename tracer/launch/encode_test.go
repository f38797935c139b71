package launch

import (
	"bytes"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
)

func TestOrderRoundTrip(t *testing.T) {
	for _, o := range []*order{
		{args: []string{}, env: []string{}},
		{
			path: "/bin/\xff", dir: "d", args: []string{"", "a b"}, env: []string{"A=1", "A=2", "="}, inherit: true,
			close: Preferred, keep: []int{3, 1 << 30}, dropAll: Required, setUmask: true, umask: 0o777,
			noNewPrivs: Required, noCore: true, drop: 1 << 63,
			filter:   []unix.SockFilter{{Code: 6, Jt: 1, Jf: 255, K: 0xdeadbeef}},
			listener: true, readOnly: []string{"/a b", "/"}, hide: []string{"/c"}, root: []string{"/d"},
			links: []link{{"/e", "d"}}, mountLevel: Preferred,
		},
		{args: []string{}, env: []string{}, filter: []unix.SockFilter{}, noNewPrivs: Preferred},
		{args: []string{}, env: []string{}, landlock: &landlock.Ruleset{Scoped: landlock.ScopeSignal}},
		{
			args: []string{}, env: []string{}, landlockLevel: Required,
			landlock: &landlock.Ruleset{
				Handled: 0xffff, Rules: []landlock.Rule{{Path: "/a\xff", Access: 1 << 40}, {FD: 300, Access: 2}},
				HandledNet: 3, Ports: []landlock.PortRule{{Port: 65535, Net: 1}, {Net: 1 << 40}},
			},
		},
	} {
		enc := o.encode(nil)
		got, err := decode(enc)
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Errorf("%+v became %+v (%v)", o, got, err)
		}
		for n := range enc {
			if _, err := decode(enc[:n]); err == nil {
				t.Errorf("%d of %d bytes were taken for a plan", n, len(enc))
			}
		}
		if _, err := decode(append(enc, 0)); err == nil {
			t.Error("a byte too many was not noticed")
		}
	}
}

// FuzzDecode: no input makes decode panic or ask for much memory, and what it takes it gives back the same.
func FuzzDecode(f *testing.F) {
	f.Add((&order{path: "p", args: []string{"a"}, env: []string{"E=1"}}).encode(nil))
	f.Add((&order{landlock: &landlock.Ruleset{Handled: 1, Rules: []landlock.Rule{{Path: "/"}}}}).encode(nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(o.encode(nil))
		if err != nil || !bytes.Equal(again.encode(nil), o.encode(nil)) {
			t.Errorf("%+v became %+v (%v)", o, again, err)
		}
	})
}

func TestShimWords(t *testing.T) {
	for _, c := range []struct {
		arg string
		ok  bool
	}{{"3,4", true}, {"3,4,network", true}, {"3,4,", false}, {"3,4,network,", false}, {"3,4,mounts,proc1", true},
		{"3,4,network,mounts,proc2", true}, {"3,4,proc", false}, {"3,4,proc0", false}, {"3,4,proc3", false},
		{"150,7", true}, {"", false}, {"3", false}, {"0,4", false}, {"3,x", false}, {"-1,3", false}} {
		w, ok := parseWords(c.arg)
		if ok != c.ok || ok && w.String() != c.arg {
			t.Errorf("%q: %v %+v", c.arg, ok, w)
		}
	}
}
