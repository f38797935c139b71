package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"sydbox/sandbox"
)

// featuresCommand is `sydbox features`.
type featuresCommand struct {
	JSON bool `name:"json" help:"${help_features_json}"`
}

// Run implements the command.
func (c *featuresCommand) Run() error {
	found := sandbox.Probe()
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	_, err := io.WriteString(os.Stdout, featuresText(found))
	return err
}

// featuresText tells a person first what holds here, then why.
func featuresText(f *sandbox.Features) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Linux %s on %s\n\nwhat was judged is what happens\n", f.Kernel, f.Machine)
	width := 0
	for _, p := range f.Pinning {
		width = max(width, len(p.Calls))
	}
	for _, p := range f.Pinning {
		fmt.Fprintf(&out, "  %-*s  %-7s  %s\n", width, p.Calls, p.Word, p.By)
	}
	out.WriteString("\nwhat the kernel has\n")
	width = 0
	for _, feature := range f.Features {
		width = max(width, len(feature.Name))
	}
	for _, feature := range f.Features {
		answer := "yes"
		if !feature.Found {
			answer = "no"
		}
		fmt.Fprintf(&out, "  %-*s  %-3s  %s\n", width, feature.Name, answer, feature.Use)
		detail := feature.Detail
		if !feature.Found {
			detail = strings.TrimPrefix(detail+fmt.Sprintf("; Linux %s and later can have it", feature.Since), "; ")
		}
		if detail != "" {
			fmt.Fprintf(&out, "  %-*s       found: %s\n", width, "", detail)
		}
		if !feature.Found && feature.Without != "" {
			fmt.Fprintf(&out, "  %-*s       lost: %s\n", width, "", feature.Without)
		}
	}
	return out.String()
}
