package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/record/ask"
	"sydbox/record/pkgdb"
)

type inputsQuestion struct {
	question
	Source   []string `sep:"none" placeholder:"DIR" help:"DIR belongs to what is built, too; may be repeated."`
	Declared string   `placeholder:"FILE" help:"Compare with a debian/control, a .dsc or a list of packages."`
	Files    bool     `help:"Show every file, not one of each package."`
	Root     string   `default:"/" placeholder:"DIR" help:"Where the package databases are, if not in /."`
}

// Help implements kong's HelpProvider.
func (q *inputsQuestion) Help() string {
	return "With --declared the status is 1 if something is used and not declared."
}

// Run answers.
func (q *inputsQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	o := ask.InputsOptions{Files: q.Files}
	for _, dir := range q.Source {
		o.Sources = append(o.Sources, whereItLeads(dir))
	}
	if q.Declared != "" {
		if o.Declared, err = os.ReadFile(q.Declared); err != nil {
			return console.WithHints(fmt.Errorf("--declared: %w", err),
				"name a debian/control, a .dsc, or a file with a package on each line")
		}
	}
	if info, err := os.Stat(q.Root); err != nil || !info.IsDir() {
		return fmt.Errorf("--root: %s: %w", event.Quote(q.Root), orNoDirectory(err))
	}
	o.Packages = pkgdb.OpenHost(q.Root)
	return q.answer(ask.Inputs(t, o), status)
}

// whereItLeads is a typed path as recordings have it: absolute and without links, as far as it is there.
func whereItLeads(typed string) string {
	p, err := filepath.Abs(typed)
	if err != nil {
		return typed
	}
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	return p
}

func orNoDirectory(err error) error {
	var path *os.PathError
	switch {
	case err == nil:
		return errors.New("not a directory")
	case errors.As(err, &path):
		return path.Err
	}
	return err
}
