package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/policy"
	"sydbox/sandbox"
	"sydbox/syscalls"
)

// table brings the tables between markers up to date.
func table(t *testing.T, text string) string {
	t.Helper()
	for name, rows := range map[string]func(*testing.T, string) string{"refusals": refusalTable, "calls": callTable,
		"features": featureTable, "groups": groupTable} {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
		before, rest, ok := strings.Cut(text, begin)
		if !ok {
			continue
		}
		body, after, ok := strings.Cut(rest, end)
		if !ok {
			t.Fatalf("the table %q has no end", name)
		}
		text = before + begin + rows(t, body) + end + after
	}
	return text
}

// refusalTable is policy.Refusals.
func refusalTable(*testing.T, string) string {
	var b strings.Builder
	b.WriteString("| name | errno | what it protects | what does not work |\n| --- | --- | --- | --- |\n")
	for i := range policy.Refusals {
		r := &policy.Refusals[i]
		name := "`" + r.Name + "`"
		if r.Fixed {
			name += " (fixed)"
		}
		errno := "none: the call seems to succeed"
		if r.Errno != 0 {
			errno = unix.ErrnoName(r.Errno)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, errno, r.Why, r.Breaks)
	}
	return b.String()
}

// groupTable is policy.CallGroup.
func groupTable(*testing.T, string) string {
	var b strings.Builder
	b.WriteString("| group | calls |\n| --- | --- |\n")
	for _, name := range policy.CallGroups() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, strings.Join(policy.CallGroup(name), " "))
	}
	return b.String()
}

// featureTable is sandbox.Table.
func featureTable(*testing.T, string) string {
	var b strings.Builder
	b.WriteString("| feature | from | found by | used for | without it | promises then | to have it |\n" +
		"| --- | --- | --- | --- | --- | --- | --- |\n")
	table := sandbox.Table()
	for i := range table {
		f := &table[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n",
			f.Name, f.Since, f.Probe, f.Use, f.Without, f.Promise, f.Remedy)
	}
	return b.String()
}

var words = regexp.MustCompile("`([a-z0-9_]+)`")

// callTable checks a table written by hand: every call that a rule may judge is in one row, whose last column names the
// sections that access says it may need.
func callTable(t *testing.T, body string) string {
	t.Helper()
	needs := demands()
	for line := range strings.Lines(body) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.Contains(line, "`") {
			continue
		}
		said := access.Op(0)
		for _, w := range words.FindAllStringSubmatch(cells[3], -1) {
			op, err := access.ParseOp(w[1])
			if err != nil {
				t.Errorf("row %q: %v", strings.TrimSpace(cells[1]), err)
			}
			said |= op
		}
		for _, w := range words.FindAllStringSubmatch(cells[2], -1) {
			need, ok := needs[w[1]]
			switch {
			case !ok:
				t.Errorf("row %q: %s is twice in the table, or no call that a rule judges", strings.TrimSpace(cells[1]), w[1])
			case need != said:
				t.Errorf("row %q: %s may need %v, the table says %v", strings.TrimSpace(cells[1]), w[1], need, said)
			}
			delete(needs, w[1])
		}
	}
	missing := make([]string, 0, len(needs))
	for name, op := range needs {
		missing = append(missing, fmt.Sprintf("%s (%v)", name, op))
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("the table of calls lacks %s", strings.Join(missing, ", "))
	}
	return body
}

// demands has every call that may need an operation, in any ABI, with all operations that it may need.
func demands() map[string]access.Op {
	needs := make(map[string]access.Op)
	for _, abi := range arch.All() {
		for _, e := range syscalls.All(abi) {
			for _, d := range access.Demands(abi, e.Call) {
				needs[e.Call.Name] |= d.Ops
			}
		}
	}
	return needs
}
