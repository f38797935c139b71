package pkgdb

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func symlink(to string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
}

var debian = fstest.MapFS{
	"bin":     symlink("usr/bin"),
	"lib":     symlink("usr/lib"),
	"usr/bin": {Mode: fs.ModeDir | 0o755},
	"usr/lib": {Mode: fs.ModeDir | 0o755},
	"var/lib/dpkg/status": file(`Package: dash
Status: install ok installed
Essential: yes
Version: 0.5.12-2
Architecture: amd64
Pre-Depends: libc6 (>= 2.36)
Description: a shell
 Package: not one

Package: libc6
Status: install ok installed
Multi-Arch: same
Version: 2.36-9
Architecture: amd64

Package: perl-base
Status: install ok installed
Version: 5.36
Architecture: amd64
Provides: perl-modules,
 libperl (= 5.36)

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: all

Package: molly-guard
Status: install ok installed
Version: 1
Architecture: all
`),
	"var/lib/dpkg/info/dash.list":        file("/.\n/bin\n/bin/dash\n/usr/share\n/usr/share/doc/dash\n"),
	"var/lib/dpkg/info/libc6:amd64.list": file("/.\n/lib/x86_64-linux-gnu/libc.so.6\n/usr/share\n"),
	"var/lib/dpkg/info/perl-base.list":   file("/.\n/usr/bin/perl\n/usr/bin/reboot\n"),
	"var/lib/dpkg/info/molly-guard.list": file("/.\n/usr/bin/reboot\n"),
	"var/lib/dpkg/diversions":            file("/usr/bin/reboot\n/usr/bin/reboot.real\nmolly-guard\n"),
}

func TestOwners(t *testing.T) {
	for name, c := range map[string]struct {
		root fstest.MapFS
		want map[string]string // path to "system name version", several joined by " & "
	}{
		"dpkg": {debian, map[string]string{
			"/usr/bin/dash":                           "dpkg dash 0.5.12-2", // its list has /bin/dash
			"/bin/dash":                               "dpkg dash 0.5.12-2",
			"/usr/lib/x86_64-linux-gnu/libc.so.6":     "dpkg libc6 2.36-9",
			"/usr/bin/perl":                           "dpkg perl-base 5.36",
			"/bin/perl":                               "dpkg perl-base 5.36",
			"/usr/share":                              "dpkg dash 0.5.12-2 & dpkg libc6 2.36-9",
			"/usr/bin/reboot":                         "dpkg molly-guard 1",
			"/usr/bin/reboot.real":                    "dpkg perl-base 5.36",
			"/usr/bin/nothing":                        "",
			"/usr/bin/dash\n/usr/bin/perl":            "",
			"/etc/" + strings.Repeat("long/", 1000):   "",
			"/usr/lib/x86_64-linux-gnu/libc.so.6.bak": "",
		}},
		"pacman": {fstest.MapFS{
			"usr/bin":                              {Mode: fs.ModeDir | 0o755},
			"usr/sbin":                             symlink("bin"),
			"sbin":                                 symlink("usr/bin"),
			"var/lib/pacman/local/ALPM_DB_VERSION": file("9\n"),
			"var/lib/pacman/local/bash-5.2-1/desc": file("%NAME%\nbash\n\n%VERSION%\n5.2-1\n\n" +
				"%DEPENDS%\nglibc>=2.3\n\n%PROVIDES%\nsh\n"),
			"var/lib/pacman/local/bash-5.2-1/files": file("%FILES%\nusr/\nusr/bin/\nusr/bin/bash\n" +
				"usr/bin/with space\n\n%BACKUP%\netc/bash\tabc\n"),
			"var/lib/pacman/local/glibc-2.3-1/desc":     file("%NAME%\nglibc\n\n%VERSION%\n2.3-1\n"),
			"var/lib/pacman/local/glibc-2.3-1/files":    file("%FILES%\nusr/\nusr/lib/libc.so.6\n"),
			"var/lib/pacman/local/nameless-1-1/desc":    file("%VERSION%\n1-1\n"),
			"var/lib/pacman/local/unreadable-1-1/empty": file(""),
		}, map[string]string{
			"/usr/bin/bash":       "pacman bash 5.2-1",
			"/usr/sbin/bash":      "pacman bash 5.2-1",
			"/usr/bin/with space": "pacman bash 5.2-1",
			"/usr/bin":            "pacman bash 5.2-1",
			"/usr":                "pacman bash 5.2-1 & pacman glibc 2.3-1",
			"/etc/bash":           "",
		}},
		"apk": {fstest.MapFS{
			"lib/apk/db/installed": file("C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\np:so:libc.musl-x86_64.so.1=1\nF:lib\n" +
				"R:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1y=\nF:\nR:atroot\n\nP:busybox\nV:1.36-r5\nD:so:libc.musl-x86_64.so.1\n" +
				"F:bin\nM:0:0:1777\nR:busybox\nR:sh\n\n"),
		}, map[string]string{
			"/lib/ld-musl-x86_64.so.1": "apk musl 1.2.4-r2",
			"/atroot":                  "apk musl 1.2.4-r2",
			"/bin/sh":                  "apk busybox 1.36-r5",
			"/bin":                     "apk busybox 1.36-r5",
			"/bin/so":                  "",
		}},
		"portage": {fstest.MapFS{
			"var/db/pkg/sys-apps/sed-4.9-r1/CONTENTS": file("dir /bin\n" +
				"obj /bin/sed d41d8cd98f00b204e9800998ecf8427e 1700000000\n" +
				"sym /usr/bin/sed -> ../../bin/sed 1700000000\nobj /usr/share/a b c d41d8cd98f00b204e9800998ecf8427e 1700000000\n"),
			"var/db/pkg/sys-apps/sed-4.9-r1/RDEPEND": file("|| ( >=sys-libs/glibc-2.3:2.2= " +
				"!app-x/y ) nls? ( virtual/libintl[a,b] )\n"),
			"var/db/pkg/sys-libs/glibc-2.37/CONTENTS":   file("obj /lib64/libc.so.6 d41d 17\nbroken\n"),
			"var/db/pkg/virtual/libintl-0-r2/RDEPEND":   file(""),
			"var/db/pkg/sys-x/-MERGING-foo-1/CONTENTS":  file("obj /usr/bin/half d41d 17\n"),
			"var/db/pkg/media-libs/x-3d-fonts-1.0/SLOT": file("0"),
		}, map[string]string{
			"/bin/sed":         "portage sys-apps/sed 4.9-r1",
			"/usr/bin/sed":     "portage sys-apps/sed 4.9-r1",
			"/usr/share/a b c": "portage sys-apps/sed 4.9-r1",
			"/bin":             "portage sys-apps/sed 4.9-r1",
			"/usr/bin/half":    "",
		}},
		"paludis": {fstest.MapFS{
			"var/db/paludis/repositories/installed/ndbam.conf": file("ndbam_format = 1\nrepository_format = exndbam-1\n"),
			"var/db/paludis/repositories/installed/data/app-arch---xz/5.4:0:17e8/contents": file("type=dir path=/usr/host\n" +
				"type=file path=/usr/host/bin/xz md5=d41d mtime=1\ntype=sym path=/usr/host/bin/un\\ xz\\\\ target=xz mtime=1\n" +
				"type=file path=/a\\nb part=x md5=d mtime=1\nrubbish\n"),
		}, map[string]string{
			"/usr/host/bin/xz":      "paludis app-arch/xz 5.4",
			"/usr/host/bin/un xz\\": "paludis app-arch/xz 5.4",
			"/a\nb":                 "paludis app-arch/xz 5.4",
			"/usr/host":             "paludis app-arch/xz 5.4",
			"/usr/host/bin":         "",
		}},
		"nix": {fstest.MapFS{"nix/store": {Mode: fs.ModeDir | 0o755}}, map[string]string{
			"/nix/store/0c7yvk0d8fgv8p2w6j0z1b0y6lzq3p5h-glibc-2.38-27-dev/include/stdio.h": "nix glibc 2.38-27-dev",
			"/nix/store/0c7yvk0d8fgv8p2w6j0z1b0y6lzq3p5h-source":                            "nix source ",
			"/nix/store/short-1.0/x":  "",
			"/nix/store/.links/a-1.0": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			db := Open(c.root, nil)
			if !slices.Equal(db.Systems, []string{name}) {
				t.Fatalf("found %v, want %s; %q", db.Systems, name, db.Notes)
			}
			var paths []string
			for p := range c.want {
				paths = append(paths, p)
			}
			owners := db.Owners(paths)
			for p, want := range c.want {
				var got []string
				for _, o := range owners[p] {
					got = append(got, o.System+" "+o.Name+" "+o.Version)
				}
				if got := strings.Join(got, " & "); got != want {
					t.Errorf("%q belongs to %q, want %q", p, got, want)
				}
			}
		})
	}
}

// fakeRPM answers as rpm does for two packages.
func fakeRPM(args ...string) ([]byte, error) {
	switch q := args[2]; {
	case strings.Contains(q, "FILENAMES"):
		return []byte("bash\t5.2-1.fc39\tx86_64\t/usr/bin/bash\nbash\t5.2-1.fc39\tx86_64\t/usr/share/a\tb\n" +
			"glibc\t1:2.38-1\tx86_64\t/lib64/libc.so.6\n"), nil
	case strings.Contains(q, "REQUIRENAME"):
		return []byte("bash\tlibc.so.6()(64bit)\nbash\trpmlib(PayloadIsZstd)\n"), nil
	case strings.Contains(q, "PROVIDENAME"):
		return []byte("glibc\tlibc.so.6()(64bit)\nbash\tbash\n"), nil
	}
	return []byte("bash\t5.2-1.fc39\tx86_64\nglibc\t1:2.38-1\tx86_64\ngpg-pubkey\t1\t(none)\n"), nil
}

func TestRPM(t *testing.T) {
	root := fstest.MapFS{"usr/lib/sysimage/rpm/rpmdb.sqlite": file("SQLite")}
	db := Open(root, fakeRPM)
	owners := db.Owners([]string{"/usr/bin/bash", "/usr/share/a\tb", "/lib64/libc.so.6", "/none"})
	for p, want := range map[string]string{
		"/usr/bin/bash": "bash", "/usr/share/a\tb": "bash", "/lib64/libc.so.6": "glibc", "/none": "",
	} {
		if got := names(owners[p]); got != want {
			t.Errorf("%q belongs to %q, want %q", p, got, want)
		}
	}
	if got := db.Closure(db.Named("bash"))[db.Named("glibc")[0]]; got != db.Named("bash")[0] {
		t.Errorf("glibc comes by way of %v, want bash", got)
	}
	for _, run := range []Runner{nil, func(...string) ([]byte, error) { return nil, errors.New("rpm: not found") }} {
		db := Open(root, run)
		if len(db.Systems) > 0 || len(db.Notes) != 1 || !strings.Contains(db.Notes[0], "needs the rpm") {
			t.Errorf("without rpm: %v, %q", db.Systems, db.Notes)
		}
	}
}

func names(list []*Package) string {
	var words []string
	for _, p := range list {
		words = append(words, p.Name)
	}
	return strings.Join(words, " ")
}

func TestDependencies(t *testing.T) {
	db := Open(debian, nil)
	if got := names(db.Named("libperl")); got != "perl-base" {
		t.Errorf("libperl is provided by %q", got)
	}
	if db.Named("gone") != nil {
		t.Error("a removed package counts as installed")
	}
	dash, libc := db.Named("dash")[0], db.Named("libc6")[0]
	if from := db.Closure([]*Package{dash}); from[libc] != dash || len(from) != 2 {
		t.Errorf("dash brings %v", from)
	}
	if !dash.Essential || libc.Essential || db.Arch() != "amd64" {
		t.Errorf("essential: %v, %v; architecture %q", dash.Essential, libc.Essential, db.Arch())
	}
	if got := db.Files(libc); len(got) != 2 {
		t.Errorf("libc6 has %q", got)
	}
}

// What is missing or damaged is a note, and the rest is told.
func TestDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		root fstest.MapFS
		note string
	}{
		"nothing":        {fstest.MapFS{}, "no package database"},
		"empty status":   {fstest.MapFS{"var/lib/dpkg/status": file("")}, "no installed package"},
		"binary status":  {fstest.MapFS{"var/lib/dpkg/status": file("\x00\xff\x00")}, "no installed package"},
		"empty apk":      {fstest.MapFS{"lib/apk/db/installed": file("")}, "no package"},
		"no list":        {without("var/lib/dpkg/info/dash.list"), "not known, their lists cannot be read: dash"},
		"a damaged line": {with("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nrubbish\n"), "status:3: "},
		"nameless":       {with("var/lib/dpkg/status", "Package: a\n\nVersion: 1\n"), "status:3: a paragraph without"},
		"odd diversions": {with("var/lib/dpkg/diversions", "/a\n/b\n"), ""},
		"a directory":    {fstest.MapFS{"var/lib/dpkg/status/x": file("")}, "dpkg: "},
	} {
		t.Run(name, func(t *testing.T) {
			db := Open(c.root, nil)
			db.Owners([]string{"/bin/dash", "/x"})
			if got := strings.Join(db.Notes, "\n"); !strings.Contains(got, c.note) || (c.note == "" && got != "") {
				t.Errorf("notes are %q, want one with %q", got, c.note)
			}
		})
	}
}

func without(name string) fstest.MapFS {
	m := make(fstest.MapFS)
	for k, v := range debian {
		if k != name {
			m[k] = v
		}
	}
	return m
}

func with(name, text string) fstest.MapFS {
	m := without(name)
	m[name] = file(text)
	return m
}

// The host's own dpkg is asked as a user would, and must agree.
func TestHost(t *testing.T) {
	if _, err := os.Stat("/var/lib/dpkg/status"); err != nil {
		t.Skip("this machine has no dpkg")
	}
	db := OpenHost("/")
	owners := db.Owners([]string{"/usr/bin/dpkg", "/bin/sh", "/usr/bin/sh", "/nonexistent"})
	if got := names(owners["/usr/bin/dpkg"]); got != "dpkg" {
		t.Errorf("/usr/bin/dpkg belongs to %q", got)
	}
	if got := names(owners["/usr/bin/sh"]); got != "dash" || names(owners["/bin/sh"]) != got {
		t.Errorf("/usr/bin/sh belongs to %q, /bin/sh to %q", got, names(owners["/bin/sh"]))
	}
}

func BenchmarkHost(b *testing.B) {
	for b.Loop() {
		OpenHost("/").Owners([]string{"/usr/bin/dpkg", "/bin/sh", "/usr/bin/sh", "/nonexistent"})
	}
}
