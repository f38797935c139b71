package ask

import (
	"fmt"
	"net/netip"
	"strings"

	"sydbox/policy"
	"sydbox/record/trail"
)

// systemOf is a system as the recorded command saw it. Names of hosts lead where they led then.
func systemOf(t *trail.Trail, sys policy.System, hosts map[string][]netip.Addr) policy.System {
	env := make(map[string]string, len(t.Head.Env))
	for _, s := range t.Head.Env {
		name, value, _ := strings.Cut(s, "=")
		env[name] = value
	}
	sys.Cwd, sys.Home = t.Head.Dir, env["HOME"]
	sys.Getenv = func(name string) string { return env[name] }
	if realpath := sys.Realpath; realpath != nil { // policies are loaded many times, and all ask the same
		known := make(map[string]realName)
		sys.Realpath = func(path string) (string, error) {
			r, ok := known[path]
			if !ok {
				r.path, r.err = realpath(path)
				known[path] = r
			}
			return r.path, r.err
		}
	}
	sys.LookupHost = func(host string) ([]netip.Addr, error) {
		for name, addrs := range hosts {
			if strings.EqualFold(strings.TrimSuffix(name, "."), strings.TrimSuffix(host, ".")) {
				return addrs, nil
			}
		}
		return nil, fmt.Errorf("the recording does not have its addresses")
	}
	return sys
}

// realName is where a path leads.
type realName struct {
	path string
	err  error
}
