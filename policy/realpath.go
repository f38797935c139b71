package policy

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// resolver finds the other spelling of a pattern. It remembers, so that a thousand rules below one directory ask
// about it once.
type resolver struct {
	realpath func(string) (string, error)
	known    map[string]string // "" for what does not exist
}

func newResolver(sys *System) *resolver {
	return &resolver{realpath: sys.Realpath, known: make(map[string]string)}
}

func (r *resolver) clone() *resolver { return &resolver{r.realpath, maps.Clone(r.known)} }

// real returns the resolved form of an existing path.
func (r *resolver) real(name string) (string, bool) {
	to, asked := r.known[name]
	if !asked {
		if found, err := r.realpath(name); err == nil && path.IsAbs(found) {
			to = path.Clean(found)
		}
		r.known[name] = to
	}
	return to, to != ""
}

// resolve returns p with the longest existing part of its literal beginning resolved; nil if that changes nothing.
func (r *resolver) resolve(p *pattern) *pattern {
	if r.realpath == nil || p.stdio || len(p.comps) > 1 && p.comps[1].kind == compTree {
		return nil
	}
	return r.resolveFirst(p, p.literals())
}

// resolveParent is resolve for a pattern whose last component stays as it is.
func (r *resolver) resolveParent(p *pattern) *pattern {
	if r.realpath == nil || p.stdio {
		return nil
	}
	return r.resolveFirst(p, min(p.literals(), len(p.comps)-1))
}

// resolveFirst resolves among the first components of a pattern.
func (r *resolver) resolveFirst(p *pattern, first int) *pattern {
	names := make([]string, first)
	for i := range names {
		names[i] = p.comps[i].text
	}
	for n := len(names); n > 0; n-- {
		written := "/" + strings.Join(names[:n], "/")
		to, exists := r.real(written)
		if !exists {
			continue
		}
		if to == written {
			return nil
		}
		return &pattern{comps: slices.Concat(ownProc(literalComponents(to)), p.comps[n:])}
	}
	return nil
}

// ownProc turns the /proc/PID of this very process, where a link such as /dev/fd has led through /proc/self, into that of
// the processes of the tree: the rule is theirs, and it must not open the tracer to them.
func ownProc(comps []component) []component {
	if len(comps) > 1 && comps[0].is("proc") && comps[1].kind == compLiteral && isNumber(comps[1].text) {
		comps[1] = component{kind: compTree}
	}
	return comps
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
