package ask

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"sydbox/event"
	"sydbox/record/pkgdb"
)

// machine is a small Debian system.
func machine(lists map[string]string, status string) *pkgdb.DB {
	root := fstest.MapFS{"var/lib/dpkg/status": {Data: []byte(status)}}
	for name, list := range lists {
		root["var/lib/dpkg/info/"+name+".list"] = &fstest.MapFile{Data: []byte("/.\n/usr\n" + list)}
	}
	return pkgdb.Open(root, nil)
}

func installed(name, version, more string) string {
	return "Package: " + name + "\nStatus: install ok installed\nArchitecture: amd64\nVersion: " + version + "\n" +
		more + "\n"
}

var debianStatus = installed("dpkg", "1.21", "Essential: yes\n") +
	installed("libc6-dev", "2.36", "Build-Essential: yes\n") +
	installed("libfoo-dev", "1.2-1", "Depends: libfoo1 (= 1.2-1)\n") +
	installed("libfoo1", "1.2-1", "") +
	installed("curl", "8.0", "Depends: libcurl4\n") +
	installed("libcurl4", "8.0", "") +
	installed("debhelper", "13.1", "Provides: debhelper-compat (= 13)\nDepends: dh-tools\n") +
	installed("dh-tools", "1", "") +
	installed("texinfo", "6", "Depends: libfoo1\n") +
	installed("meta-dev", "3", "Depends: libcurl4\n") +
	installed("tzdata", "2024", "Priority: required\n") +
	installed("doxygen", "1.9", "")

var debianLists = map[string]string{
	"dpkg": "/usr/bin/dpkg\n", "libc6-dev": "/usr/include/stdio.h\n/usr/include\n",
	"libfoo-dev": "/usr/include/foo.h\n/usr/lib/libfoo.so\n/usr/include\n", "libfoo1": "/usr/lib/libfoo.so.1\n",
	"curl": "/usr/bin/curl\n", "libcurl4": "/usr/lib/libcurl.so.4\n", "debhelper": "/usr/bin/dh\n",
	"dh-tools": "/usr/bin/dh_install\n", "texinfo": "/usr/bin/makeinfo\n", "tzdata": "/usr/share/zoneinfo/UTC\n",
	"meta-dev": "/usr/share\n/usr/share/doc\n/usr/share/doc/meta-dev\n/usr/share/doc/meta-dev/copyright\n",
	"doxygen":  "/usr/bin/doxygen\n",
}

const buildControl = `Source: hello
Build-Depends: debhelper-compat (= 13), libfoo-dev (>= 2) | other, texinfo, meta-dev, nowhere (>= 1),
 doxygen <!nodoc>
`

// used is a build that uses packages in every way that there is.
func usingPackages(t *testing.T) *script {
	s := newScript(t, "make")
	sh := s.run(1, "sh", "-c", "cc -c x.c")
	cc := s.run(sh, "cc", "-c", "x.c")
	s.use(cc, event.OpRead, "/b/x.c")
	s.use(cc, event.OpRead, "/usr/include/stdio.h")
	s.use(cc, event.OpRead, "/usr/include/foo.h").Count = 3
	s.use(cc, event.OpRead, "/usr/lib/libfoo.so.1").Typed = "/usr/lib/libfoo.so"
	s.use(cc, event.OpList, "/usr/include").Kind = "dir"
	s.use(cc, event.OpRead, "/etc/cc.conf")
	s.use(cc, event.OpRead, "/proc/cpuinfo")
	s.fail(cc, event.OpRead, "/usr/bin/doxygen", "EACCES")
	s.use(cc, event.OpMake, "/tmp/ccX.s")
	s.use(cc, event.OpRead, "/tmp/ccX.s")
	s.use(cc, event.OpRead, "/usr/share/zoneinfo/UTC")
	s.run(sh, "curl", "http://x/")
	s.use(sh, event.OpRead, "/usr/lib/libcurl.so.4")
	s.run(1, "dh")
	s.run(1, "dh_install")
	return s
}

func TestInputs(t *testing.T) {
	db := machine(debianLists, debianStatus)
	a := Inputs(usingPackages(t).trail(0), InputsOptions{Packages: db})
	text := shown(t, a, 100)
	wants(t, text, "Inputs from outside /b", "libfoo1", "1.2-1", "/usr/lib/libfoo.so.1", "read by cc #3 < sh #2 < make #1",
		"Files of no package", "/etc/cc.conf", "Directories listed", "Of the kernel")
	lacks(t, text, "x.c", "ccX", "doxygen", "Undeclared")
	if a.Status() != 0 {
		t.Errorf("status %d", a.Status())
	}
	wants(t, shown(t, Inputs(usingPackages(t).trail(0), InputsOptions{Packages: db, Files: true}), 0),
		"/usr/include/foo.h, read ×3 by cc #3", "/usr/include, listed", "/proc/cpuinfo, read")
	wants(t, written(t, a), `"systems"`, `"dpkg"`, `"path": "/usr/include/foo.h"`, `"count": 3`)
}

func TestDeclared(t *testing.T) {
	db := machine(debianLists, debianStatus)
	a := Inputs(usingPackages(t).trail(0), InputsOptions{Packages: db, Declared: []byte(buildControl)})
	text := shown(t, a, 100)
	wants(t, text, "Undeclared: 1 package", "curl 8.0", "executed by curl #4 < sh #2", "curl http://x/",
		"by way of others: 4 packages", "Declared, and nothing of it was touched: 2", "texinfo; libfoo1",
		"doxygen", "not installed: 1", "nowhere (>= 1)", "2 packages declared and used",
		"note: declared is \"libfoo-dev (>= 2) | other\"; installed is \"libfoo-dev 1.2-1\"")
	for _, u := range a.Declared.ByWay {
		want := map[string]string{"dh-tools": "debhelper", "libfoo1": "libfoo-dev", "libcurl4": "meta-dev", "tzdata": ""}
		if got, ok := want[string(u.Name)]; !ok || got != quoted(u.Way, " ") {
			t.Errorf("%s is there by way of %q", u.Name, u.Way)
		}
	}
	if a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	}
}

// What came with an undeclared package is not undeclared besides; a plain list says the same as a control file.
func TestUndeclaredTogether(t *testing.T) {
	db := machine(debianLists, debianStatus)
	list := "# what it needs\nlibfoo-dev debhelper\ndoxygen  # to document\ntzdata\n"
	a := Inputs(usingPackages(t).trail(0), InputsOptions{Packages: db, Declared: []byte(list)})
	wants(t, shown(t, a, 100), "Undeclared: 1 package", "curl", "came with it: libcurl4",
		"nothing of it was touched: 1", "doxygen")
	s := usingPackages(t)
	s.head.Env = append(s.head.Env, "DEB_BUILD_PROFILES=nodoc nocheck")
	s.run(1, "doxygen")
	a = Inputs(s.trail(0), InputsOptions{Packages: db, Declared: []byte(buildControl)})
	wants(t, shown(t, a, 100), "Undeclared: 2 packages", "doxygen", "not for this architecture or these build profiles")
	a = Inputs(usingPackages(t).trail(0), InputsOptions{Packages: db,
		Declared: []byte("libfoo-dev\ndebhelper\ncurl\ntzdata\n")})
	if a.Status() != 0 {
		t.Errorf("all is declared, and the status is %d:\n%s", a.Status(), shown(t, a, 0))
	}
}

// Names that a tracee chose are shown, not obeyed, and no package database is no failure.
func TestInputsHostile(t *testing.T) {
	s := newScript(t, "make")
	s.use(1, event.OpRead, "/x/\x1b[2J\n\xff")
	a := Inputs(s.trail(0), InputsOptions{
		Packages: pkgdb.Open(fstest.MapFS{}, nil), Declared: []byte("x\x1b[31m (>= \x1b)\n"), Files: true,
	})
	wants(t, shown(t, a, 40), `\x1b[2J\x0a\xff`, "note: no package database")
	wants(t, written(t, a), `"b64"`)
}

// What a declaration lacks is not buried under what nobody asked for.
func TestDeclaredIsShort(t *testing.T) {
	s := newScript(t, "make")
	for i := range 2 * mostFiles {
		s.use(1, event.OpRead, fmt.Sprintf("/x/%d", i))
	}
	for _, test := range []struct {
		o           InputsOptions
		least, most int // lines
	}{
		{InputsOptions{}, mostFiles, mostFiles + 10},
		{InputsOptions{Declared: []byte("x\n")}, 5, 15},
		{InputsOptions{Files: true}, 2 * mostFiles, 2*mostFiles + 10},
		{InputsOptions{Files: true, Declared: []byte("x\n")}, 2 * mostFiles, 2*mostFiles + 15},
	} {
		test.o.Packages = pkgdb.Open(fstest.MapFS{}, nil)
		text := shown(t, Inputs(s.trail(0), test.o), 200)
		if lines := strings.Count(text, "\n"); lines < test.least || lines > test.most {
			t.Errorf("%d lines, want %d to %d:\n%s", lines, test.least, test.most, text)
		}
	}
}

func TestCompiledFrom(t *testing.T) {
	for p, want := range map[string]string{
		"/usr/lib/python3.11/json/__pycache__/__init__.cpython-311.pyc": "/usr/lib/python3.11/json/__init__.py",
		"/usr/lib/python3.11/__pycache__/re.cpython-311.opt-1.pyc":      "/usr/lib/python3.11/re.py",
		"/__pycache__/x.cpython-311.pyc":                                "/x.py",
		"/usr/lib/python2.7/json/x.pyc":                                 "",
		"/b/__pycache__/.pyc":                                           "",
		"/b/__pycache__/x.cpython-311.so":                               "",
	} {
		if got := compiledFrom(p); got != want {
			t.Errorf("%s: %q, not %q", p, got, want)
		}
	}
}
