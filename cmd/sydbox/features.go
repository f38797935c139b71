package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"sydbox/policy"
	"sydbox/sandbox"
)

// featuresCommand is `sydbox features`.
type featuresCommand struct {
	JSON    bool   `name:"json" help:"help_features_json"`
	Profile string `placeholder:"NAME" help:"help_features_profile"`
}

// statusUnfit is what it ends with where the profile cannot be run here.
const statusUnfit = 1

// Run implements the command.
func (c *featuresCommand) Run(status *int) error {
	var options policy.Options
	if c.Profile != "" {
		options.Policies = []string{c.Profile}
	}
	pol, err := policy.Load(sandbox.Host(), options)
	if err != nil {
		return err
	}
	found := sandbox.Probe()
	fit := found.For(c.Profile, pol)
	if !fit.Runs {
		*status = statusUnfit
	}
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			*sandbox.Features
			Fit *sandbox.Fit `json:"fit"`
		}{found, fit})
	}
	_, err = io.WriteString(os.Stdout, featuresText(found, fit))
	return err
}

// featuresText tells a person first whether it runs here, then what holds, then why.
func featuresText(f *sandbox.Features, fit *sandbox.Fit) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Linux %s on %s\n", f.Kernel, f.Machine)
	around(&out, f)
	fits(&out, fit)
	out.WriteString("\nwhat was judged is what happens\n")
	width := 0
	for _, p := range f.Pinning {
		width = max(width, len(p.Calls))
	}
	for _, p := range f.Pinning {
		fmt.Fprintf(&out, "  %-*s  %-7s  %s\n", width, p.Calls, p.Word, p.By)
	}
	out.WriteString("\nwhat the kernel has\n")
	width = 0
	for i := range f.Features {
		width = max(width, len(f.Features[i].Name))
	}
	for i := range f.Features {
		writeFeature(&out, &f.Features[i], width)
	}
	return out.String()
}

// writeFeature is a line on what is used, and those on what is missing.
func writeFeature(out *strings.Builder, f *sandbox.Feature, width int) {
	answer := "yes"
	if !f.Found {
		answer = "no"
	}
	fmt.Fprintf(out, "  %-*s  %-3s  %s\n", width, f.Name, answer, f.Use)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(out, "  %-*s       %s: %s\n", width, "", name, text)
		}
	}
	line("found", f.Detail)
	if f.Found {
		return
	}
	line("tried", f.Probe)
	line("from", "Linux "+f.Since+" on")
	line("instead", f.Without)
	line("promise", string(f.Promise))
	line("to have it", f.Remedy)
}

// around says what this process is in and what it may do.
func around(out *strings.Builder, f *sandbox.Features) {
	s, p := &f.Around, &f.Privileges
	where := "no sign of one"
	if s.Kind != "" {
		where = s.Kind + ", it seems: " + strings.Join(s.Signs, "; ")
		if len(s.Against) > 0 {
			where += "; but " + strings.Join(s.Against, " and ")
		}
	}
	fmt.Fprintf(out, "container    %s\n", where)
	fmt.Fprintf(out, "user         %d, group %d; capabilities: %s; no_new_privs is %s\n", p.UID, p.GID, p.CapabilityText(),
		map[bool]string{false: "not set", true: "set already"}[p.NoNewPrivs])
	filters := fmt.Sprintf("%d seccomp filters", s.Filters)
	if s.Filters < 0 {
		filters = "seccomp filters, whose number the kernel does not tell"
	}
	if s.Tracer != 0 {
		filters += fmt.Sprintf("; process %d traces this one", s.Tracer)
	}
	fmt.Fprintf(out, "around it    %s\n", filters)
	fmt.Fprintf(out, "Yama         %s\n", p.YamaMeans())
	fmt.Fprintf(out, "namespaces   of users: %s\n", p.UserNamespacesBy)
}

// fits says whether the profile runs here.
func fits(out *strings.Builder, fit *sandbox.Fit) {
	name := "the default policy"
	if fit.Profile != "" {
		name = fit.Profile
	}
	switch {
	case !fit.Runs:
		fmt.Fprintf(out, "\n%s cannot run here\n", name)
	case len(fit.Lost) > 0:
		fmt.Fprintf(out, "\n%s can run here, with something lost\n", name)
	default:
		fmt.Fprintf(out, "\n%s can run here\n", name)
	}
	for _, list := range []struct {
		word  string
		lacks []sandbox.Lack
	}{{"missing", fit.Missing}, {"lost", fit.Lost}} {
		for _, lack := range list.lacks {
			fmt.Fprintf(out, "  %s: %s", list.word, lack.Feature)
			if lack.Why != "" {
				fmt.Fprintf(out, " (%s)", lack.Why)
			}
			fmt.Fprintf(out, ": %s\n    %s\n", lack.Lost, lack.Remedy)
		}
	}
}
