package policy

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// filterValues are argument values that tests of calls turn on, and their neighbours.
var filterValues = []uint64{
	0, 1, 2, 3, 4, 5, 8, 9, 10, 15, 16, 17, 35, 38, 0x40, 0x41, 0x80, 0x200, 0x241, 0x2000, 0x20000, 0x800000, 0x10000000,
	0x80000, 0x80001, 0x800 | 2, 0x200000, 0x200041, 0x400000, 0x410002, 0x5412, 0x541c, 0x40086602, 0x20000 | 8, 132,
	262, 6, 14, 25, 32, 40, 41, 50, 57, 62, 76,
	0o100644, 0o020644, 0o060644, 0xffffffff, 0xffffff9c, 0x1_00000001, 0x1_00005412, ^uint64(0),
}

func filterArgs(r *rand.Rand) (args [6]uint64) {
	for i := range args {
		args[i] = filterValues[r.IntN(len(filterValues))]
		if r.IntN(3) == 0 {
			args[i] ^= 1 << r.IntN(64)
		}
	}
	return args
}

func holds(tests []syscalls.Test, args *[6]uint64) bool {
	for _, t := range tests {
		if !t.Holds(args) {
			return false
		}
	}
	return true
}

// writers write to a file by its name.
var writers = []string{"open", "openat", "openat2", "creat", "truncate", "truncate64"}

// wanted says from first principles what the filter must answer to a known call.
func wanted(p *Policy, opt FilterOptions, abi *arch.ABI, call *syscalls.Call, args [6]uint64) syscalls.Verdict {
	if abi.WordSize == 4 {
		for i := range args {
			args[i] = uint64(uint32(args[i]))
		}
	}
	made, makes := access.FamilyName(uint16(args[0])), call.Name == "socket" || call.Name == "socketpair"
	said, known := ruleOnFamily(p, made)
	known = known && makes && uint32(args[0]) < 0x10000
	if known && said >= Mute {
		return syscalls.Verdict{Kind: syscalls.Trace}
	}
	for _, c := range conditionsOf(abi, call) {
		r := LookupRefusal(c.refusal)
		if known && !slices.Contains([]string{"unix", "inet", "inet6"}, made) {
			break // whatever its type and protocol
		}
		if c.signal && opt.SignalsScoped || c.network && p.polices&(access.Connect|access.Bind) == 0 {
			continue
		}
		if _, lifted := p.lifted[c.refusal]; lifted && !r.Fixed || !holds(c.tests, &args) {
			continue
		}
		switch {
		case c.stop:
			return syscalls.Verdict{Kind: syscalls.Trace}
		case c.errno != 0:
			return syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(c.errno)}
		}
		return syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(r.Errno)}
	}
	for _, d := range access.Demands(abi, call) {
		polices := p.polices
		if _, lifted := p.lifted[outsiders]; !lifted && slices.Contains(writers, call.Name) {
			polices |= access.Write // to a file in /proc/PID
		}
		if p.polices&access.Bind != 0 && (call.Name == "connect" || call.Name == "socketcall") {
			polices |= access.Connect // of nobody, which dissolves
		}
		if d.Ops&polices != 0 && holds(d.When, &args) {
			return syscalls.Verdict{Kind: syscalls.Trace}
		}
	}
	if known && said == Warn {
		return syscalls.Verdict{Kind: syscalls.Trace}
	}
	if call.Name == "prctl" && uint32(args[0]) == 15 && p.WatchesApplets() {
		return syscalls.Verdict{Kind: syscalls.Trace}
	}
	stops := Moves(call.Name) || call.Name == "landlock_restrict_self" || call.Name == "landlock_add_rule"
	switch {
	case stops && p.polices&^(access.Connect|access.Bind) != 0,
		stops && p.polices&access.Connect != 0 && p.socketPaths,
		call.Name == "chroot" && p.Polices(access.Exec),
		stops && p.polices != 0 && !Moves(call.Name):
		return syscalls.Verdict{Kind: syscalls.Trace}
	}
	return syscalls.Verdict{}
}

// ruleOnFamily returns what the rules about a family say.
func ruleOnFamily(p *Policy, name string) (Action, bool) {
	for i := range p.rules {
		if r := &p.rules[i]; r.Text == "family:"+name {
			return r.Action, true
		}
	}
	return 0, false
}

// addFamilies gives the policy rules about making sockets.
func addFamilies(p *Policy, r *rand.Rand) {
	for range r.IntN(5) {
		number := []uint16{1, 2, 10, 16, 17, 38, 40, 29, 132}[r.IntN(9)]
		x := rule{Rule: Rule{Section: ConnectSection, Action: Action(r.IntN(len(actionNames))),
			Text: "family:" + access.FamilyName(number)}, addr: &addressPattern{kind: family, family: number}}
		p.rules = append(p.rules, x)
		p.families.add(&x, int32(len(p.rules)-1))
	}
	p.families.build()
}

// The filter stops a call if and only if a rule could deny what it needs; and it refuses what is not lifted, before
// that.
func FuzzFilter(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		p := filterPolicy(access.Op(r.Uint32()) & access.AllOps)
		if r.IntN(2) == 0 {
			p.exec = execRules{denies: true, bare: map[string]bool{"dd": true}}
		}
		for _, name := range RefusalNames() {
			if r.IntN(4) == 0 {
				p.lifted[name] = place{}
			}
		}
		addFamilies(p, r)
		p.socketPaths = r.IntN(2) == 0
		abi := arch.All()[r.IntN(len(arch.All()))]
		opt := FilterOptions{SignalsScoped: r.IntN(2) == 0}
		filter := p.Filter([]*arch.ABI{abi}, opt)
		for _, e := range syscalls.All(abi) {
			for range 8 {
				args := filterArgs(r)
				want := wanted(p, opt, abi, e.Call, args)
				if abi == arch.X32 {
					want = syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(syscall.ENOSYS)}
				}
				if got := filter.Judge(abi.Audit, e.Nr, &args); got != want {
					t.Fatalf("%s %s(%#x), polices %s, lifted %v: filter says %+v, want %+v",
						abi, e.Call.Name, args, p.polices, p.lifted, got, want)
				}
			}
		}
	})
}
