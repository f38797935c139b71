package deputy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tasks returns the kinds of tasks that the tests can make.
func tasks() []who {
	if os.Geteuid() != 0 {
		return []who{{name: "self", uid: uint32(os.Getuid()), gid: uint32(os.Getgid()), umask: 0o027}}
	}
	const override = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_FOWNER
	return []who{
		{name: "root", umask: 0o022, sample: 2},
		{name: "root without override", umask: 0, uncap: override, sample: 3},
		{name: "root without chown", umask: 0o002, uncap: 1<<unix.CAP_CHOWN | 1<<unix.CAP_FSETID | 1<<unix.CAP_MKNOD,
			sample: 7},
		{name: "builder", uid: 1000, gid: 1000, groups: []uint32{2000, 3000}, umask: 0o077},
		{name: "nobody", uid: 65534, gid: 65534, umask: 0o022, sample: 7},
	}
}

// longAgo is a time that nothing made in a test has by itself.
var longAgo = unix.NsecToTimespec(1e18)

// plant makes a tree to act on. Everything in it is the task's but what says otherwise.
func plant(t testing.TB, top string, w who) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(top, 0o755))
	at := func(p string) string { return filepath.Join(top, p) }
	for _, d := range []struct {
		name string
		mode uint32
	}{
		{"dir", 0o755}, {"empty", 0o755}, {"dir/sub", 0o755}, {"setgid", 0o2775}, {"fixed", 0o555},
		{"roots", 0o755}, {"locked", 0o700}, {"locked/in", 0o777}, {"search", 0o711}, {"group", 0o770}, {"sticky", 0o1777},
	} {
		must(unix.Mkdir(at(d.name), 0o700))
		must(unix.Chmod(at(d.name), d.mode))
	}
	for _, f := range []struct {
		name string
		mode uint32
	}{
		{"file", 0o644}, {"other", 0o600}, {"fixedfile", 0o444}, {"suid", 0o6755}, {"dir/inner", 0o644}, {"rootfile", 0o644},
		{"open", 0o666}, {"locked/open", 0o666}, {"search/open", 0o666}, {"sticky/roots", 0o666}, {"group/file", 0o660},
		{"setgid/file", 0o664},
	} {
		must(os.WriteFile(at(f.name), []byte("twelve bytes"), 0o600))
		must(unix.Chmod(at(f.name), f.mode))
	}
	must(unix.Mkfifo(at("fifo"), 0o644))
	for link, text := range map[string]string{
		"link": "file", "dlink": "dir", "dslink": "dir/", "dangling": "nowhere", "loop": "loop", "far": "dlink/inner",
		"abs": top + "/file",
	} {
		must(os.Symlink(text, at(link)))
	}
	must(filepath.WalkDir(top, func(p string, _ os.DirEntry, err error) error {
		if err == nil && os.Geteuid() == 0 {
			err = os.Lchown(p, int(w.uid), int(w.gid))
		}
		return err
	}))
	if os.Geteuid() == 0 {
		for _, p := range []string{"roots", "locked", "locked/in", "locked/open", "rootfile", "search", "sticky",
			"sticky/roots", "open", "search/open"} {
			must(os.Lchown(at(p), 0, 0))
		}
		must(os.Lchown(at("group"), 0, 2000))
		must(os.Lchown(at("group/file"), 0, 3000))
		must(os.Lchown(at("setgid"), int(w.uid), 2000))
		must(unix.Chmod(at("setgid"), 0o2775))
		must(unix.Chmod(at("suid"), 0o6755)) // chown takes these bits away
	}
	unix.Setxattr(at("file"), "user.old", []byte("value"), 0) // not every file system has them
	must(filepath.WalkDir(top, func(p string, _ os.DirEntry, err error) error {
		if err == nil {
			err = unix.UtimesNanoAt(unix.AT_FDCWD, p, []unix.Timespec{longAgo, longAgo}, unix.AT_SYMLINK_NOFOLLOW)
		}
		return err
	}))
}

// describe lists a tree: names, types, modes, owners, sizes, links, texts, attributes, and times that were set.
func describe(t testing.TB, top string) string {
	t.Helper()
	var out strings.Builder
	inodes := map[uint64]string{}
	err := filepath.WalkDir(top, func(p string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(p, &st); err != nil {
			return err
		}
		name := strings.TrimPrefix(p, top)
		size := st.Size
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			size = 0
		}
		first, again := inodes[st.Ino]
		if !again {
			inodes[st.Ino], first = name, ""
		}
		text, _ := os.Readlink(p)
		fmt.Fprintf(&out, "%s %o %d:%d %d bytes %d links %q %s dev %d %s %s", name, st.Mode, st.Uid, st.Gid, size,
			uint64(st.Nlink), strings.ReplaceAll(text, top, "TOP"), first, st.Rdev, when(st.Atim), when(st.Mtim))
		buf := make([]byte, 1024)
		if n, err := unix.Llistxattr(p, buf); err == nil {
			names := strings.Split(strings.Trim(string(buf[:n]), "\x00"), "\x00")
			slices.Sort(names)
			for _, attr := range names {
				n, _ := unix.Lgetxattr(p, attr, buf)
				fmt.Fprintf(&out, " %s=%q", attr, buf[:max(n, 0)])
			}
		}
		out.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// when tells times that were set from the present, which is never the same twice.
func when(ts unix.Timespec) string {
	if sec := int64(ts.Sec); sec > 1.7e9 && sec < 4e9 {
		return "now"
	}
	return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec)
}

// difference shows the lines that only one of two texts has.
func difference(native, deputy string) string {
	a, b := strings.Split(native, "\n"), strings.Split(deputy, "\n")
	var out strings.Builder
	for _, l := range a {
		if !slices.Contains(b, l) {
			out.WriteString("  kernel " + l + "\n")
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out.WriteString("  deputy " + l + "\n")
		}
	}
	return out.String()
}
