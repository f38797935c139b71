package policy

import (
	"math/bits"

	"sydbox/access"
)

// The sections.
const (
	ReadSection Section = iota
	StatSection
	WriteSection
	CreateSection
	DeleteSection
	AttrSection
	ExecSection
	ConnectSection
	BindSection
)

// sections is how many there are.
const sections = int(BindSection) + 1

var sectionNames = [...]string{"read", "stat", "write", "create", "delete", "attr", "exec", "connect", "bind"}

// String returns the section's key in a policy file.
func (s Section) String() string {
	if int(s) < len(sectionNames) {
		return sectionNames[s]
	}
	return "?"
}

// Op returns the operation that the section is named after.
func (s Section) Op() access.Op { return 1 << s }

// SectionOf returns the section that is named after op, exactly one operation: its rules judge it, together with those of
// [write] for create, delete and attr.
func SectionOf(op access.Op) Section { return Section(bits.TrailingZeros16(uint16(op))) }

// SectionByName returns the section with the given key.
func SectionByName(name string) (Section, bool) {
	for i, n := range sectionNames {
		if n == name {
			return Section(i), true
		}
	}
	return 0, false
}

// refines says that the section narrows [write]: their rules are weighed together.
func (s Section) refines() bool { return s == CreateSection || s == DeleteSection || s == AttrSection }

// judges says whether rules of section s are asked about op's section o.
func (s Section) judges(o Section) bool { return s == o || s == WriteSection && o.refines() }

// policed returns the section of op, and false for what is not exactly one operation.
func policed(op access.Op) (Section, bool) {
	s := SectionOf(op)
	return s, op != 0 && op&(op-1) == 0 && int(s) < sections
}
