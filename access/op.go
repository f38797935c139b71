package access

import (
	"fmt"
	"iter"
	"strings"
)

// opNames has every single operation, the narrowest first: where several operations of one access are denied, the
// first of them tells most ("create" rather than "write").
var opNames = [...]struct {
	op   Op
	name string
}{
	{Create, "create"},
	{Delete, "delete"},
	{Attr, "attr"},
	{Exec, "exec"},
	{Write, "write"},
	{Read, "read"},
	{Stat, "stat"},
	{Connect, "connect"},
	{Bind, "bind"},
}

// AllOps is the set of all operations.
const AllOps = Read | Stat | Write | Create | Delete | Attr | Exec | Connect | Bind

// Ops yields the single operations of a set, the narrowest first. It allocates nothing.
func (op Op) Ops() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for i := range opNames {
			if op&opNames[i].op != 0 && !yield(opNames[i].op) {
				return
			}
		}
	}
}

// String returns the operation's name, "read"; a set's names in the order of Ops, "create|write"; "none" for the
// empty set.
func (op Op) String() string {
	var b strings.Builder
	for o := range op.Ops() {
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		b.WriteString(o.name())
	}
	if rest := op &^ AllOps; rest != 0 {
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		fmt.Fprintf(&b, "%#x", uint16(rest))
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

func (op Op) name() string {
	for i := range opNames {
		if opNames[i].op == op {
			return opNames[i].name
		}
	}
	return ""
}

// ParseOp is the reverse of String for the name of an operation, or several joined by '|'.
func ParseOp(s string) (Op, error) {
	var set Op
	for name := range strings.SplitSeq(s, "|") {
		op, ok := lookupOp(name)
		if !ok {
			return 0, fmt.Errorf("unknown operation %q: it must be one of %s", name, opList())
		}
		set |= op
	}
	return set, nil
}

func lookupOp(name string) (Op, bool) {
	for i := range opNames {
		if opNames[i].name == name {
			return opNames[i].op, true
		}
	}
	return 0, false
}

func opList() string {
	names := make([]string, 0, len(opNames))
	for i := range opNames {
		names = append(names, opNames[i].name)
	}
	return strings.Join(names, ", ")
}
