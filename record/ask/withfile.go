package ask

import (
	"io/fs"
	"path"
	"strings"
	"time"
)

// withFile is a file system with one file more.
type withFile struct {
	fs.FS
	name, text string
}

// Open implements fs.FS.
func (w withFile) Open(name string) (fs.File, error) {
	switch {
	case name == w.name:
		return &textFile{w, strings.NewReader(w.text)}, nil
	case w.FS == nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return w.FS.Open(name)
}

// textFile is that file, open. It is its own fs.FileInfo.
type textFile struct {
	withFile
	*strings.Reader
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *textFile) Close() error               { return nil }
func (f *textFile) Name() string               { return path.Base(f.name) }
func (f *textFile) Size() int64                { return int64(len(f.text)) }
func (f *textFile) Mode() fs.FileMode          { return 0o444 }
func (f *textFile) ModTime() time.Time         { return time.Time{} }
func (f *textFile) IsDir() bool                { return false }
func (f *textFile) Sys() any                   { return nil }
