// Package page draws a recording: Report writes one self-contained HTML page, Timeline a trace that ui.perfetto.dev and
// chrome://tracing open.
//
// Nothing in a page comes from elsewhere, and its policy forbids the browser to fetch anything. What a tracee chose is
// data: it is quoted as on a terminal, stands in a JSON block where no tag can end it, and becomes text nodes only.
package page

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sydbox/record/trail"
)

//go:embed page.html *.css *.js
var files embed.FS

// The parts of the page, in the order in which they are put together: later scripts use earlier ones.
var (
	styles = []string{"theme.css", "page.css", "details.css", "lists.css", "tables.css", "timeline.css",
		"summary.css"}
	scripts = []string{"text.js", "data.js", "dom.js", "order.js", "lanes.js", "list.js", "summary.js", "tree.js",
		"draw.js", "gestures.js", "timeline.js", "files.js", "network.js", "details.js", "search.js", "page.js"}
)

// Report writes the page of a recording.
func Report(w io.Writer, t *trail.Trail) error {
	data, err := json.Marshal(newData(t)) // escapes <, > and &, and with them every tag
	if err != nil {
		return fmt.Errorf("write the data of the page: %w", err)
	}
	style, script := join(styles), join(scripts)
	page := bufio.NewWriterSize(w, 1<<16)
	for part := range strings.SplitSeq(source("page.html"), "{{") {
		name, rest, found := strings.Cut(part, "}}")
		if !found {
			page.WriteString(part)
			continue
		}
		switch name {
		case "policy":
			page.WriteString("default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " +
				hash(style) + "; script-src " + hash(script))
		case "style":
			page.WriteString(style)
		case "script":
			page.WriteString(script)
		case "data":
			page.Write(data)
		default:
			return fmt.Errorf("page.html has an unknown place {{%s}}", name)
		}
		page.WriteString(rest)
	}
	return page.Flush()
}

// join puts files together, each introduced by its name.
func join(names []string) string {
	var b bytes.Buffer
	for _, name := range names {
		b.WriteString("\n/* " + name + " */\n" + source(name))
	}
	return b.String()
}

func source(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it was compiled in
	}
	return string(text)
}

// hash is how a content security policy names an inline style or script: no other one is obeyed, whoever slips it in.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
