package sandbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
	"sydbox/tracer/seccomp"
)

// FuzzPolicyFilter holds the compiled filter of any policy against the policy itself, for calls of every ABI: a call
// runs freely only if nothing that its memory may hold makes it one that a rule forbids. The filter is run as the
// kernel does, and answers as its table says.
func FuzzPolicyFilter(f *testing.F) {
	f.Add([]byte("write"), uint64(1), false)
	f.Add([]byte{0}, uint64(2), true)
	for i := range uint64(12) {
		text := make([]byte, 40)
		r := rand.New(rand.NewPCG(i, 7))
		for j := range text {
			text[j] = byte(r.Uint32())
		}
		f.Add(text, i, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, grammar []byte, seed uint64, gives bool) {
		text := randomPolicy(&chooser{rest: grammar})
		p, err := policy.Load(&policy.System{
			FS: fstest.MapFS{"p.toml": {Data: []byte(text)}}, Cwd: "/w", Home: "/home/a",
			Getenv: func(string) string { return "" },
		}, policy.Options{Policies: []string{"/p.toml"}})
		if err != nil {
			t.Fatalf("the grammar made what is no policy: %v\n%s", err, text)
		}
		r := rand.New(rand.NewPCG(seed, 11))
		abis := machines[r.IntN(len(machines))]
		scoped := r.IntN(2) == 0
		table := p.Filter(abis, policy.FilterOptions{SignalsScoped: scoped})
		if gives {
			table = tracer.WithGive(table)
		}
		prog, err := seccomp.Compile(table)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		k := &kernelFilter{t: t, vm: machineOf(t, prog), policy: p, table: table, text: text, r: r, scoped: scoped}
		for _, abi := range abis {
			if abi.NumberBit != 0 {
				continue // its numbers answer as on a kernel without them
			}
			for _, e := range syscalls.All(abi) {
				k.try(abi, e)
			}
			k.unknown(abi)
		}
	})
}

// machines are the ABIs that one kernel serves together.
var machines = func() (list [][]*arch.ABI) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64", "386", "arm", "loong64", "s390x", "ppc64le", "mips64"} {
		if abis := arch.ForGOARCH(goarch); len(abis) > 0 {
			list = append(list, abis)
		}
	}
	return list
}()

// chooser turns bytes into choices, so that a fuzzer that changes one changes one choice. When they are used up the
// first choice is taken.
type chooser struct{ rest []byte }

func (c *chooser) n(below int) int {
	if len(c.rest) == 0 {
		return 0
	}
	b := int(c.rest[0])
	c.rest = c.rest[1:]
	return b % below
}

func (c *chooser) of(list []string) string { return list[c.n(len(list))] }

var (
	fuzzSections = []string{"write", "read", "stat", "create", "delete", "attr", "exec", "connect", "bind"}
	fuzzActions  = []string{"deny", "allow", "warn", "mute", "kill", "kill-tree"}
	fuzzPatterns = []string{"/v", "/v/**", "**/v", "/w", "/w/*.o", "/v/[ab]", "/", "/**", "$PWD/x", "~/.ssh", "/v/f?",
		"/proc"}
	fuzzPrograms = []string{"dd", "git push", "/bin/dd", "busybox", "sh -c", "curl ..."}
	// fuzzAddresses are rules of both [connect] and [bind], fuzzFamilies of [connect].
	fuzzAddresses = []string{"any", "*:*", "loopback", "private:1-1023", "10.0.0.0/8:443", "[::1]:0-80", "0.0.0.0/0:*", "unix:/v",
		"unix:**/*.o", "unix:/", "abstract:*", "abstract:a*"}
	fuzzFamilies = []string{"family:vsock", "family:inet", "family:unix", "family:netlink", "family:packet"}
	// fuzzPaths are where the names of calls lead.
	fuzzPaths = []string{"/v", "/v/a", "/v/d/x", "/w", "/w/x", "/w/a.o", "/", "/home/a/.ssh/id", "/v/f1", "/etc/v",
		"/proc/7/mem"}
)

// randomPolicy writes a policy: sections with defaults, actions and patterns, and refusals that are lifted.
func randomPolicy(c *chooser) string {
	var b strings.Builder
	b.WriteString("version = 1\n")
	b.WriteString("extends = [" + c.of([]string{"", `"open"`, `"build"`, `"go"`}) + "]\n")
	for _, section := range fuzzSections {
		if c.n(3) == 0 {
			continue
		}
		fmt.Fprintf(&b, "[%s]\n", section)
		if c.n(4) == 1 {
			fmt.Fprintf(&b, "default = %q\n", c.of([]string{"allow", "deny", "mute", "warn"}))
		}
		patterns := fuzzPatterns
		switch section {
		case "exec":
			patterns = fuzzPrograms
		case "connect":
			patterns = slices.Concat(fuzzAddresses, fuzzFamilies, []string{"bound"})
		case "bind":
			patterns = append(slices.Clone(fuzzAddresses), "local")
		}
		for _, action := range fuzzActions {
			if c.n(3) != 1 || section == "exec" && action == "allow" {
				continue
			}
			var list []string
			for range 1 + c.n(3) {
				if p := fmt.Sprintf("%q", c.of(patterns)); !slices.Contains(list, p) {
					list = append(list, p)
				}
			}
			fmt.Fprintf(&b, "%s = [%s]\n", action, strings.Join(list, ", "))
		}
	}
	var lifted []string
	for _, name := range policy.RefusalNames() {
		if c.n(8) == 1 {
			lifted = append(lifted, fmt.Sprintf("%q", name))
		}
	}
	fmt.Fprintf(&b, "[syscalls]\nallow = [%s]\n", strings.Join(lifted, ", "))
	return b.String()
}

// kernelFilter asks the filter about calls, and the policy about all that they may turn out to be.
type kernelFilter struct {
	t      *testing.T
	vm     *bpf.VM
	policy *policy.Policy
	table  *syscalls.Filter
	text   string
	scoped bool // refusals of signals are left out
	r      *rand.Rand
	acc    access.Accesses
}

func (k *kernelFilter) try(abi *arch.ABI, e syscalls.Entry) {
	for range 6 {
		args := k.args()
		verdict := k.table.Judge(abi.Audit, e.Nr, &args)
		if got, want := k.run(abi.Audit, e.Nr, &args), answerOf(verdict); got != want {
			k.t.Fatalf("%s %s(%#x): the filter answers %#x, its table %#x\n%s", abi, e.Call.Name, args, got, want, k.text)
		}
		makes := e.Call.Name == "socket" || e.Call.Name == "socketpair"
		said := policy.Decision{}
		if family := uint32(args[0]); makes && family < 1<<16 {
			said = k.policy.Family(uint16(family))
		}
		if refusal, errno := k.policy.Refuses(abi, e.Call, &args); refusal != nil && !k.scoped && !said.Denied() &&
			verdict != (syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(errno)}) {
			k.t.Fatalf("%s %s(%#x): %s is not refused: %+v\n%s", abi, e.Call.Name, args, refusal.Name, verdict, k.text)
		}
		if verdict.Kind != syscalls.Allow {
			continue
		}
		if said.Action != policy.Allow {
			k.t.Fatalf("%s %s(%#x) runs freely, and is to be %s\n%s", abi, e.Call.Name, args, said.Action, k.text)
		}
		for range 4 {
			if why := k.forbids(abi, e, args); why != "" {
				k.t.Fatalf("%s %s(%#x) runs freely, and may be %s\n%s", abi, e.Call.Name, args, why, k.text)
			}
		}
	}
}

// unknown tries numbers that no table has, and an audit word that the machine has not.
func (k *kernelFilter) unknown(abi *arch.ABI) {
	args := k.args()
	for _, nr := range []uint32{599, 4000_0, 0x3fffffff, 0x7fffffff, ^uint32(0), k.r.Uint32() | 1<<20} {
		if syscalls.Lookup(abi, uint64(nr)) != nil {
			continue
		}
		if got := k.run(abi.Audit, nr, &args); got == unix.SECCOMP_RET_ALLOW || got == unix.SECCOMP_RET_TRACE {
			k.t.Fatalf("%s number %#x: the filter answers %#x\n%s", abi, nr, got, k.text)
		}
	}
	if got := k.run(abi.Audit^0x01000000, 0, &args); got != unix.SECCOMP_RET_KILL_PROCESS {
		k.t.Fatalf("a foreign ABI: the filter answers %#x\n%s", got, k.text)
	}
}

// forbids describes the call under some content of its memory and asks the policy about it; "" if it may be made.
func (k *kernelFilter) forbids(abi *arch.ABI, e syscalls.Entry, args [6]uint64) string {
	if abi.WordSize == 4 {
		for i := range args {
			args[i] = uint64(uint32(args[i]))
		}
	}
	inv := &syscalls.Invocation{ABI: abi, Nr: uint64(e.Nr), Call: e.Call, Args: args}
	world := &someWorld{r: k.r}
	if access.Describe(inv, world, world, &k.acc) != 0 {
		return ""
	}
	for i := range k.acc.N {
		a := &k.acc.List[i]
		for op := range a.Op.Ops() {
			q := &policy.Query{Op: op, Path: a.Object.Path}
			if op&(access.Connect|access.Bind) != 0 {
				if a.Addr.Family == 0 { // listen gives a socket one
					a.Addr.Family, a.Addr.IP = unix.AF_INET, netip.IPv4Unspecified()
				}
				q.Addr = &a.Addr
			}
			if d := k.policy.Decide(q); d.Action != policy.Allow || d.Local {
				return fmt.Sprintf("%s of %s%v: %s", op, a.Object.Path, a.Addr, d.Action)
			}
		}
	}
	if policy.Moves(e.Call.Name) && k.acc.N == 2 {
		from, to := k.acc.List[0].Object.Path, k.acc.List[1].Object.Path
		if k.policy.Launders(from, to, true) {
			return fmt.Sprintf("a move from %s to %s", from, to)
		}
	}
	return ""
}

// args are registers that calls turn on, and their neighbours.
func (k *kernelFilter) args() (args [6]uint64) {
	values := [...]uint64{0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 15, 16, 17, 24, 25, 40, 41, 50, 57, 0x40, 0x41, 0x80, 0x200, 0x241, 0x1000, 0x2000, 0x20000,
		0x80000, 0x200000, 0x410002, 0x5412, 0x40086602, 0xffffff9c, 0xffffffff, 0x1_00000001, 1024, 1040, ^uint64(0)}
	for i := range args {
		args[i] = values[k.r.IntN(len(values))]
		switch k.r.IntN(6) {
		case 0:
			args[i] ^= 1 << k.r.IntN(64)
		case 1:
			args[i] = uint64(k.r.Uint32())
		}
	}
	return args
}

// run gives the filter one call, in the byte order of this machine. The VM reads words big-endian.
func (k *kernelFilter) run(audit, nr uint32, args *[6]uint64) uint32 {
	var data [64]byte
	binary.BigEndian.PutUint32(data[0:], nr)
	binary.BigEndian.PutUint32(data[4:], audit)
	big := binary.NativeEndian.Uint16([]byte{0, 1}) == 1
	for i, v := range args {
		low, high := 16+8*i, 20+8*i
		if big {
			low, high = high, low
		}
		binary.BigEndian.PutUint32(data[low:], uint32(v))
		binary.BigEndian.PutUint32(data[high:], uint32(v>>32))
	}
	result, err := k.vm.Run(data[:])
	if err != nil {
		k.t.Fatal(err)
	}
	if answer := uint32(result); answer&unix.SECCOMP_RET_ACTION_FULL != unix.SECCOMP_RET_TRACE {
		return answer
	}
	return unix.SECCOMP_RET_TRACE // with a number that says whose stop it is
}

func machineOf(t *testing.T, prog []unix.SockFilter) *bpf.VM {
	t.Helper()
	list := make([]bpf.Instruction, len(prog))
	for i, ins := range prog {
		list[i] = bpf.RawInstruction{Op: ins.Code, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}.Disassemble()
	}
	vm, err := bpf.NewVM(list)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// answerOf is what a kernel does upon a verdict (seccomp(2)).
func answerOf(v syscalls.Verdict) uint32 {
	switch v.Kind {
	case syscalls.Allow:
		return unix.SECCOMP_RET_ALLOW
	case syscalls.Trace:
		return unix.SECCOMP_RET_TRACE
	case syscalls.Fail:
		return unix.SECCOMP_RET_ERRNO | uint32(v.Errno)
	case syscalls.Notify:
		return unix.SECCOMP_RET_USER_NOTIF
	}
	return unix.SECCOMP_RET_KILL_PROCESS
}

// someWorld is memory and a file system of which nothing is known: each question gets any answer.
type someWorld struct {
	r    *rand.Rand
	path [3][]byte
}

func (w *someWorld) ReadString(_ uint64, buf []byte) (int, syscall.Errno) {
	return copy(buf, fuzzPaths[w.r.IntN(len(fuzzPaths))]), 0
}

func (w *someWorld) Read(_ uint64, buf []byte) syscall.Errno {
	small := w.r.IntN(2) == 0
	for i := range buf {
		buf[i] = byte(w.r.Uint32())
		if small && i%4 != 0 {
			buf[i] = 0 // flags, lengths and families are small numbers
		}
	}
	return 0
}

func (w *someWorld) Resolve(slot int, _ *access.Name, o *access.Object) {
	kinds := []access.Kind{access.Regular, access.Directory, access.Missing}
	*o = access.Object{Kind: kinds[w.r.IntN(len(kinds))], Dev: 1, Ino: 2}
	w.path[slot] = append(w.path[slot][:0], fuzzPaths[w.r.IntN(len(fuzzPaths))]...)
	o.Path = bytes.Clone(w.path[slot])
}
