package page

// table numbers strings, so that each is written once. How a string is made safe is the table's own.
type table struct {
	safe    func(string) string
	numbers map[string]int // by the raw string
	list    []string       // safe
}

func newTable(safe func(string) string) table {
	return table{safe: safe, numbers: make(map[string]int)}
}

// number returns a string's place in the list.
func (t *table) number(s string) int {
	n, ok := t.numbers[s]
	if !ok {
		n = len(t.list)
		t.numbers[s] = n
		t.list = append(t.list, t.safe(s))
	}
	return n
}
