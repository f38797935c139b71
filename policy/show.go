package policy

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Show writes the whole policy: every section with its rules in the order in which they win between equally deep
// matches, each with its source. It reads like a policy file, and what a file cannot say stands in comments.
func (p *Policy) Show(w io.Writer) error {
	s := &show{}
	s.layers(p)
	for i := range sections {
		s.section(p, Section(i))
	}
	s.rest(p)
	_, err := io.WriteString(w, s.b.String())
	return err
}

// show collects lines; those of a block have their comments in one column.
type show struct {
	b     strings.Builder
	block [][2]string
}

// line adds a line to the block.
func (s *show) line(text, comment string) { s.block = append(s.block, [2]string{text, comment}) }

// flush writes the block.
func (s *show) flush() {
	const widest = 60 // a line that is longer has its comment behind it
	width := 0
	for _, l := range s.block {
		if n := columns(l[0]); n <= widest {
			width = max(width, n)
		}
	}
	for _, l := range s.block {
		pad := strings.Repeat(" ", max(width-columns(l[0]), 0))
		fmt.Fprintf(&s.b, "%s%s  # %s\n", l[0], pad, l[1])
	}
	s.block = s.block[:0]
}

func (s *show) layers(p *Policy) {
	s.b.WriteString("# nearest first: " + commandLine)
	for _, l := range p.layers {
		s.b.WriteString(", " + printable(l.doc.src.name))
	}
	s.b.WriteString("\n")
}

// from names a rule's source.
func from(r *Rule) string {
	if r.Line == 0 {
		return printable(r.Source)
	}
	return fmt.Sprintf("%s:%d:%d", printable(r.Source), r.Line, r.Column)
}

// fromPlace names a setting's source; "built in" where nobody set it.
func fromPlace(p place) string {
	if p.src == nil {
		return builtIn
	}
	line, column := p.position()
	return from(&Rule{Source: p.src.name, Line: line, Column: column})
}

func (s *show) section(p *Policy, section Section) {
	d, e := &p.defaults[section], &p.errnos[section]
	if d.Section == section {
		s.line(fmt.Sprintf("default = %q", d.Action), from(d))
	}
	switch {
	case section.aboutAddresses() && e.place.src == nil:
		s.line("# errno", builtInErrno[section])
	case e.section == section:
		s.line(fmt.Sprintf("errno = %q", e.name), fromPlace(e.place))
	}
	for i := range p.rules {
		if r := &p.rules[i]; r.Section == section {
			s.line(fmt.Sprintf("%s = %s", r.Action, quote(r.Text)), from(&r.Rule)+r.meaning())
		}
	}
	for i := range p.leftOut {
		if l := &p.leftOut[i]; l.Section == section {
			s.line(fmt.Sprintf("# %s = %s", l.Action, quote(l.Text)), from(&l.Rule)+", left out: $"+l.variable+" is not set")
		}
	}
	if len(s.block) > 0 {
		fmt.Fprintf(&s.b, "\n[%s]\n", section)
		s.flush()
	}
}

// builtInErrno says what is denied with where a policy names no error.
var builtInErrno = map[Section]string{
	ConnectSection: builtIn + ": ENETUNREACH, ECONNREFUSED for this machine and abstract names, EACCES for paths",
	BindSection:    builtIn + ": EACCES",
}

// meaning is what a rule's pattern stands for here, if that is not what it says.
func (r *rule) meaning() string {
	var means []string
	if r.addr != nil {
		return r.addressMeaning()
	}
	for _, t := range r.targets {
		means = append(means, printable(t.String()))
	}
	if r.pattern == nil {
		if len(means) == 0 {
			return ""
		}
		return ": also " + strings.Join(means, " and ")
	}
	if text := r.pattern.String(); text != r.Text {
		means = append(means, printable(text))
	}
	if r.resolved != nil {
		means = append(means, printable(r.resolved.String()))
	}
	if len(means) == 0 {
		return ""
	}
	return ": " + strings.Join(means, " and ")
}

// quote spells a text as TOML does.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case printable(string(r)) != string(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// rest writes what is not about rules.
func (s *show) rest(p *Policy) {
	if len(p.lifted) > 0 {
		names := make([]string, 0, len(p.lifted))
		for name := range p.lifted {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(a, b) })
		for _, name := range names {
			s.line(fmt.Sprintf("allow = %q", name), fromPlace(p.lifted[name]))
		}
		s.b.WriteString("\n[syscalls]\n")
		s.flush()
	}
	s.line(fmt.Sprintf("landlock = %q", p.Landlock()), fromPlace(p.settings.landlock.place))
	level, obstacle := p.NetworkNamespace()
	note := fromPlace(p.settings.networkNamespace.place)
	if obstacle != nil {
		note += ", left out: " + obstacle.Section.String() + " " + quote(obstacle.Text) + " allows more (" + from(obstacle) + ")"
	}
	s.line(fmt.Sprintf("network_namespace = %q", level), note)
	s.line(fmt.Sprintf("no_new_privs = %q", p.NoNewPrivs()), fromPlace(p.settings.noNewPrivs.place))
	s.line(fmt.Sprintf("pinning = %q", p.Pinning()), fromPlace(p.settings.pinning.place))
	s.hardening(p)
	s.calls(p)
	s.b.WriteString("\n[harden]\n")
	s.flush()

	s.environment(p)
	run := p.Run()
	s.line(fmt.Sprintf("wait = %q", run.Wait), fromPlace(p.settings.wait.place))
	s.line(fmt.Sprintf("timeout = %q", run.Timeout), fromPlace(p.settings.timeout.place))
	if run.Grace > 0 {
		s.line(fmt.Sprintf("grace = %q", run.Grace), fromPlace(p.settings.grace.place))
	}
	if run.Output > 0 {
		s.line("output = "+shownSize(run.Output), fromPlace(p.settings.output.place))
	}
	if p.settings.placement.set() {
		s.line(fmt.Sprintf("placement = %q", run.Placement), fromPlace(p.settings.placement.place))
	}
	s.line(fmt.Sprintf("violation_status = %d", run.ViolationStatus), fromPlace(p.settings.violationStatus.place))
	s.b.WriteString("\n[run]\n")
	s.flush()
}
