//go:build browser

package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sydbox/record/trail"
)

// The page in a real browser: go test -tags browser ./record/page. With PAGE_PICTURES=DIR, what was seen is kept there.

func saved(t testing.TB, tr *trail.Trail) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(html(t, tr)), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// unharmed fails if anything went wrong on the page, or if it asked for anything but itself.
func (b *browser) unharmed() {
	b.t.Helper()
	for _, s := range b.trouble {
		b.t.Errorf("on the page: %s", s)
	}
	for _, address := range b.requests {
		if !strings.HasPrefix(address, "file://") && !strings.HasPrefix(address, "data:") && address != "about:blank" {
			b.t.Errorf("the page asked for %s", address)
		}
	}
	b.trouble = nil
}

// view shows a part of the page by its address.
func (b *browser) view(place string) {
	b.eval(`location.hash = "` + place + `"; ""`)
	b.settle()
}

// press clicks on the button with a text in a part of the page.
func (b *browser) press(part, text string) {
	b.eval(`[...document.querySelectorAll("` + part + ` button")].
		find(x => x.textContent === "` + text + `").click(); ""`)
}

func (b *browser) expect(what, expression, want string) {
	b.t.Helper()
	if got := b.eval(expression); !strings.Contains(got, want) {
		b.t.Errorf("%s: %q does not have %q", what, got, want)
	}
}

func TestPageInABrowser(t *testing.T) {
	b := newBrowser(t)
	page := saved(t, build(t, 500, 1200, 120))
	b.open(page, 1600, 1000, false)
	b.expect("verdict", `document.querySelector(".verdict").textContent`, "Failed with status 2")
	b.expect("why", `document.querySelector(".why").textContent`, "missing.h")
	b.expect("tabs", `byID("tabs").textContent`, "5,803")
	b.picture("summary")

	b.view("#processes")
	b.expect("tree", `document.querySelector(".tree-view .list").textContent`, "configure")
	b.press(".tree-view", "Open all")
	b.settle()
	b.expect("rows that exist", `document.querySelectorAll(".tree-view .row").length < 80 ? "few" : "many"`, "few")
	b.view("#processes/p1500")
	b.expect("details", `byID("details-body").textContent`, "Ran")
	b.expect("chosen", `document.querySelector(".row.chosen .number").textContent`, "#1500")
	b.picture("processes")
	b.eval(`document.querySelector(".tree-view .list").focus(); ""`)
	b.keys("ArrowDown", "Enter")
	b.expect("the next by keys", `location.hash`, "#processes/p1501")

	b.view("#timeline/p5803")
	b.picture("timeline")
	b.eval(`window.seen = document.querySelector("canvas.lanes").getBoundingClientRect(); ""`)
	top, err := strconv.ParseFloat(b.eval(`seen.top + AXIS + PATH + GAP + 4`), 64)
	if err != nil {
		t.Fatal(err)
	}
	b.click(300, top) // the command itself, in the first lane
	b.expect("clicked", `location.hash`, "#timeline/p1")
	b.eval(`document.querySelector("canvas.lanes").focus(); ""`)
	b.keys("+", "+", "+", "ArrowRight")
	b.expect("zoomed", `String(document.querySelector(".timeline-view .hits").textContent.startsWith("1 min 23 s of"))`,
		"false")
	b.picture("timeline-zoomed")

	b.view("#files")
	b.expect("files", `document.querySelector(".files-view .hits").textContent`, "6,913 paths")
	b.press(".files-view", "Missing")
	b.expect("missing", `document.querySelector(".files-view .list").textContent`, "/usr/include/check0.h")
	b.picture("files")
	b.view("#files/f100")
	b.picture("file")
	b.view("#network")
	b.expect("network", `document.querySelector(".network-view").textContent`, "192.0.2.7:443")
	b.picture("network")

	b.keys("/", "c", "c", "1", " ", "0", "0", "7")
	b.expect("found", `document.querySelector(".results .sum").textContent`, "process")
	b.picture("search")
	b.keys("Enter")
	b.expect("opened", `location.hash`, "#processes/p")
	b.keys("Escape")
	b.expect("closed", `String(byID("details").hidden)`, "true")
	b.unharmed()
	t.Logf("%s ms to load", b.eval(`Math.round(performance.getEntriesByType("navigation")[0].duration)`))
}

func TestPageFitsNarrowAndWideWindows(t *testing.T) {
	b := newBrowser(t)
	page := saved(t, build(t, 60, 100, 30))
	places := []string{"#summary", "#processes/p200", "#timeline/p200", "#files/f20", "#network/p1"}
	for _, width := range []int{1000, 1900} {
		for _, dark := range []bool{false, true} {
			b.open(page, width, 900, dark)
			for _, place := range places {
				b.view(place)
				b.expect(place+" needs no scrolling aside",
					`document.documentElement.scrollWidth > innerWidth ? "too wide" : "fits"`, "fits")
				name := strings.NewReplacer("#", "", "/", "-").Replace(place)
				b.picture(fmt.Sprintf("%s-%d-dark-%t", name, width, dark))
			}
		}
	}
	b.unharmed()
}

func TestHostileNamesInABrowser(t *testing.T) {
	b := newBrowser(t)
	tr := hostileTrail(t)
	b.open(saved(t, tr), 1400, 900, false)
	b.picture("hostile")
	for _, place := range []string{"#processes", "#timeline", "#files", "#network"} {
		b.view(place)
		b.picture("hostile" + strings.Replace(place, "#", "-", 1))
	}
	for _, sort := range []string{"p", "f"} {
		for n := range len(tr.Procs) + 1 {
			b.eval(`location.hash = "#processes/` + sort + strconv.Itoa(n) + `"; ""`)
			b.settle()
		}
	}
	b.picture("hostile-details")
	b.expect("nothing was run", `String(window.broken) + ({}).polluted`, "undefinedundefined")
	b.expect("no element of theirs", `String(document.querySelectorAll("img, main script, aside script").length)`, "0")
	b.keys("/", "_", "_", "p", "r", "o")
	b.expect("found", `document.querySelector(".results .sum").textContent`, "5 files")
	b.unharmed()
}

func TestPageOfNextToNothing(t *testing.T) {
	b := newBrowser(t)
	s := newStory("true")
	b.open(saved(t, s.read(t)), 1200, 800, false)
	b.expect("a warning", `document.querySelector(".warning").textContent`, "cut off")
	for _, place := range []string{"#processes", "#timeline/p1", "#files", "#network", "#summary"} {
		b.view(place)
	}
	s.born(0, "", "")
	b.open(saved(t, s.read(t)), 1200, 800, false)
	for _, place := range []string{"#processes/p1", "#timeline/p1", "#files", "#network", "#summary"} {
		b.view(place)
	}
	b.expect("its end", `byID("verdict").textContent`, "not recorded")
	b.unharmed()
}
