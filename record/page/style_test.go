package page

import (
	"regexp"
	"strings"
	"testing"
)

// plain are classes that need no style of their own: they are found by scripts and tests, or only set apart from
// others.
var plain = map[string]bool{"failed": true, "set": true, "tree-view": true, "summary-view": true, "sort-of": true,
	"timeline-view": true, "files-view": true, "leaf": true, "bar-label": true, "value": true, "label": true}

// TestClassesHaveStyles: an element whose class no style sheet knows is one that was renamed, or lost its style.
func TestClassesHaveStyles(t *testing.T) {
	styled := make(map[string]bool)
	for _, m := range regexp.MustCompile(`\.([a-z][a-z-]*)`).FindAllStringSubmatch(join(styles), -1) {
		styled[m[1]] = true
	}
	elements := regexp.MustCompile(`\bel\(\s*'([a-z0-9]+)((?:\.[a-z-]+)+)'`).FindAllStringSubmatch(join(scripts), -1)
	if len(elements) < 80 {
		t.Fatalf("only %d elements found", len(elements))
	}
	for _, m := range elements {
		for _, class := range strings.Split(m[2], ".")[1:] {
			if !styled[class] && !plain[class] {
				t.Errorf("no style for .%s", class)
			}
		}
	}
	for _, name := range styles {
		if text := source(name); strings.Count(text, "{") != strings.Count(text, "}") {
			t.Errorf("%s is not balanced", name)
		}
	}
}
