package policy

import "syscall"

// setDefaults finds what holds for each section where no rule matches, and what its denials return. The section's own word and
// that of [write], where it refines it, are weighed as rules are: the nearer layer, then the narrower section.
func (p *Policy) setDefaults(documents []*document) {
	for s := range sections {
		section := Section(s)
		p.defaults[s] = builtInDefault(section, len(documents))
		p.errnos[s] = errnoRule{errno: syscall.EACCES, name: "EACCES", section: section}
		if section.refines() {
			p.defaults[s].Section, p.errnos[s].section = WriteSection, WriteSection
		}
		for i := len(documents) - 1; i >= 0; i-- {
			p.setFrom(documents[i], i, section, section.refines())
		}
	}
}

// setFrom lets one layer have its word about a section.
func (p *Policy) setFrom(doc *document, layer int, s Section, refines bool) {
	if refines {
		p.setExact(doc, layer, s, WriteSection)
	}
	p.setExact(doc, layer, s, s)
}

func (p *Policy) setExact(doc *document, layer int, s, from Section) {
	for _, e := range doc.defaults {
		if e.section == from {
			r := Rule{Section: from, Action: e.action, Text: e.text, Default: true, Layer: layer, Source: e.place.src.name}
			r.Line, r.Column = e.place.position()
			p.defaults[s] = r
		}
	}
	for _, e := range doc.errnos {
		if e.section == from {
			p.errnos[s] = errnoRule{errnoByName()[e.name], e.name, from, e.place}
		}
	}
}

// builtInDefault is the default that holds where no policy sets one.
func builtInDefault(s Section, layer int) Rule {
	r := Rule{Section: s, Action: Allow, Text: "default", Default: true, Layer: layer, Source: builtIn}
	if s == WriteSection || s.refines() || s.aboutAddresses() {
		r.Action = Deny
	}
	return r
}
