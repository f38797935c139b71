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

// bigNetPolicy has n rules of every sort about addresses.
func bigNetPolicy(t testing.TB, n int) *Policy {
	var text strings.Builder
	text.WriteString("extends = ['build']\n[connect]\nallow = [\n'*:8080', '93.184.0.0/16:80-443', 'abstract:x*',\n")
	for i := range n {
		switch i % 6 {
		case 0:
			fmt.Fprintf(&text, "'10.%d.%d.0/24:%d',\n", i>>8&255, i&255, i+1)
		case 1:
			fmt.Fprintf(&text, "'[2001:db8:%x::/48]:%d-%d',\n", i, i, i+10)
		case 2:
			fmt.Fprintf(&text, "'loopback:%d',\n", 10_000+i)
		case 3:
			fmt.Fprintf(&text, "'unix:/run/service%d/*.sock',\n", i)
		case 4:
			fmt.Fprintf(&text, "'abstract:name%d*',\n", i)
		case 5:
			fmt.Fprintf(&text, "'172.16.%d.%d:*',\n", i>>8&255, i&255)
		}
	}
	text.WriteString("]\n")
	return mustLoad(t, host(nil), text.String())
}

var benchAddresses = []string{
	"127.0.0.1:40000", "93.184.216.34:443", "8.8.8.8:53", "[2001:db8:1::5]:5", "[::1]:10002",
	"unix:/run/service3/x.sock", "abstract:name4",
	"abstract:/tmp/.X11-unix/X0",
}

func benchQueries() []*Query {
	list := make([]*Query, len(benchAddresses))
	for i, text := range benchAddresses {
		list[i] = addressQuery(access.Connect, text)
		list[i].Owner = &askedOwner{}
		list[i].Hosts = []string{"Example.org.", "other.test"}
	}
	return list
}

func TestDecideAddressAllocatesNothing(t *testing.T) {
	sys := netHost()
	p := bigNetPolicy(t, 1000)
	named := mustLoad(t, sys, "connect.allow = ['example.org:443']\nconnect.deny = ['family:vsock']")
	more := []*Query{addressQuery(access.Bind, "0.0.0.0:0"), addressQuery(access.Connect, "family:vsock")}
	for i, q := range append(benchQueries(), more...) {
		if n := testing.AllocsPerRun(100, func() { p.Decide(q); named.Decide(q) }); n != 0 {
			t.Errorf("query %d: %v allocations", i, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { named.Family(afUnix); named.Family(40) }); n != 0 {
		t.Errorf("family: %v allocations", n)
	}
}

func BenchmarkDecideAddress(b *testing.B) {
	for _, n := range []int{10, 100, 10_000} {
		p := bigNetPolicy(b, n)
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			queries := benchQueries()
			for i := 0; b.Loop(); i++ {
				p.Decide(queries[i%len(queries)])
			}
		})
	}
}

// However many rules there are, an address is looked up once for each length of a network, and its port in one search.
func TestManyAddressRules(t *testing.T) {
	few, many := bigNetPolicy(t, 100), bigNetPolicy(t, 10_000)
	for _, p := range []*Policy{few, many} {
		x := p.netOf(ConnectSection)
		if got := fmt.Sprint(x.v4.lengths, x.v6.lengths); got != "[32 24 16 8] [128 48]" {
			t.Errorf("networks are looked up by these lengths: %s", got)
		}
	}
	for _, q := range benchQueries() {
		if a, b := few.Decide(q), many.Decide(q); a.Action != b.Action && b.Rule.Text != "loopback:40000" {
			t.Errorf("%v: %+v and %+v", q.Addr, a, b)
		}
	}
}
