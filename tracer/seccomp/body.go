package seccomp

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// body is a row without what cannot matter: the clauses that decide something, and the action where none holds.
type body struct {
	clauses   []clause
	otherwise uint32
	key       string // spells out the clauses; empty if there are none
}

// equal says that both give the same answer to every call.
func (b *body) equal(other *body) bool { return b.key == other.key && b.otherwise == other.otherwise }

type clause struct {
	tests  []syscalls.Test
	action uint32
}

// simplify drops tests that always hold and clauses that never do or that say what would be said without them, so that
// a row tests no argument unless it must.
func simplify(row *syscalls.Row) (body, error) {
	var b body
	var err error
	if b.otherwise, err = action(row.Else); err != nil {
		return b, err
	}
	for i := range row.Clauses {
		act, err := action(row.Clauses[i].Verdict)
		if err != nil {
			return b, err
		}
		tests, possible, err := foldTests(row.Clauses[i].Tests)
		switch {
		case err != nil:
			return b, err
		case !possible:
			continue
		case len(tests) == 0: // always holds: what follows is never asked
			b.otherwise = act
		default:
			b.clauses = append(b.clauses, clause{tests, act})
			continue
		}
		break
	}
	for n := len(b.clauses); n > 0 && b.clauses[n-1].action == b.otherwise; n-- {
		b.clauses = b.clauses[:n-1]
	}
	b.key = keyOf(b.clauses)
	return b, nil
}

// keyOf is the same text for clauses that are the same, and for no others.
func keyOf(clauses []clause) string {
	var key []byte
	for _, c := range clauses {
		for _, t := range c.tests {
			not := byte('=')
			if t.Not {
				not = '!'
			}
			key = append(key, 't', t.Arg, not)
			key = binary.LittleEndian.AppendUint64(key, t.Mask)
			key = binary.LittleEndian.AppendUint64(key, t.Value)
		}
		key = binary.LittleEndian.AppendUint32(append(key, 'a'), uint32(c.action))
	}
	return string(key)
}

// foldTests returns the tests whose outcome depends on the argument; possible is false if the others already fail.
func foldTests(all []syscalls.Test) (tests []syscalls.Test, possible bool, err error) {
	for _, t := range all {
		if t.Arg >= 6 {
			return nil, false, fmt.Errorf("a test of argument %d: calls have arguments 0 to 5", t.Arg)
		}
		switch {
		case t.Value&^t.Mask != 0: // never equal
			if !t.Not {
				return nil, false, nil
			}
		case t.Mask == 0: // always equal
			if t.Not {
				return nil, false, nil
			}
		default:
			tests = append(tests, t)
		}
	}
	return tests, true, nil
}

// body writes what happens to a call whose number was found.
func (p *program) body(b *body) label {
	if len(b.clauses) == 0 {
		return p.ret(b.otherwise)
	}
	key := fmt.Sprintf("%s%x", b.key, b.otherwise)
	if l, ok := p.bodies[key]; ok {
		return l
	}
	next := p.ret(b.otherwise)
	for i := len(b.clauses) - 1; i >= 0; i-- {
		c := &b.clauses[i]
		holds := p.ret(c.action)
		for j := len(c.tests) - 1; j >= 0; j-- {
			holds = p.test(c.tests[j], holds, next)
		}
		next = holds
	}
	p.bodies[key] = next
	return next
}

// test writes one test of an argument, of only those halves that its mask touches.
func (p *program) test(t syscalls.Test, holds, fails label) label {
	if t.Not {
		holds, fails = fails, holds
	}
	low, high := offArgs+8*uint32(t.Arg), offArgs+8*uint32(t.Arg)+4
	if p.bigEndian {
		low, high = high, low
	}
	if mask := uint32(t.Mask >> 32); mask != 0 {
		holds = p.word(high, mask, uint32(t.Value>>32), holds, fails)
	}
	if mask := uint32(t.Mask); mask != 0 {
		holds = p.word(low, mask, uint32(t.Value), holds, fails)
	}
	return holds
}

// word writes the comparison of one 32-bit word of the call's data.
func (p *program) word(offset, mask, value uint32, same, differs label) label {
	if same == differs {
		return same
	}
	if value == 0 || mask == ^uint32(0) || mask == value && bits.OnesCount32(mask) == 1 {
		// What was loaded stays loaded: the next test of the same word need not load it again.
		same, differs = p.pastLoad(same, offset), p.pastLoad(differs, offset)
	}
	var at label
	switch {
	case value == 0:
		at = p.branch(unix.BPF_JSET, mask, differs, same)
	case mask == value && bits.OnesCount32(mask) == 1:
		at = p.branch(unix.BPF_JSET, mask, same, differs)
	default:
		at = p.branch(unix.BPF_JEQ, value, same, differs)
		if mask != ^uint32(0) {
			at = p.mask(mask)
		}
	}
	return p.load(offset, at)
}
