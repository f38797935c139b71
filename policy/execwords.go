package policy

import "strings"

// ExecWords lists the words of every rule of [exec]: its program and what follows, without a final "...". A program that
// is written as a path comes twice, with and without its directories. It is for those who ask what a word that is not
// known yet could change.
func (p *Policy) ExecWords() [][]string {
	var list [][]string
	for i := range p.rules {
		r := &p.rules[i]
		if r.Section != ExecSection {
			continue
		}
		words, problem := splitWords(r.Text)
		if problem != nil || len(words) == 0 {
			continue
		}
		behind := r.words
		if r.open() {
			behind = behind[:len(behind)-1]
		}
		program := strings.ReplaceAll(words[0].text, `\`, "")
		list = append(list, append([]string{program}, behind...))
		if base := program[strings.LastIndexByte(program, '/')+1:]; base != program && base != "" {
			list = append(list, append([]string{base}, behind...))
		}
	}
	return list
}
