package ask

import "testing"

func TestGeneral(t *testing.T) {
	pids := map[int]bool{4711: true, 12: true}
	for _, c := range []struct {
		name, want string
		exclusive  bool
	}{
		{"hello", "hello", false},
		{"config", "config", false},
		{"ccAb12Xy.s", "cc??????.s", false},
		{"ccache", "ccache", false},
		{"ccabcdef.o", "cc??????.o", false},
		{"conftest4711.c", "conftest*.c", false},
		{"x12", "x12", false},
		{"libfoo.so.1.2.3", "libfoo.so.1.2.3", false},
		{"go-build2948719341", "go-build*", false},
		{"tmp.Ab1Cd2Ef3G", "tmp.??????????", false},
		{"tmpab_d12cd", "tmp????????", false},
		{"fooAb12Xy", "fooAb12Xy", false},
		{"fooAb12Xy", "foo??????", true},
		{"fooAb12Xy.log", "foo??????.log", true},
		{"short", "short", true},
		{"0123456789abcdef0123-d", "*-d", false},
		{"3b241101-e2bb-4255-8caf-4136c566a962.x", "*.x", false},
		{"internationalization", "internationalization", false},
		{"a*b[c]?$X{", `a\*b\[c]\?\$X\{`, false},
		{"~", `\~`, false},
		{"a\xffb\xfe", "a?b?", false},
		{"a\uFFFDb", "a\uFFFDb", false},
		{"\xff\uFFFD\xff", "?\uFFFD?", false},
		{"x4711.4711", "x*.*", false},
	} {
		if got := general(c.name, pids, c.exclusive); got != c.want {
			t.Errorf("%q (exclusive %v) becomes %q, want %q", c.name, c.exclusive, got, c.want)
		}
	}
}
