package page

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScripts runs the parts of the page's script that do not touch it, in node, on the data of a recording: what is
// drawn is what the recording says. The page in a browser is in chromium_test.go.
func TestScripts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	checks, err := os.ReadFile("testdata/checks.js")
	if err != nil {
		t.Fatal(err)
	}
	code := `"use strict";`
	for _, name := range []string{"text.js", "data.js", "order.js", "lanes.js", "search.js", "files.js"} {
		code += "\n" + source(name)
	}
	script := write("run.js", code+"\n"+string(checks))
	build, hostile := embeddedText(t, html(t, build(t, 30, 40, 8))), embeddedText(t, html(t, hostileTrail(t)))
	cmd := exec.Command("node", script, write("build.json", build), write("hostile.json", hostile))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "checked 2 recordings") {
		t.Errorf("the checks ended early: %s", out)
	}
}
