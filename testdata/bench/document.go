package main

import (
	"fmt"
	"os"
	"strings"
)

// The tables go between these.
const (
	tableBegin = "<!-- table: written by make bench -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// insertInto replaces what is between the markers of a Markdown file.
func (r *Report) insertInto(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed, err := between(string(text), r.markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(changed), 0o644)
}

// between puts content where the markers of a text are.
func between(text, content string) (string, error) {
	before, rest, found := strings.Cut(text, tableBegin)
	if !found {
		return "", fmt.Errorf("the marker %q is missing", strings.TrimSpace(tableBegin))
	}
	_, after, found := strings.Cut(rest, tableEnd)
	if !found {
		return "", fmt.Errorf("the marker %q is missing", strings.TrimSpace(tableEnd))
	}
	return before + tableBegin + "\n" + content + "\n" + tableEnd + after, nil
}
