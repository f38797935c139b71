package ask

import (
	"fmt"
	"strconv"
	"time"
)

// moment is a time since the start as answers show it: "+3.21s", "+2m03.2s".
func moment(at int64) string { return "+" + span(time.Duration(at)) }

// span is how long something took: "0.004s", "3.21s", "2m03.2s", "1h04m12s".
func span(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0.1:
		return fmt.Sprintf("%.3fs", s)
	case s < 59.995:
		return fmt.Sprintf("%.2fs", s)
	case s < 3599.5:
		tenths := int64(d.Round(100*time.Millisecond) / (100 * time.Millisecond))
		return fmt.Sprintf("%dm%02d.%ds", tenths/600, tenths/10%60, tenths%10)
	default:
		seconds := int64(d.Round(time.Second) / time.Second)
		return fmt.Sprintf("%dh%02dm%02ds", seconds/3600, seconds/60%60, seconds%60)
	}
}

// size is a number of bytes: "512 B", "1.5 MB". The units are powers of 1000.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, units := float64(n), "kMGTPE"
	i := -1
	for f >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	if f < 9.95 {
		return fmt.Sprintf("%.1f %cB", f, units[i])
	}
	return fmt.Sprintf("%.0f %cB", f, units[i])
}

// count is a number of things: "1 file", "3 files", "2 processes".
func count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case thing[len(thing)-1] == 's':
		thing += "es"
	case len(thing) > 1 && thing[len(thing)-1] == 'y' && thing[len(thing)-2] != 'e':
		thing = thing[:len(thing)-1] + "ies"
	default:
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// times is how answers show that something is there n times: "" for once, " ×31".
func times(n int) string {
	if n == 1 {
		return ""
	}
	return " ×" + strconv.Itoa(n)
}
