package policy

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hardenSettings are the keys of [harden] that are about how a command is started.
type hardenSettings struct {
	capabilities setting[string]
	descriptors  setting[string]
	limits       setting[string]
	keep         setting[[]int]
	umask        setting[int]
	spaces       [namespaces]setting[string]
	bounds       [bounds]setting[uint64]
	mounts       mountSettings
}

// Bound is something of which a process may be given only so much: setrlimit(2).
type Bound uint8

// The bounds.
const (
	BoundCPU    Bound = iota // seconds of CPU time
	BoundAS                  // bytes of address space
	BoundNofile              // the highest descriptor, plus one
	BoundNproc               // processes and threads of the user
	BoundFsize               // bytes in a file
	BoundCore                // bytes in a core file
	bounds
)

var boundKeys = [bounds]string{"limit_cpu", "limit_as", "limit_nofile", "limit_nproc", "limit_fsize", "limit_core"}

func (b Bound) String() string { return boundKeys[b] }

// Hardening is what [harden] says about how a command is started, besides NoNewPrivs, Landlock and NetworkNamespace.
// Levels are "off", "preferred" or "required".
type Hardening struct {
	// Capabilities is how much every capability is to be dropped: "off" unless said.
	Capabilities string
	// Descriptors is how much inherited descriptors above 2 are to be closed, but for those in Keep: "off" unless said.
	Descriptors string
	Keep        []int
	// Umask is the umask; -1 leaves it.
	Umask int
	// Limits are the bounds that are set, and LimitLevel how much they are wanted: "required" unless said.
	Limits     []LimitSetting
	LimitLevel string
	// Namespaces says how much each kind of namespace is wanted: "off" unless said.
	Namespaces [namespaces]string
	// Mounts are the paths of each list of what is mounted over, and MountLevel how much that is wanted: "required" unless
	// said.
	Mounts     [mountLists][]string
	MountLevel string
}

// LimitSetting is a Bound with its value: seconds, bytes, or a number.
type LimitSetting struct {
	Bound Bound
	Value uint64
}

// Hardening returns the part of [harden] that is about how a command is started.
func (p *Policy) Hardening() Hardening {
	s := &p.settings.harden
	h := Hardening{
		Capabilities: s.capabilities.or("off"), Descriptors: s.descriptors.or("off"), Keep: s.keep.value,
		Umask: s.umask.or(-1), LimitLevel: s.limits.or("required"),
		MountLevel: s.mounts.level.or("required"),
	}
	for l := range mountLists {
		h.Mounts[l] = s.mounts.paths(l)
	}
	for n := range namespaces {
		h.Namespaces[n] = s.spaces[n].or("off")
	}
	for b := range bounds {
		if s.bounds[b].set() {
			h.Limits = append(h.Limits, LimitSetting{b, s.bounds[b].value})
		}
	}
	return h
}

func (s *hardenSettings) below(far *hardenSettings) {
	fill(&s.capabilities, &far.capabilities)
	fill(&s.descriptors, &far.descriptors)
	fill(&s.limits, &far.limits)
	fill(&s.keep, &far.keep)
	fill(&s.umask, &far.umask)
	for n := range namespaces {
		fill(&s.spaces[n], &far.spaces[n])
	}
	for b := range bounds {
		fill(&s.bounds[b], &far.bounds[b])
	}
	s.mounts.below(&far.mounts)
}

func (d *decoder) harden(table map[string]any) {
	const prefix = "harden" + keySep
	s := &d.doc.settings
	levels := map[string]*setting[string]{
		"no_new_privs":      &s.noNewPrivs,
		"landlock":          &s.landlock,
		"pinning":           &s.pinning,
		"network_namespace": &s.networkNamespace,
		"capabilities":      &s.harden.capabilities,
		"descriptors":       &s.harden.descriptors,
		"limits":            &s.harden.limits,
		"mounts":            &s.harden.mounts.level,
		"deny_list":         &s.calls.level,
	}
	for n := range namespaces {
		levels[n.String()] = &s.harden.spaces[n]
	}
	for _, name := range d.ordered(table, prefix) {
		key, v := prefix+name, table[name]
		bound, list := slices.Index(boundKeys[:], name), slices.Index(mountKeys[:], name)
		switch {
		case levels[name] != nil:
			d.word(key, v, levelNames, levels[name])
		case bound >= 0:
			d.bound(key, v, Bound(bound))
		case list >= 0:
			d.mounts(key, v, MountList(list))
		case name == "keep_descriptors":
			d.numbers(key, v, &s.harden.keep)
		case name == "umask":
			d.umask(key, v)
		case name == "deny_calls" || name == "keep_calls":
			d.strings(key, v, func(text string, p place) { d.callName(text, p, name == "keep_calls") })
		case name == "deny_errno":
			d.callErrno(key, v)
		default:
			known := append(slices.Sorted(maps.Keys(levels)), boundKeys[:]...)
			known = append(known, mountKeys[:]...)
			known = append(known, "keep_descriptors", "umask", "deny_calls", "keep_calls", "deny_errno")
			d.fail(d.at(key), didYouMean(name, known), "unknown key %q in [harden]", name)
		}
	}
}

// bound reads a limit in the unit that it has.
func (d *decoder) bound(key string, v any, b Bound) {
	to := &d.doc.settings.harden.bounds[b]
	switch b {
	case BoundCPU:
		if t, ok := d.duration(key, v); ok {
			*to = setting[uint64]{uint64((t + time.Second - 1) / time.Second), d.at(key)}
		}
	case BoundNofile, BoundNproc:
		n, ok := v.(int64)
		if !ok || n < 0 {
			d.fail(d.value(key), "write a number without quotes, as in 256", "%s is not a number of things", d.raw(key))
		}
		*to = setting[uint64]{uint64(n), d.at(key)}
	default:
		if n, ok := d.size(key, v); ok {
			*to = setting[uint64]{n, d.at(key)}
		}
	}
}

// duration reads a length of time.
func (d *decoder) duration(key string, v any) (time.Duration, bool) {
	text, isText := v.(string)
	t, err := time.ParseDuration(text)
	if !isText || err != nil || t < 0 {
		d.fail(d.value(key), `write a number with its unit, as in "90s", "10m" or "1h30m"`,
			"%s is not a length of time", d.raw(key))
		return 0, false
	}
	return t, true
}

// size reads a number of bytes, with a unit or without.
func (d *decoder) size(key string, v any) (uint64, bool) {
	switch v := v.(type) {
	case int64:
		if v >= 0 {
			return uint64(v), true
		}
	case string:
		digits := strings.TrimRight(v, "KMGT")
		n, err := strconv.ParseUint(digits, 10, 64)
		shift := uint(0)
		if unit := v[len(digits):]; len(unit) == 1 {
			shift = 10 * uint(strings.Index("KMGT", unit)+1)
		} else if unit != "" {
			break
		}
		if err == nil && n <= math.MaxInt64>>shift {
			return n << shift, true
		}
	}
	d.fail(d.value(key), `write a number of bytes, or one with K, M, G or T behind it, as in "512M"`,
		"%s is not a size", d.raw(key))
	return 0, false
}

// numbers reads descriptors.
func (d *decoder) numbers(key string, v any, to *setting[[]int]) {
	list, ok := v.([]any)
	if !ok {
		d.fail(d.value(key), "write keep_descriptors = [3, 4]", "\"keep_descriptors\" must be an array of numbers, not %s",
			typeName(v))
		return
	}
	keep := []int{}
	for i, item := range list {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			d.fail(d.elem(key, i), "write numbers, as in [3, 4]; 0, 1 and 2 are kept anyway", "this is not a descriptor")
			return
		}
		if n > 2 {
			keep = append(keep, int(n))
		}
	}
	*to = setting[[]int]{keep, d.at(key)}
}

// umask reads an umask, a string because TOML has no numbers like 022.
func (d *decoder) umask(key string, v any) {
	text, isText := v.(string)
	n, err := strconv.ParseUint(text, 8, 16)
	if !isText || err != nil || n > 0o777 {
		d.fail(d.value(key), `write it in octal and in quotes, as in "022"`, "%s is not an umask", d.raw(key))
		return
	}
	d.doc.settings.harden.umask = setting[int]{int(n), d.at(key)}
}

// shownSize writes a number of bytes as a policy does.
func shownSize(n uint64) string {
	units := []string{"", "K", "M", "G", "T"}
	i := 0
	for n != 0 && n%1024 == 0 && i+1 < len(units) {
		n, i = n/1024, i+1
	}
	return fmt.Sprintf("%q", strconv.FormatUint(n, 10)+units[i])
}

// hardening writes what is set of how a command is started.
func (s *show) hardening(p *Policy) {
	set := &p.settings.harden
	level := func(name, value string, at place) {
		if at.src != nil {
			s.line(fmt.Sprintf("%s = %q", name, value), fromPlace(at))
		}
	}
	for n := range namespaces {
		level(n.String(), set.spaces[n].value, set.spaces[n].place)
	}
	s.mounts(&set.mounts)
	level("capabilities", set.capabilities.value, set.capabilities.place)
	level("descriptors", set.descriptors.value, set.descriptors.place)
	if set.keep.set() {
		s.line("keep_descriptors = "+strings.ReplaceAll(fmt.Sprint(set.keep.value), " ", ", "), fromPlace(set.keep.place))
	}
	level("umask", fmt.Sprintf("%03o", set.umask.value), set.umask.place)
	level("limits", set.limits.value, set.limits.place)
	for b := range bounds {
		value, at := set.bounds[b].value, set.bounds[b].place
		switch {
		case at.src == nil:
		case b == BoundCPU:
			level(b.String(), (time.Duration(value) * time.Second).String(), at)
		case b == BoundNofile || b == BoundNproc:
			s.line(fmt.Sprintf("%s = %d", b, value), fromPlace(at))
		default:
			s.line(fmt.Sprintf("%s = %s", b, shownSize(value)), fromPlace(at))
		}
	}
}
