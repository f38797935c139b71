package main

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"syscall"

	"sydbox/access"
	"sydbox/sandbox"
)

// locate says where a path leads for a process in this directory. Directories that do not exist yet are taken for
// ordinary ones: a policy can speak about them.
func locate(unsafePath string, follow bool) (*access.Object, error) {
	o, err := sandbox.Resolve(unsafePath, follow)
	switch {
	case err != nil:
		return nil, err
	case o.Refuse != 0:
		return nil, fmt.Errorf("it has no name in this root: %w", o.Refuse)
	case errors.Is(o.Errno, syscall.ENOENT):
		return missing(unsafePath)
	case o.Errno != 0:
		return nil, o.Errno
	}
	return &o, nil
}

// missing gives a path in a missing directory the name that it would get.
func missing(unsafePath string) (*access.Object, error) {
	base, dir := path.Base(unsafePath), path.Dir(strings.TrimRight(unsafePath, "/"))
	if unsafePath == "" || base == ".." || base == "." || dir == unsafePath {
		return nil, syscall.ENOENT
	}
	parent, err := locate(dir, true)
	if err != nil {
		return nil, err
	}
	if parent.Kind != access.Directory && parent.Kind != access.Missing {
		return nil, syscall.ENOTDIR
	}
	return &access.Object{Path: []byte(path.Join(string(parent.Path), base))}, nil
}
