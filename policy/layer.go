package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// layer is a policy that was found, with how it was found.
type layer struct {
	id   string // equal for the same policy
	name string // it was looked up by this name; "" for a file
	rank int    // its place in the search for the name
	dir  string // of a file
	doc  *document
	// named: it is a file that the command line names by its path.
	named bool
}

// library finds policies and puts them in order.
type library struct {
	sys  *System
	docs map[string]*document // by layer id
	// path is the chain of policies that are being read, each extended by the one before.
	path []*layer
	done map[string]bool
	far  []*layer // those that are done, farthest first
}

// defaultPolicy is what holds where no policy is named, and what a file without `extends` extends.
const defaultPolicy = "build"

// maxPolicy bounds a policy file: it keeps /dev/zero from being read.
const maxPolicy = 2 << 20

// order returns the policies of the command line and all that they extend, nearest first. What is reached twice keeps
// its farthest place, so a policy is always nearer than what it extends.
func (l *library) order(names []string) ([]*layer, *Error) {
	if len(names) == 0 {
		names = []string{defaultPolicy}
	}
	for _, name := range names {
		src := &source{name: commandLine, text: "-p " + name, flag: true}
		if err := l.visit(name, place{src, span{len("-p "), len(src.text)}}); err != nil {
			return nil, err
		}
	}
	near := make([]*layer, len(l.far))
	for i, x := range l.far {
		near[len(near)-1-i] = x
	}
	return near, nil
}

// visit adds the named policy behind all that it extends.
func (l *library) visit(name string, p place) *Error {
	x, err := l.find(name, p)
	if err != nil {
		return err
	}
	x.named = len(l.path) == 0 && x.dir != "" && x.name == ""
	if l.done[x.id] {
		return nil
	}
	for i, open := range l.path {
		if open.id == x.id {
			return l.cycle(i, p)
		}
	}
	l.path = append(l.path, x)
	for _, e := range x.doc.extends {
		if err := l.visit(e.name, e.place); err != nil {
			return err
		}
	}
	if !x.doc.bare {
		if err := l.visit(defaultPolicy, place{x.doc.src, span{}}); err != nil {
			return err
		}
	}
	l.path = l.path[:len(l.path)-1]
	l.done[x.id] = true
	l.far = append(l.far, x)
	return nil
}

// cycle is the error for a policy that extends itself: the i-th that is being read.
func (l *library) cycle(i int, p place) *Error {
	var chain strings.Builder
	for _, x := range l.path[i:] {
		chain.WriteString(printable(x.doc.src.name) + " extends ")
	}
	return p.fail("a policy extends itself: "+chain.String()+printable(l.path[i].doc.src.name),
		"take one of them out of `extends`")
}

// find reads the policy that a name means at a place. A name never means a policy of that name that is being read, but the
// next one: so the `build` of a user can extend the one that is shipped.
func (l *library) find(name string, p place) (*layer, *Error) {
	if name == "" {
		return nil, p.fail("the name of a policy is empty", "")
	}
	if strings.Contains(name, "/") || strings.HasSuffix(name, ".toml") {
		return l.file(name, p)
	}
	rank, opened := 0, -1
	for i, x := range l.path {
		if x.name == name && x.rank >= rank {
			rank, opened = x.rank+1, i
		}
	}
	for ; rank < len(l.sys.ConfigDirs); rank++ {
		file := path.Join(l.sys.ConfigDirs[rank], name+".toml")
		x, err := l.read(file, p)
		if err == nil {
			x.name, x.rank = name, rank
			return x, nil
		}
		if !l.absent(file, err.Err) {
			return nil, err
		}
	}
	text, err := profileFiles.ReadFile("profiles/" + name + ".toml")
	if err == nil && rank == len(l.sys.ConfigDirs) {
		x := &layer{id: "embedded " + name, name: name, rank: rank}
		return x, l.parse(x, name, string(text))
	}
	if opened >= 0 {
		return nil, l.cycle(opened, p)
	}
	return nil, p.fail(fmt.Sprintf("there is no policy %q", name), l.suggest(name))
}

// absent says that a file is not there for us: it is missing, or in a directory that this user may not search ($HOME
// kept across a change of user). A file that is there but cannot be read is not absent.
func (l *library) absent(file string, err error) bool {
	if errors.Is(err, fs.ErrPermission) {
		_, err = fs.Stat(l.fs(), fsPath(file))
		return errors.Is(err, fs.ErrPermission)
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// suggest is the hint for the name of no policy.
func (l *library) suggest(name string) string {
	var known []string
	for _, info := range Profiles(l.sys) {
		known = append(known, info.Name)
	}
	if _, err := fs.Stat(l.fs(), fsPath(path.Join(l.dir(), name))); err == nil {
		return fmt.Sprintf("write %q for the file of that name", "./"+name)
	}
	if stem, _, typed := strings.Cut(name, "."); typed {
		if _, err := fs.Stat(l.fs(), fsPath(path.Join(l.dir(), stem+".toml"))); err == nil {
			return fmt.Sprintf("did you mean %q?", stem+".toml")
		}
	}
	return choose(name, known)
}

func (l *library) fs() fs.FS {
	if l.sys.FS == nil {
		return noFiles{}
	}
	return l.sys.FS
}

// noFiles is a file system without files.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// dir is what the name of a file is relative to.
func (l *library) dir() string {
	if n := len(l.path); n > 0 && l.path[n-1].dir != "" {
		return l.path[n-1].dir
	}
	return l.sys.Cwd
}

// file reads the policy in a named file.
func (l *library) file(name string, p place) (*layer, *Error) {
	switch {
	case strings.HasPrefix(name, "~/"):
		home, pr := l.sys.vars().tilde(name)
		if pr != nil {
			return nil, p.failIn(name, pr)
		}
		name = path.Join(home, name[2:])
	case !path.IsAbs(name):
		name = path.Join(l.dir(), name)
	}
	return l.read(path.Clean(name), p)
}

// read reads the policy in the file at an absolute path. The error's cause is that of the file system.
func (l *library) read(file string, p place) (*layer, *Error) {
	x := &layer{id: file, dir: path.Dir(file), rank: -1}
	if x.doc = l.docs[x.id]; x.doc != nil {
		return x, nil
	}
	text, err := l.text(file)
	if err != nil {
		e := p.fail(fmt.Sprintf("cannot read the policy %s: %s", printable(file), reason(err)), "")
		e.Err = err
		return nil, e
	}
	return x, l.parse(x, file, text)
}

// reason is an error without the operation and path that fs.PathError repeats.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func (l *library) text(file string) (string, error) {
	f, err := l.fs().Open(fsPath(file))
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPolicy+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxPolicy {
		return "", fmt.Errorf("it is larger than %d bytes", maxPolicy)
	}
	return string(text), nil
}

// parse fills x.doc.
func (l *library) parse(x *layer, name, text string) *Error {
	if x.doc = l.docs[x.id]; x.doc != nil {
		return nil
	}
	doc, err := parseDocument(newSource(name, text))
	if err != nil {
		return err
	}
	x.doc, l.docs[x.id] = doc, doc
	return nil
}
