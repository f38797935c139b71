package show

import "strings"

// Table is rows of cells. All cells must be safe already.
type Table struct {
	// Head names the columns; nil for none.
	Head []string
	// Right has a letter for each column: 'r' for one of numbers, flushed right, anything else for one of text.
	Right string
	rows  [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Table writes a table, indented. The last column takes what is left of a line, and goes on in the next where that is
// too little: at a space or after a slash.
func (p *Printer) Table(t *Table, indent int) {
	rows := t.rows
	if t.Head != nil {
		head := make([]string, len(t.Head))
		for i, h := range t.Head {
			head[i] = p.Paint(Faint, h)
		}
		rows = append([][]string{head}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		b.WriteString(strings.Repeat(" ", indent))
		at := indent
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-columns(cell))
			right := i < len(t.Right) && t.Right[i] == 'r'
			switch {
			case right:
				b.WriteString(pad + cell)
			case i == len(row)-1:
				b.WriteString(p.hang(cell, at))
				continue
			default:
				b.WriteString(cell + pad)
			}
			if i < len(row)-1 {
				b.WriteString("  ")
			}
			at += widths[i] + 2
		}
		p.write(strings.TrimRight(b.String(), " ") + "\n")
	}
}

// Wrap writes text that may take several lines, all but the first indented by two more than the first.
func (p *Printer) Wrap(indent int, text string) {
	p.write(strings.Repeat(" ", indent) + p.hang(text, indent) + "\n")
}

// hang breaks text that starts at a column into lines that start two columns further right.
func (p *Printer) hang(text string, at int) string {
	room := p.width - at
	if p.width == 0 || columns(text) <= room {
		return text
	}
	next := min(at+2, max(p.width/2, 2)) // a column far to the right would leave no room at all
	var b strings.Builder
	for columns(text) > room && room > 0 {
		cut := breakAt(text, room)
		if cut <= 0 || cut >= len(text) {
			break
		}
		b.WriteString(strings.TrimRight(text[:cut], " ") + "\n" + strings.Repeat(" ", next))
		text = strings.TrimLeft(text[cut:], " ")
		room = p.width - next
	}
	b.WriteString(text)
	return b.String()
}

// breakAt finds where a line of a width may end: after the last space in it, after the last slash if a space would leave
// more than half of it empty, or else at the first of either behind.
func breakAt(text string, room int) int {
	last, space, n, spaceAt := -1, -1, 0, 0
	for i := 0; i < len(text); {
		if strings.HasPrefix(text[i:], "\x1b[") {
			if end := strings.IndexByte(text[i:], 'm'); end >= 0 {
				i += end + 1
				continue
			}
		}
		size := 1
		for i+size < len(text) && text[i+size]&0xc0 == 0x80 {
			size++
		}
		if n >= room && last >= 0 {
			break
		}
		if text[i] == ' ' {
			space, spaceAt = i+1, n
		}
		if text[i] == ' ' || text[i] == '/' && i > 0 {
			last = i + 1
		}
		i, n = i+size, n+1
	}
	if space >= 0 && spaceAt >= room/2 {
		return space
	}
	return last
}
