package policy

// byteSet is a set of bytes: a class of a pattern.
type byteSet [4]uint64

func (b *byteSet) add(c byte)      { b[c>>6] |= 1 << (c & 63) }
func (b *byteSet) has(c byte) bool { return b[c>>6]&(1<<(c&63)) != 0 }

// invert keeps the slash out: a class never matches it.
func (b *byteSet) invert() {
	for i := range b {
		b[i] = ^b[i]
	}
	b['/'>>6] &^= 1 << ('/' & 63)
}

// tokenKind is what one element of a pattern matches.
type tokenKind uint8

const (
	literal tokenKind = iota // itself
	any1                     // `?`: any byte of a component
	star                     // `*`: any bytes of a component, none too
	class                    // `[...]`
	slash                    // the border between components
)

// token is one element of a pattern.
type token struct {
	kind tokenKind
	b    byte
	set  *byteSet
	at   int // its offset in the pattern's text
}

// glob is a component with wildcards.
type glob struct {
	tokens []token
	// prefix and suffix are the literal text around the wildcards.
	prefix, suffix string
	// literals says that there is a literal character at all, so that a match counts for depth.
	literals bool
}

// literalCount is how many characters stand for themselves.
func (g *glob) literalCount() int {
	n := 0
	for i := range g.tokens {
		if g.tokens[i].kind == literal {
			n++
		}
	}
	return n
}

func newGlob(tokens []token) *glob {
	g := &glob{tokens: tokens}
	first, last := 0, len(tokens)
	for first < last && tokens[first].kind == literal {
		first++
	}
	for last > first && tokens[last-1].kind == literal {
		last--
	}
	g.prefix, g.suffix = literalText(tokens[:first]), literalText(tokens[last:])
	for _, t := range tokens {
		g.literals = g.literals || t.kind == literal
	}
	return g
}

func literalText(tokens []token) string {
	b := make([]byte, len(tokens))
	for i, t := range tokens {
		b[i] = t.b
	}
	return string(b)
}

// match says whether the glob matches a whole component. Its cost is bounded by the product of the lengths: only the last
// star is ever tried again.
func (g *glob) match(c []byte) bool {
	t, i := 0, 0
	starAt, from := -1, 0
	for i < len(c) {
		if t < len(g.tokens) {
			if g.tokens[t].kind == star {
				starAt, from = t, i
				t++
				continue
			}
			if g.tokens[t].matches(c[i]) {
				t++
				i++
				continue
			}
		}
		if starAt < 0 {
			return false
		}
		from++
		t, i = starAt+1, from
	}
	for t < len(g.tokens) && g.tokens[t].kind == star {
		t++
	}
	return t == len(g.tokens)
}

func (t *token) matches(c byte) bool {
	switch t.kind {
	case literal:
		return t.b == c
	case any1:
		return true
	case class:
		return t.set.has(c)
	}
	return false
}

// key is equal for globs that match the same way, however they are spelled.
func (g *glob) key() string {
	b := make([]byte, 0, 2*len(g.tokens))
	for _, t := range g.tokens {
		b = append(b, byte(t.kind), t.b)
		if t.set != nil {
			for _, word := range t.set {
				for shift := 0; shift < 64; shift += 8 {
					b = append(b, byte(word>>shift))
				}
			}
		}
	}
	return string(b)
}
