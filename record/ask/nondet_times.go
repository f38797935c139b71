package ask

import (
	"encoding/binary"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"sydbox/event"
	"sydbox/record/trail"
)

// dateFormats are the forms that dates have in files: __DATE__ of C, date(1), ISO 8601, RFC 2822, and others that people
// write.
var dateFormats = []string{
	"Jan _2 2006", "Jan 2 2006", "Jan 02 2006", "Jan _2, 2006", "Jan 02, 2006", "January 2, 2006", "January 02, 2006",
	"2 January 2006", "02 January 2006", "2 Jan 2006", "02 Jan 2006", "02-Jan-2006", "2006-01-02", "2006/01/02",
	"20060102", "01/02/2006", "02/01/2006", "02.01.2006", "01/02/06", "Mon Jan _2 ", "Mon 02 Jan ",
}

// sourceDates are the values of SOURCE_DATE_EPOCH that processes were given: these times are meant.
func sourceDates(t *trail.Trail) (dates []int64) {
	add := func(list []string) {
		for _, v := range list {
			if text, ok := strings.CutPrefix(v, "SOURCE_DATE_EPOCH="); ok {
				if n, err := strconv.ParseInt(text, 10, 64); err == nil {
					dates = append(dates, n)
				}
			}
		}
	}
	add(t.Head.Env)
	for _, p := range t.Procs {
		for _, x := range p.Execs {
			add(x.Set)
		}
	}
	return dates
}

// times looks for the days and seconds of the build, but not for those that are meant.
func (s *needles) times(meant []int64) {
	zones := []*time.Location{time.UTC, time.Local}
	known := make(map[string]bool)
	format := func(at int64, f func(string)) {
		for _, zone := range zones {
			for _, layout := range dateFormats {
				f(time.Unix(at, 0).In(zone).Format(layout))
			}
		}
	}
	for _, at := range meant {
		format(at, func(text string) { known[text] = true })
	}
	for at := s.from; ; at = min(at+12*3600, s.to) {
		s.days = append(s.days, time.Unix(at, 0))
		format(at, func(text string) {
			if !known[text] {
				known[text] = true
				s.date(text)
			}
		})
		if at >= s.to {
			break
		}
	}
	s.number(10, 10, 1, meant)
	s.number(10, 13, 1000, meant)
	s.number(8, 11, 1, meant)
	s.zip(meant)
}

// date looks for a date that no digit goes on. One that ends in a space goes on with the time, and has a year.
func (s *needles) date(text string) {
	year := strconv.Itoa(time.Unix(s.from, 0).Year())
	s.list = append(s.list, needle{what: "time", text: []byte(text), check: func(w []byte, at int) int {
		end := at + len(text)
		if at > 0 && isDigit(w[at-1]) && isDigit(text[0]) {
			return 0
		}
		if text[len(text)-1] == ' ' {
			rest := string(w[end:min(end+24, len(w))])
			if i := strings.Index(rest, year); i >= 0 {
				return len(text) + i + len(year)
			}
			return 0
		}
		if end < len(w) && isDigit(w[end]) {
			return 0
		}
		return len(text)
	}})
}

// number looks for seconds since 1970 written in a base with so many digits, as plain text and in archives: ar(5) has
// them in decimal, tar(5) in octal.
func (s *needles) number(base, size int, unit int64, meant []int64) {
	low, high := strconv.FormatInt(s.from*unit, base), strconv.FormatInt(s.to*unit+unit-1, base)
	as := ""
	if base == 8 {
		as = "header of a tar archive"
	}
	if len(low) != size || len(high) != size {
		return
	}
	prefix := 0
	for prefix < size && low[prefix] == high[prefix] {
		prefix++
	}
	if prefix < 4 {
		return
	}
	s.list = append(s.list, needle{what: "time", as: as, text: []byte(low[:prefix]), check: func(w []byte, at int) int {
		end := at + size
		if end > len(w) || at > 0 && isWordByte(w[at-1]) || end < len(w) && isWordByte(w[end]) {
			return 0
		}
		if base == 8 && (end+1 > len(w) || w[end] != 0 && w[end] != ' ') {
			return 0
		}
		n, err := strconv.ParseInt(string(w[at:end]), base, 64)
		if err != nil || n < s.from*unit || n > s.to*unit+unit-1 || slices.Contains(meant, n/unit) {
			return 0
		}
		return size
	}})
}

// zip looks for the time of a member of a zip archive: two words of MS-DOS at the 10th byte of its header, in the zone
// of whoever made it.
func (s *needles) zip(meant []int64) {
	dos := func(at time.Time) uint16 { return uint16((at.Year()-1980)<<9 | int(at.Month())<<5 | at.Day()) }
	days := make(map[uint16]bool)
	for _, zone := range []*time.Location{time.UTC, time.Local} {
		for _, day := range s.days {
			days[dos(day.In(zone))] = true
		}
	}
	for _, at := range meant {
		delete(days, dos(time.Unix(at, 0).UTC()))
	}
	s.list = append(s.list, needle{what: "time", as: "header of a zip archive", text: []byte("PK\x03\x04"),
		check: func(w []byte, at int) int {
			if at+14 > len(w) || !days[binary.LittleEndian.Uint16(w[at+12:])] {
				return 0
			}
			return 14
		}})
}

// temporary looks for the names of temporary files that were made.
func (s *needles) temporary(t *trail.Trail) {
	made := make(map[string]bool)
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Errno == "" && u.Op == event.OpMake && (isDir(u) || strings.Contains(u.Flags, "O_EXCL")) &&
			isTemporaryDir(path.Dir(u.Path)) && !strings.HasPrefix(t.Head.Dir+"/", u.Path+"/") {
			made[u.Path] = true
		}
	}
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/"} {
		s.list = append(s.list, needle{what: "temporary name", text: []byte(dir), check: func(w []byte, at int) int {
			end := at + len(dir)
			for end < len(w) && end < at+4096 && isNameByte(w[end]) && w[end] > ' ' && w[end] < 0x7f {
				end++
			}
			if made[string(w[at:end])] {
				return end - at
			}
			return 0
		}})
	}
}

func isTemporaryDir(dir string) bool { return dir == "/tmp" || dir == "/var/tmp" || dir == "/dev/shm" }
