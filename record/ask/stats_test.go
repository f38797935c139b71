package ask

import (
	"testing"
	"time"

	"sydbox/event"
)

func TestStats(t *testing.T) {
	s := newScript(t, "sh", "build")
	conf := s.run(1, "sh", "./configure")
	sed := s.run(conf, "sed")
	s.fail(sed, event.OpLook, "/nowhere", "ENOENT").Count = 5
	s.fail(sed, event.OpDelete, "/nowhere", "ENOENT")
	s.end(sed, 1)
	s.end(s.born(conf), 0)
	s.end(conf, 0)
	mk := s.run(1, "make")
	for i := range 3 {
		cc1 := s.run(mk, "cc1", "x\x1b.c")
		s.use(cc1, event.OpRead, "/b/x.c")
		s.use(cc1, event.OpRead, "/b/x.c")
		s.use(cc1, event.OpMake, "/b/x.o")
		s.use(cc1, event.OpMake, "/b/dir").Kind = "dir"
		s.wait(time.Second)
		e := s.end(cc1, 0)
		e.User, e.MaxRSS, e.ReadBytes, e.WriteBytes = int64(i+1)*int64(time.Second), 50e6, 1500, -1
	}
	s.end(mk, 0)
	a := Stats(s.trail(0), "cpu")
	first := a.Programs[0]
	if first.Program != "cc1" || first.Processes != 3 || first.CPU != 6e9 || first.Read != 1 || first.Written != 1 ||
		first.ReadBytes != 4500 || first.WriteBytes != 0 || first.MaxRSS != 50e6 || first.Wall < 3e9 {
		t.Errorf("%+v", first)
	}
	if a.Total.Processes != 8 || a.Total.Failed != 1 || a.Total.Missing != 5 || a.Total.Forks != 1 {
		t.Errorf("%+v", a.Total)
	}
	wants(t, shown(t, a, 100), "runs", "3", "6.00s", "50 MB", "4.5 kB", "cc1", "all", "Phases", "0%", "configure", "100%", "make",
		"Most CPU time", "3.00s", "cc1 #8", `cc1 $'x\033.c'`)
	if by := Stats(s.trail(0), "missing").Programs[0]; by.Program != "sed" || by.Missing != 5 {
		t.Errorf("%+v", by)
	}
	a.Limit = 1
	wants(t, shown(t, a, 100), "3 more programs: --all")
	wants(t, written(t, a), `"program": "cc1"`, `"files_read": 1`, `"lookups_failed"`, `"total"`, `"slowest"`)
}
