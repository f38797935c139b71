package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// marked says whether the denied program has done its thing.
func marked(w string) bool {
	_, dd := os.Lstat(w + "/MARK")
	_, push := os.Lstat(w + "/o.git/refs/heads/main")
	return dd == nil || push == nil
}

// TestMultiCallTable runs the command lines by which a program can be reached in a bundle of programs, in a copy, by a
// link, a loader, a descriptor, a script or another program.
func TestMultiCallTable(t *testing.T) {
	t.Parallel()
	b := newBundles(t)
	for _, group := range []struct {
		deny string
		rows []multiCallRow
	}{{"dd", ddRows}, {"git push", gitRows}} {
		policy := b.policy(t, strings.ReplaceAll(group.deny, " ", "-"), group.deny)
		rule := "[exec] deny " + group.deny
		if strings.Contains(group.deny, " ") {
			rule = fmt.Sprintf("[exec] deny %q", group.deny)
		}
		for _, row := range group.rows {
			for _, uid := range users() {
				name := row.name + "/" + userName(uid)
				t.Run(name, func(t *testing.T) {
					w := filepath.Join(b.dir, strings.NewReplacer("/", "-", " ", "-").Replace(name))
					b.check(t, &row, rule, policy, w, uid)
				})
			}
		}
	}
}

// check shows what the row does without a box, then what it does in one: as the first command, and from inside.
func (b *bundles) check(t *testing.T, row *multiCallRow, rule, policy, w string, uid int) {
	run := func(box func([]string) []string) (outcome, bool) {
		b.scratch(t, w, uid, row.prepare)
		defer removeAll(t, w)
		dir := w
		if row.dir != "" {
			dir = filepath.Join(w, row.dir)
		}
		j := job{argv: box(b.command(row.line, w)), dir: dir, uid: uid}
		result := j.run(t)
		return result, marked(w)
	}
	native, won := run(func(command []string) []string { return command })
	switch {
	case row.want == denied && !won && !row.markless:
		t.Fatalf("%s does not do its thing without the box: status %d\n%s", row.line, native.status, native.stderr)
	case row.want != denied && won:
		t.Fatalf("%s leaves a mark without the box", row.line)
	}
	for _, inside := range []bool{false, true} {
		where := "as the command"
		if inside {
			where = "from inside"
		}
		boxed, won := run(func(command []string) []string { return b.sandboxed(policy, inside, command) })
		says := strings.Contains(boxed.stderr, "sydbox: ") && strings.Contains(boxed.stderr, rule)
		switch {
		case won:
			t.Errorf("%s: %s ESCAPED\n%s", where, row.line, boxed.stderr)
		case boxed.hung || boxed.status == 125:
			t.Errorf("%s: %s: the box failed: status %d\n%s", where, row.line, boxed.status, boxed.stderr)
		case row.want == denied && !says:
			t.Errorf("%s: %s: no denial by %s is told: status %d\n%s", where, row.line, rule, boxed.status, boxed.stderr)
		case row.want == denied && row.keeps != "" && !strings.Contains(boxed.stdout, row.keeps):
			t.Errorf("%s: %s: what else it does is gone: status %d, want %q in\n%s%s", where, row.line, boxed.status,
				row.keeps, boxed.stdout, boxed.stderr)
		case row.want == allowed &&
			(boxed.status != native.status || steady(boxed.stdout) != steady(native.stdout) || says):
			t.Errorf("%s: %s differs: status %d, natively %d\n%s%s", where, row.line, boxed.status, native.status,
				boxed.stderr, difference(native.stdout, boxed.stdout))
		}
	}
}

var address = regexp.MustCompile(`\(0x[0-9a-f]+\)`)

// steady leaves out what is another in each run: the addresses that a loader lists.
func steady(output string) string { return address.ReplaceAllString(output, "") }

// difference shows two outputs that differ.
func difference(native, boxed string) string {
	if native == boxed {
		return ""
	}
	return fmt.Sprintf("natively:\n%.2000s\nin the box:\n%.2000s", native, boxed)
}
