package show

import (
	"strings"
	"testing"
)

// A script that reads .list[] meets no null; what is left out where it is empty stays so.
func TestJSONLists(t *testing.T) {
	type inner struct {
		List []Bytes `json:"list"`
		Left []int   `json:"left,omitempty"`
	}
	type answer struct {
		Of    []*inner `json:"of"`
		Any   any      `json:"any"`
		None  *inner   `json:"none"`
		Other []int    `json:"-"`
	}
	a := &answer{Of: []*inner{{}, nil}, Any: &inner{}}
	var b strings.Builder
	if err := JSON(&b, a); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(b.String()), "")
	if want := `{"of":[{"list":[]},null],"any":{"list":[]},"none":null}`; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	if a.Other != nil {
		t.Error("a field that is not written was changed")
	}
}
