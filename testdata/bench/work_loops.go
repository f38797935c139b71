package main

import (
	"fmt"
	"os"
)

// singles are loops of one call each: what a stop of each kind costs.
func singles(k *kit) (list []workload) {
	for _, l := range []struct {
		name, mode string
		times      int
		rules      bool
		unpinned   bool
		without    []string
	}{
		{name: "getppid", mode: "getppid", times: 1000000}, // no stop: the filter alone
		{name: "stat", mode: "stat", times: 200000},
		{name: "open for writing, close", mode: "open", times: 5000},
		{name: "open for writing, close, pinning off", mode: "open", times: 5000, unpinned: true},
		{name: "mkdir, rmdir", mode: "mkdir", times: 3000},
		{name: "chmod", mode: "chmod", times: 5000},
		{name: "chmod, pinning off", mode: "chmod", times: 5000, unpinned: true},
		{name: "unlink of what is not there", mode: "unlink", times: 10000},
		{name: "rename", mode: "rename", times: 5000},
		{name: "fork, exit", mode: "fork", times: 2000},
		{name: "thread", mode: "thread", times: 5000},
		{name: "exec", mode: "exec", times: 1000},
		{name: "exec, 10 exec rules", mode: "exec", times: 1000, rules: true},
		{name: "failing exec", mode: "path", times: 10000},
		{name: "failing exec, 10 exec rules", mode: "path", times: 10000, rules: true},
		// Those that look at paths have nothing to say about these.
		{name: "connect", mode: "connect", times: 5000, without: pathTools},
		{name: "sendto, recv", mode: "sendto", times: 5000, without: pathTools},
		{name: "signal", mode: "signal", times: 10000, without: []string{"fakeroot"}},
	} {
		w := workload{
			name: l.name, group: loops, argv: []string{k.path("stops"), l.mode, fmt.Sprint(l.times)}, times: l.times,
			without: l.without, prepare: k.program("stops"), fresh: k.empty,
		}
		if l.rules {
			w.flags, w.prepare = k.rules(10), all(k.program("stops"), k.execRules(10))
		}
		if l.unpinned {
			w.flags, w.prepare = []string{"-p", k.path("unpinned.toml")}, all(k.program("stops"), k.unpinned)
			w.without = everyPeer // they run the same without the flag
		}
		list = append(list, w)
	}
	return list
}

// unpinned writes a policy by which allowed calls are judged and left to the kernel.
func (k *kit) unpinned() error {
	return os.WriteFile(k.path("unpinned.toml"), []byte("[harden]\npinning = \"off\"\n"), 0o644)
}

// everyPeer are all tools that are not ours and do not record.
var everyPeer = []string{"bwrap", "strace %file", "proot", "fakeroot"}

// pathTools look at calls that name paths and at no others.
var pathTools = []string{"strace %file", "proot", "fakeroot"}

// networks are conversations on the loopback. The default profile polices the network: each request connects and is
// judged.
func networks(k *kit) (list []workload) {
	for _, l := range []struct {
		name, mode string
		times      int
		flags      []string
	}{
		{name: "loopback request", mode: "tcp", times: 2000},
		{name: "loopback request, --net", mode: "tcp", times: 2000, flags: []string{"--net"}},
		{name: "UDP ping", mode: "udp", times: 10000},
		{name: "UDP ping, connected", mode: "connected", times: 10000},
	} {
		list = append(list, workload{
			name: l.name, group: network, argv: []string{k.path("loop"), l.mode, fmt.Sprint(l.times)}, times: l.times,
			flags: l.flags, without: pathTools, prepare: k.program("loop"),
		})
	}
	return list
}

// crowds start and end processes beside others that sleep: the cost for each must not grow with their number.
func crowds(k *kit) (list []workload) {
	const times = 500
	for _, n := range []int{1, 100, 1000, 2000} {
		argv := func(times int) []string { return []string{k.path("crowd"), fmt.Sprint(n), fmt.Sprint(times)} }
		list = append(list, workload{
			name: fmt.Sprintf("fork, exec, exit beside %d", n), group: live, argv: argv(times), base: argv(0), times: times,
			without: []string{"bwrap", "proot", "fakeroot"}, // what they add does not depend on it
			prepare: k.program("crowd"),
		})
	}
	return list
}
