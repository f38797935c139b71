package ask

import (
	"fmt"
	"strings"
	"testing"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// parallel is make with two jobs, of which the second slot's do not matter for how long it took.
const parallel = `
/b
0 #1 born 0
0 #1 exec /b make -j2
10 #2 born 1
10 #2 exec /b cc a.c
11 #3 born 1
11 #3 exec /b cc b.c
30 #3 exit 0
31 #4 born 1
31 #4 exec /b cc c.c
50 #2 exit 0
52 #5 born 1
52 #5 exec /b ld all
55 #6 born 5
55 #6 exec /b collect
70 #6 exit 0
75 #5 exit 0
79 #4 exit 0
80 #1 exit 0
`

func stretches(path []Stretch) string {
	var list []string
	for _, s := range path {
		list = append(list, fmt.Sprintf("#%d %d-%d", s.Proc.ID, s.From/1e6, s.To/1e6))
	}
	return strings.Join(list, ", ")
}

func TestCriticalPathGoesBackFromTheEnd(t *testing.T) {
	tests := []struct{ name, story, want string }{
		{"one process", "/b\n0 #1 born 0\n0 #1 exec /b true\n9 #1 exit 0", "#1 0-9"},
		{"the last to end and the job before it", parallel,
			"#1 0-11, #3 11-30, #1 30-31, #4 31-79, #1 79-80"},
		{"a child of a child", "/b\n0 #1 born 0\n2 #2 born 1\n3 #3 born 2\n7 #3 exit 0\n8 #2 exit 0\n9 #1 exit 0",
			"#1 0-2, #2 2-3, #3 3-7, #2 7-8, #1 8-9"},
		{"a child that outlives its parent is not waited for",
			"/b\n0 #1 born 0\n1 #2 born 1\n2 #3 born 2\n4 #2 exit 0\n8 #3 exit 0\n9 #1 exit 0",
			"#1 0-1, #2 1-4, #1 4-9"},
		{"a daemon that never ends is not waited for", "/b\n0 #1 born 0\n1 #2 born 1\n5 #1 exit 0", "#1 0-5"},
		{"a recording that was cut off", "/b\n0 #1 born 0\n1 #2 born 1\n5 #2 read /b/x", "#1 0-1, #2 1-5"},
		{"nothing at all", "/b", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := stretches(Critical(tell(t, test.story))); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestCriticalPathHasNoHole: whatever the tree, the path is as long as the command took.
func TestCriticalPathHasNoHole(t *testing.T) {
	for seed := range 300 {
		tr := grown(t, uint64(seed))
		path := Critical(tr)
		at := tr.Root().Born
		for _, s := range path {
			if s.From != at || s.To <= s.From || s.From < s.Proc.Born || s.To > Ends(tr)[s.Proc.ID-1] {
				t.Fatalf("seed %d: %s", seed, stretches(path))
			}
			at = s.To
		}
		if at != Ends(tr)[0] {
			t.Fatalf("seed %d: the path ends at %d, the command at %d", seed, at, Ends(tr)[0])
		}
	}
}

func TestOwnTimeIsWithoutChildren(t *testing.T) {
	own := OwnTimes(tell(t, parallel))
	for i, want := range []int64{10 + 1, 40, 19, 48, 8, 15} {
		if own[i]/1e6 != want {
			t.Errorf("#%d: %d ms, want %d", i+1, own[i]/1e6, want)
		}
	}
}

func TestGapsAreWaitsOfAll(t *testing.T) {
	tr := tell(t, `
/b
0 #1 born 0
0 #1 exec /b sh
10 #2 born 1
10 #2 exec /b sleep 3
3010 #2 exit 0
3020 #3 born 1
3020 #3 exec /b cc1 x.c
6020 #3 exit 0
6030 #1 exit 0
`)
	tr.Proc(3).End.User = 2900 * 1e6
	gaps := Gaps(tr)
	if len(gaps) != 1 || gaps[0].From/1e6 != 10 || gaps[0].To/1e6 != 3010 || len(gaps[0].Waiting) != 1 ||
		gaps[0].Waiting[0].ID != 2 {
		t.Errorf("%+v", gaps)
	}
}

func TestTimelineSaysWhereTheTimeWent(t *testing.T) {
	a := Timeline(tell(t, parallel), 2)
	if a.Status() != 0 || len(a.Longest) != 2 || a.Longest[0].Process != 4 || string(a.Programs[0].Name) != "cc" ||
		a.Programs[0].Processes != 2 {
		t.Errorf("%+v", a)
	}
	var text strings.Builder
	a.Text(show.New(&text, 80, false))
	for _, want := range []string{"0.067s  83.8%  ×2  cc", "+0.031s  0.048s  cc #4", "cc a.c"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, &text)
		}
	}
	if Timeline(new(trail.Trail), 3).Path == nil {
		t.Error("JSON would have null for an empty list")
	}
}
