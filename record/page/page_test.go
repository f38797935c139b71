package page

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// embeddedText returns the data that a page carries, as it stands there.
func embeddedText(t testing.TB, page string) string {
	t.Helper()
	_, rest, _ := strings.Cut(page, `<script type="application/json" id="data">`)
	text, _, found := strings.Cut(rest, "</script>")
	if !found {
		t.Fatal("the page has no data")
	}
	return text
}

func embedded(t testing.TB, page string) *data {
	t.Helper()
	d := new(data)
	if err := json.Unmarshal([]byte(embeddedText(t, page)), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReportOfARealBuildIsSmall(t *testing.T) {
	tr := build(t, 500, 1200, 120)
	page := html(t, tr)
	if len(tr.Procs) < 5000 || len(tr.Uses) < 250_000 {
		t.Fatalf("%d processes and %d uses are no large build", len(tr.Procs), len(tr.Uses))
	}
	if len(page) > 8<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	d := embedded(t, page)
	uses := 0
	for _, row := range d.Uses {
		uses += len(row)
	}
	if len(d.PID) != len(tr.Procs) || uses < 3*len(tr.Procs) || d.Head.Exit != 2 || d.Why == "" {
		t.Errorf("%d processes, %d numbers of uses, exit %d, why %q", len(d.PID), uses, d.Head.Exit, d.Why)
	}
}

func TestReportFetchesNothing(t *testing.T) {
	page := html(t, build(t, 3, 8, 5))
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil || !strings.HasPrefix(policy[1], "default-src 'none';") || strings.Contains(policy[1], "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	addresses := regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*["']?([^"' )>]*)`)
	for _, address := range addresses.FindAllStringSubmatch(page, -1) {
		if address[1] != "data:," {
			t.Errorf("the page names %q", address[0])
		}
	}
	for _, danger := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
		"new Function"} {
		if strings.Contains(page, danger) {
			t.Errorf("the page uses %s: a name could become a tag", danger)
		}
	}
}
