package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// archive collects the files of an initramfs (newc, Documentation/driver-api/early-userspace/buffer-format.rst). It is
// written here because its devices take root to be made on a disk.
type archive struct {
	entries map[string]entry
	merged  map[string]string // directories that are links to others, so that what is put there goes to those
}

// entry is one file. Devices are told by their numbers.
type entry struct {
	mode         uint32
	data         []byte
	major, minor uint32
}

// Types of st_mode that an archive has (inode(7)).
const (
	modeDir    = 0o040000
	modeFile   = 0o100000
	modeDevice = 0o020000
	modeLink   = 0o120000
)

func newArchive() *archive {
	a := &archive{entries: map[string]entry{}, merged: map[string]string{}}
	for _, d := range []string{"dev", "proc", "sys", "tmp", "root", "etc", "bin", "run"} {
		a.dir(d)
	}
	// Without them init has nowhere to write, and programs fail in odd ways.
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		a.entries["dev/"+name] = entry{mode: modeDevice | 0o666, major: 1, minor: minor}
	}
	a.entries["dev/console"] = entry{mode: modeDevice | 0o600, major: 5, minor: 1}
	a.entries["dev/tty"] = entry{mode: modeDevice | 0o666, major: 5}
	a.entries["dev/ptmx"] = entry{mode: modeDevice | 0o666, major: 5, minor: 2}
	for name, text := range map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nbuilder:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
		"etc/group":  "root:x:0:\nbuilder:x:1000:\nnogroup:x:65534:\n",
		"etc/hosts":  "127.0.0.1 localhost\n::1 localhost\n",
	} {
		a.file(name, []byte(text), 0o644)
	}
	return a
}

// merge makes a directory of the root a link to that of the same name in usr, as Debian has it.
func (a *archive) merge(name string) {
	for old, e := range a.entries {
		if strings.HasPrefix(old, name+"/") {
			delete(a.entries, old)
			a.dir("usr/" + path.Dir(old))
			a.entries["usr/"+old] = e
		}
	}
	a.dir("usr/" + name)
	a.entries[name] = entry{mode: modeLink | 0o777, data: []byte("usr/" + name)}
	a.merged[name] = "usr/" + name
}

// place is where what is put at name really goes.
func (a *archive) place(name string) string {
	first, rest, _ := strings.Cut(name, "/")
	if to := a.merged[first]; to != "" {
		return path.Join(to, rest)
	}
	return name
}

// link adds a symbolic link.
func (a *archive) link(name, target string) {
	name = a.place(name)
	a.dir(path.Dir(name))
	a.entries[name] = entry{mode: modeLink | 0o777, data: []byte(target)}
}

// has says whether there is such an entry.
func (a *archive) has(name string) bool {
	_, there := a.entries[a.place(name)]
	return there
}

// dir adds a directory and those above it.
func (a *archive) dir(name string) {
	for name = a.place(name); name != "." && name != "/"; name = path.Dir(name) {
		if _, there := a.entries[name]; !there {
			a.entries[name] = entry{mode: modeDir | 0o755}
		}
	}
}

func (a *archive) file(name string, data []byte, mode uint32) {
	name = a.place(name)
	a.dir(path.Dir(name))
	a.entries[name] = entry{mode: modeFile | mode, data: data}
}

// copyFile adds a file of this machine's.
func (a *archive) copyFile(name, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	a.file(name, data, uint32(info.Mode().Perm()))
	return nil
}

// copyTree adds a directory with all that is in it, if it is there.
func (a *archive) copyTree(name, from string) error {
	return filepath.WalkDir(from, func(at string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) && at == from {
			return nil
		}
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, at)
		if err != nil {
			return err
		}
		to := path.Join(name, filepath.ToSlash(rest))
		switch {
		case d.IsDir():
			a.dir(to)
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(at)
			if err == nil {
				a.link(to, target)
			}
			return err
		case d.Type().IsRegular():
			return a.copyFile(to, at)
		}
		return nil
	})
}

// write writes the archive, compressed.
func (a *archive) write(to string) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(a.entries))
	for name := range a.entries {
		names = append(names, name)
	}
	sort.Strings(names) // a directory before what is in it
	for i, name := range names {
		if err := put(z, i+1, name, a.entries[name]); err != nil {
			return err
		}
	}
	if err := put(z, 0, "TRAILER!!!", entry{}); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// put writes one entry: a header of hexadecimal numbers, the name and the data, each padded to 4 bytes.
func put(w io.Writer, inode int, name string, e entry) error {
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", inode, e.mode, 0, 0, 1, 0,
		len(e.data), 0, 0, e.major, e.minor, len(name)+1, 0, name)
	for _, part := range []string{header, string(e.data)} {
		if _, err := io.WriteString(w, part+strings.Repeat("\x00", -len(part)&3)); err != nil {
			return err
		}
	}
	return nil
}
