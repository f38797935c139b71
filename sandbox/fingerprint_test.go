package sandbox

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// fingerprint tells everything there is to know of a tree but what its directories named in except hold: of every entry
// its inode, type and mode, owner, number of links, size, times, extended attributes and content.
func fingerprint(t *testing.T, root string, except string) map[string]string {
	t.Helper()
	print := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == except {
			return fs.SkipDir
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		content := ""
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%x", sha256.Sum256(text))
		case unix.S_IFLNK:
			if content, err = os.Readlink(path); err != nil {
				return err
			}
		}
		attrs, err := xattrs(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		print[name] = fmt.Sprintf("inode %d mode %o owner %d:%d links %d size %d mtime %d.%09d ctime %d.%09d xattrs %s content %s",
			st.Ino, st.Mode, st.Uid, st.Gid, st.Nlink, st.Size, st.Mtim.Sec, st.Mtim.Nsec, st.Ctim.Sec, st.Ctim.Nsec,
			attrs, content)
		return nil
	})
	if err != nil {
		t.Fatalf("fingerprint: %v", err)
	}
	return print
}

func xattrs(path string) (string, error) {
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buf)
	if err == unix.ENOTSUP {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("list the attributes of %s: %w", path, err)
	}
	names := strings.FieldsFunc(string(buf[:n]), func(r rune) bool { return r == 0 })
	slices.Sort(names)
	var list []string
	for _, name := range names {
		n, err := unix.Lgetxattr(path, name, buf)
		if err != nil {
			return "", fmt.Errorf("read the attribute %s of %s: %w", name, path, err)
		}
		list = append(list, fmt.Sprintf("%s=%q", name, buf[:n]))
	}
	return strings.Join(list, ","), nil
}

// changes lists what differs.
func changes(before, after map[string]string) []string {
	var list []string
	for name, was := range before {
		switch is, ok := after[name]; {
		case !ok:
			list = append(list, name+" is gone")
		case is != was:
			list = append(list, name+" was "+was+", is "+is)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			list = append(list, name+" is new")
		}
	}
	slices.Sort(list)
	return list
}

// plunder lists what an attack has brought home to the directory it may write: the secret, what only stat tells of it, the
// mark of the program that must not run, the word that a refused call reached the kernel, device nodes.
func plunder(t *testing.T, allow, victim string) []string {
	t.Helper()
	var list []string
	var st unix.Stat_t
	_ = unix.Lstat(victim+"/secret", &st) // it may be gone, which shows elsewhere
	modified := fmt.Sprintf("modified at %d ns", st.Mtim.Nsec)
	err := filepath.WalkDir(allow, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, unix.ENAMETOOLONG) {
			return fs.SkipDir // what a trick needed a directory too deep to be named for is not plunder
		}
		if err != nil {
			return err
		}
		switch {
		case d.Type()&fs.ModeDevice != 0:
			// A whiteout, device 0:0, leads nowhere.
			if info, err := d.Info(); err != nil || info.Sys().(*syscall.Stat_t).Rdev != 0 {
				list = append(list, "a device node: "+path)
			}
		case d.Name() == "ran":
			list = append(list, "the program ran")
		case d.Name() == "reached":
			list = append(list, "the call reached the kernel")
		case d.Type().IsRegular() && d.Name() != "secret":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if bytes.Contains(text, []byte(secret)) {
				list = append(list, "the secret is in "+path)
			}
			if bytes.Contains(text, []byte(modified)) {
				list = append(list, "when the secret was modified is in "+path)
			}
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("look for plunder: %v", err)
	}
	return list
}

// TestFingerprint shows that the judge sees every kind of change.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(dir string) error{
		"content":   func(dir string) error { return os.WriteFile(dir+"/file", []byte("other"), 0o644) },
		"mode":      func(dir string) error { return os.Chmod(dir+"/file", 0o600) },
		"same mode": func(dir string) error { return os.Chmod(dir+"/file", 0o644) },
		"owner":     func(dir string) error { return os.Lchown(dir+"/file", os.Getuid(), os.Getgid()) },
		"times":     func(dir string) error { return unix.Utimes(dir+"/file", []unix.Timeval{{Sec: 1}, {Sec: 1}}) },
		"link":      func(dir string) error { return os.Link(dir+"/file", dir+"/../beside") },
		"new":       func(dir string) error { return syscall.Mkfifo(dir+"/fifo", 0o600) },
		"gone":      func(dir string) error { return os.Remove(dir + "/file") },
		"replaced": func(dir string) error {
			if err := os.WriteFile(dir+"/other", []byte("text"), 0o644); err != nil {
				return err
			}
			return os.Rename(dir+"/other", dir+"/file")
		},
		"itself": func(dir string) error { return os.Chmod(dir, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "dir")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir+"/file", []byte("text"), 0o644); err != nil {
				t.Fatal(err)
			}
			settle()
			before := fingerprint(t, dir, "")
			if list := changes(before, fingerprint(t, dir, "")); len(list) != 0 {
				t.Errorf("it changes by being looked at: %s", list)
			}
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			if len(changes(before, fingerprint(t, dir, ""))) == 0 {
				t.Errorf("it goes unseen")
			}
		})
	}
}
