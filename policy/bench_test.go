package policy

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"sydbox/access"
)

// bigPolicy has n rules of every sort, of which a handful fit any one path.
func bigPolicy(t testing.TB, n int) *Policy {
	var text strings.Builder
	text.WriteString("extends = ['build']\n[write]\nallow = [\n")
	for i := range n {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&text, "'/srv/data%d/x',\n", i)
		case 1:
			fmt.Fprintf(&text, "'$PWD/obj/*.suffix%d',\n", i)
		case 2:
			fmt.Fprintf(&text, "'**/name%d*',\n", i)
		case 3:
			fmt.Fprintf(&text, "'/usr/**/lib%d/*.so',\n", i)
		case 4:
			fmt.Fprintf(&text, "'/usr/share/doc/p%d',\n", i)
		}
	}
	text.WriteString("]\n")
	sys := host(nil)
	sys.FS.(fstest.MapFS)["p.toml"] = &fstest.MapFile{Data: []byte(text.String())}
	p, err := Load(sys, Options{Policies: []string{"/p.toml"}})
	if err != nil {
		t.Fatal(detail(err))
	}
	return p
}

var benchPaths = [][]byte{
	[]byte("/home/a/src/obj/main.o"), []byte("/usr/share/doc/p9/README"), []byte("/tmp/cc1234.s"), []byte("/dev/null"),
}

// TestDecideAllocatesNothing holds for every sort of rule and query.
func TestDecideAllocatesNothing(t *testing.T) {
	p := bigPolicy(t, 1000)
	p, err := p.With(RuleFlag{"exec", "deny", "dd", "--deny"}, RuleFlag{"exec", "deny", "python3*", "--deny"})
	if err != nil {
		t.Fatal(detail(err))
	}
	q := &Query{Op: access.Exec, Path: []byte("/usr/bin/busybox"), Names: [][]byte{[]byte("dd"), []byte("/bin/x")}}
	if n := testing.AllocsPerRun(100, func() { p.Decide(q) }); n != 0 {
		t.Errorf("exec: %v allocations", n)
	}
	for _, path := range benchPaths {
		q := &Query{Op: access.Create, Path: path, Member: true, Stdio: true}
		if n := testing.AllocsPerRun(100, func() { p.Decide(q) }); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 10_000} {
		p := bigPolicy(b, n)
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			q := &Query{Op: access.Create}
			for i := 0; b.Loop(); i++ {
				q.Path = benchPaths[i%len(benchPaths)]
				p.Decide(q)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			for b.Loop() {
				bigPolicy(b, n)
			}
		})
	}
}
