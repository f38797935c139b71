package pkgdb

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDependencies(t *testing.T) {
	got := ParseDependencies("debhelper-compat (= 13), libfoo-dev:any(>=1.2~) [linux-any !i386] <!nocheck> " +
		"<stage1 cross>,\n" +
		"a | b (<< 2),, ${misc:Depends}, broken (>= 1")
	want := []Dependency{
		{{Name: "debhelper-compat", Op: "=", Version: "13"}},
		{{Name: "libfoo-dev", Qualifier: "any", Op: ">=", Version: "1.2~", Arches: []string{"linux-any", "!i386"},
			Profiles: [][]string{{"!nocheck"}, {"stage1", "cross"}}}},
		{{Name: "a"}, {Name: "b", Op: "<<", Version: "2"}},
		{{Name: "broken"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		text, arch string
		profiles   []string
		want       bool
	}{
		{"a", "amd64", nil, true},
		{"a [amd64 i386]", "amd64", nil, true},
		{"a [amd64 i386]", "arm64", nil, false},
		{"a [!amd64]", "amd64", nil, false},
		{"a [!amd64]", "arm64", nil, true},
		{"a [linux-any]", "arm64", nil, true},
		{"a [any-arm64]", "arm64", nil, true},
		{"a [kfreebsd-any]", "amd64", nil, false},
		{"a <!nocheck>", "amd64", nil, true},
		{"a <!nocheck>", "amd64", []string{"nocheck"}, false},
		{"a <cross>", "amd64", nil, false},
		{"a <cross> <stage1 !nodoc>", "amd64", []string{"stage1"}, true},
		{"a <stage1 !nodoc>", "amd64", []string{"stage1", "nodoc"}, false},
	} {
		if got := ParseDependencies(c.text)[0][0].Holds(c.arch, c.profiles); got != c.want {
			t.Errorf("%s on %s with %v: %v", c.text, c.arch, c.profiles, got)
		}
	}
}

func TestMetBy(t *testing.T) {
	p := &Package{Name: "debhelper", Version: "13.11", Provides: ParseDependencies("debhelper-compat (= 13)")[0]}
	p.Provides = append(p.Provides, Relation{Name: "dh-sequence-x"})
	for text, want := range map[string]bool{
		"debhelper": true, "debhelper (>= 12)": true, "debhelper (<< 13)": false, "debhelper-compat (= 13)": true,
		"debhelper-compat (= 12)": false, "dh-sequence-x": true, "dh-sequence-x (>= 1)": false, "other": false,
	} {
		if got := ParseDependencies(text)[0][0].MetBy(p); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	ordered := []string{
		"", "0.9~rc1", "0.9", "1.0~beta1~svn12", "1.0~beta1", "1.0", "1.0-1", "1.0-1+b1", "1.0-1.1",
		"1.0-2",
		"1.0-10", "1.0a", "1.0+dfsg", "1.1", "1.10", "1:0.1", "2:0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			got := CompareVersions(a, b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%q against %q: %d", a, b, got)
			}
		}
	}
	if CompareVersions("1.02", "1.2") != 0 || CompareVersions("1.0-0", "1.0") != 0 {
		t.Error("equal versions differ")
	}
}

func TestParseBuildDepends(t *testing.T) {
	control := "# a comment: with a colon\nSource: hello\nBuild-Depends: debhelper-compat (= 13),\n" +
		"# another\n texinfo,\nBuild-Depends-Indep: doxygen <!nodoc>\n\nPackage: hello\nDepends: libc6\nBuild-Depends: not-this\n"
	for name, text := range map[string]string{
		"control": control,
		"crlf":    "Source: hello\r\nBuild-Depends: debhelper-compat (= 13), texinfo\r\nBuild-Depends-Indep: doxygen\r\n",
		"dsc": "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nFormat: 3.0 (quilt)\nSource: hello\n" +
			"Build-Depends: debhelper-compat (= 13), texinfo\n" +
			"Build-Depends-Indep: doxygen\n\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n",
	} {
		list, isControl := ParseBuildDepends([]byte(text))
		var got []string
		for _, d := range list {
			got = append(got, d.String())
		}
		if diff := cmp.Diff([]string{"debhelper-compat (= 13)", "texinfo", "doxygen"}, got); diff != "" || !isControl {
			t.Errorf("%s: a control file: %v; %s", name, isControl, diff)
		}
	}
	if list, isControl := ParseBuildDepends([]byte("gcc\nmake\n")); isControl || list != nil {
		t.Errorf("a plain list is taken for a control file: %v", list)
	}
}
