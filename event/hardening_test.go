package event

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHardeningJSON(t *testing.T) {
	h := &Hardening{Time: when, Primitives: []Primitive{
		{Name: "no_new_privs", Level: "required", Status: "applied"},
		{Name: "landlock", Level: "preferred", Status: "failed", Errno: "ENOSYS", Reason: "not \x1b here\xff"},
	}}
	const want = `{"v":1,"type":"hardening","time":"2026-11-22T01:02:03.000004000Z","primitives":[` +
		`{"name":"no_new_privs","level":"required","status":"applied"},{"name":"landlock","level":"preferred",` +
		"\"status\":\"failed\",\"errno\":\"ENOSYS\",\"reason\":\"not \\u001b here\ufffd\",\"reason_b64\":\"bm90IBsgaGVyZf8=\"}]}"
	line := h.AppendJSON(nil)
	if string(line) != want {
		t.Errorf("got\n%s\nwant\n%s", line, want)
	}
	got, err := Parse(line)
	if diff := cmp.Diff(Event(h), got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := Parse([]byte(`{"v":1,"type":"hardening","primitives":[{"name":1}]}`)); err == nil {
		t.Error("a number is taken for a name")
	}
}
