package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"

	"sydbox/access"
)

// A second matcher of addresses, written from docs/policy.md. It knows an address as a string of bits and looks at every
// rule.

type netOracleRule struct {
	section Section
	layer   int
	action  Action
	text    string

	nets      []string // bits of networks; one without a family is every address
	low, high int
	bound     bool
	local     bool
	any       bool
	host      string
	glob      string // of an abstract name
	family    string
}

func (r *netOracleRule) order() string {
	return fmt.Sprintf("%d %s %s %s", r.layer, r.section, r.action, r.text)
}

// bitsOf writes an address as its family and its bits.
func bitsOf(ip netip.Addr) string {
	var b strings.Builder
	b.WriteString(map[bool]string{true: "4:", false: "6:"}[ip.Is4()])
	for _, octet := range ip.AsSlice() {
		fmt.Fprintf(&b, "%08b", octet)
	}
	return b.String()
}

// netOracleKey says how well a rule matches: the higher, element by element, wins. nil if it does not.
func netOracleKey(r *netOracleRule, q *Query, owned bool) []int {
	a := q.Addr
	const single = 1000
	end := []int{-r.layer, int(r.action)}
	inet := a.IP.IsValid()
	switch {
	case r.family != "":
		return nil
	case r.bound:
		if !owned {
			return nil
		}
		if inet {
			return append([]int{len(bitsOf(a.IP)) - 2 + 1, single * 100}, end...)
		}
		return append([]int{len(a.Abstract), 1}, end...)
	case r.local && !inet:
		return nil
	case r.any || r.local:
		if inet {
			return append([]int{0, single*100 - 65536 + 1}, end...)
		}
		return append([]int{0, 0}, end...)
	case r.glob != "":
		if inet {
			return nil
		}
		// path.Match stops at slashes, of which the names here have none.
		if ok, _ := path.Match(r.glob, string(a.Abstract)); !ok {
			return nil
		}
		literals, exact := 0, 1
		for _, c := range r.glob {
			if strings.ContainsRune("*?", c) {
				exact = 0
			} else {
				literals++
			}
		}
		return append([]int{literals, exact}, end...)
	}
	if !inet || int(a.Port) < r.low || int(a.Port) > r.high {
		return nil
	}
	width := -1
	for _, n := range r.nets {
		if n == "" {
			width = max(width, 0)
		} else if strings.HasPrefix(bitsOf(a.IP), n) {
			width = max(width, len(n)-2+1)
		}
	}
	told := func(h string) bool { return strings.EqualFold(strings.TrimSuffix(h, "."), r.host) }
	if r.host != "" && slices.ContainsFunc(q.Hosts, told) {
		width = len(bitsOf(a.IP)) - 2 + 1
	}
	if width < 0 {
		return nil
	}
	return append([]int{width, single*100 - (r.high - r.low + 1) + 1}, end...)
}

// netOracle returns the names of the rules that win with `bound` and without asking for it.
func netOracle(rules []netOracleRule, s Section, q *Query, owned bool) (winner *netOracleRule) {
	var best []int
	for i := range rules {
		if rules[i].section != s {
			continue
		}
		if key := netOracleKey(&rules[i], q, owned); key != nil && (best == nil || lessInts(best, key)) {
			winner, best = &rules[i], key
		}
	}
	return winner
}

var (
	oracleIPs = []string{
		"127.0.0.1", "127.0.0.2", "10.0.0.1", "10.128.0.1", "10.1.2.3", "172.16.0.1", "172.32.0.1", "192.168.1.1",
		"8.8.8.8", "0.0.0.0",
		"::1", "::", "fc00::1", "fe80::1", "2001:db8::1", "2001:db8::34", "93.184.216.34", "255.255.255.255",
		"169.254.0.1",
	}
	oraclePorts  = []int{0, 1, 22, 79, 80, 81, 443, 514, 1023, 1024, 8080, 65534, 65535}
	oracleHosts  = []string{"example.org", "localhost", "other.test"}
	oracleGlobs  = []string{"*", "a", "ab", "a*", "*b", "a?", "?*", "*a*b*", "??", "abc", "ab*", "*bc"}
	oracleLabels = []string{"", "a", "ab", "b", "abc", "aab", "abab", "xbc", "abx"}
)

// netOracleRuleText makes up a rule.
func netOracleMake(r *rand.Rand, s Section) netOracleRule {
	rule := netOracleRule{section: s, layer: r.IntN(3), action: Action(r.IntN(len(actionNames))), low: 0, high: 65535}
	word := "any"
	switch r.IntN(9) {
	case 0:
		rule.any = true
	case 1:
		if s == ConnectSection {
			word, rule.bound = "bound", true
		} else {
			word, rule.local = "local", true
		}
	case 2:
		rule.glob = oracleGlobs[r.IntN(len(oracleGlobs))]
		word = "abstract:" + rule.glob
	case 3:
		if s == ConnectSection {
			rule.host = []string{"example.org", "localhost"}[r.IntN(2)]
			addrs, _ := someHosts(rule.host)
			for _, ip := range addrs {
				rule.nets = append(rule.nets, bitsOf(ip))
			}
			rule.low = 1 + r.IntN(3)*79
			rule.high = rule.low
			word = fmt.Sprintf("%s:%d", rule.host, rule.low)
			break
		}
		fallthrough
	default:
		network := ""
		switch r.IntN(6) {
		case 0:
			network, rule.nets = "*", []string{""}
		case 1:
			network, rule.nets = "loopback", []string{"4:01111111", bitsOf(netip.MustParseAddr("::1"))}
		case 2:
			network = "private"
			rule.nets = []string{"4:00001010", "4:101011000001", "4:1100000010101000", "6:1111110"}
		default:
			ip := netip.MustParseAddr(oracleIPs[r.IntN(len(oracleIPs))])
			bits := bitsOf(ip)
			length := r.IntN(len(bits) - 1)
			if r.IntN(2) == 0 {
				length = len(bits) - 2
			}
			rule.nets = []string{bits[:2+length]}
			p, _ := ip.Prefix(length)
			network = p.String()
			if length == len(bits)-2 && r.IntN(2) == 0 {
				network = ip.String()
			}
			if ip.Is6() {
				network = "[" + network + "]"
			}
		}
		ports := "*"
		switch r.IntN(4) {
		case 0:
			rule.low = oraclePorts[1+r.IntN(len(oraclePorts)-1)]
			rule.high = rule.low
			ports = fmt.Sprint(rule.low)
		case 1, 2:
			i, j := r.IntN(len(oraclePorts)), r.IntN(len(oraclePorts))
			rule.low, rule.high = oraclePorts[min(i, j)], oraclePorts[max(i, j)]
			ports = fmt.Sprintf("%d-%d", rule.low, rule.high)
		case 3:
			if r.IntN(4) == 0 {
				ports, rule.low, rule.high = "https", 443, 443
			}
		}
		word = network + ":" + ports
	}
	rule.text = word
	return rule
}

type askedOwner struct {
	owned bool
	asked int
}

func (o *askedOwner) Owns(*access.Address) bool { o.asked++; return o.owned }

// compareAddresses makes up rules and addresses and compares the verdicts.
func compareAddresses(t *testing.T, r *rand.Rand) {
	t.Helper()
	var rules []netOracleRule
	var flags []RuleFlag
	var files [2]strings.Builder
	lists := map[string][]string{}
	for range r.IntN(14) {
		rule := netOracleMake(r, ConnectSection+Section(r.IntN(2)))
		rules = append(rules, rule)
		if rule.layer == 0 {
			flags = append(flags, RuleFlag{rule.section.String(), rule.action.String(), rule.text, "--rule"})
			continue
		}
		key := fmt.Sprint(rule.layer, rule.section, rule.action)
		lists[key] = append(lists[key], rule.text)
	}
	for layer := 1; layer <= 2; layer++ {
		b := &files[layer-1]
		b.WriteString("extends = []\n")
		for _, s := range []Section{ConnectSection, BindSection} {
			fmt.Fprintf(b, "[%s]\n", s)
			if layer == 2 && r.IntN(2) == 0 {
				b.WriteString("default = 'allow'\n")
			}
			for a := range actionNames {
				if list := lists[fmt.Sprint(layer, s, Action(a))]; list != nil {
					fmt.Fprintf(b, "%s = ['%s']\n", Action(a), strings.Join(list, "', '"))
				}
			}
		}
	}
	sys := netHost()
	for i := range files {
		addFile(sys, fmt.Sprintf("%d.toml", i+1), files[i].String())
	}
	p, err := Load(sys, Options{Policies: []string{"/2.toml", "/1.toml"}, Rules: flags})
	if err != nil {
		t.Fatal(detail(err))
	}
	rules = withResolver(rules)
	for range 12 {
		compareAddress(t, r, p, rules)
	}
}

// withResolver adds the rules that those about hosts imply: the resolvers of netHost.
func withResolver(rules []netOracleRule) []netOracleRule {
	layer := -1
	for _, r := range rules {
		if r.host != "" && r.action < Mute && (layer < 0 || r.layer < layer) {
			layer = r.layer
		}
	}
	if layer < 0 {
		return rules
	}
	for _, ip := range []string{"127.0.0.53", "fe80::1"} {
		a := netip.MustParseAddr(ip)
		rules = append(rules, netOracleRule{section: ConnectSection, layer: layer, action: Allow, low: 53, high: 53,
			text: netip.AddrPortFrom(a, 53).String(), nets: []string{bitsOf(a)}})
	}
	return rules
}

func compareAddress(t *testing.T, r *rand.Rand, p *Policy, rules []netOracleRule) {
	t.Helper()
	s := ConnectSection + Section(r.IntN(2))
	a := &access.Address{Family: 1, Abstract: []byte(oracleLabels[r.IntN(len(oracleLabels))])}
	if len(a.Abstract) == 0 {
		a.Unnamed = true
	}
	q := &Query{Op: s.Op(), Addr: a}
	if r.IntN(4) > 0 {
		*a = access.Address{IP: netip.MustParseAddr(oracleIPs[r.IntN(len(oracleIPs))])}
		if r.IntN(8) == 0 {
			a.IP = netip.MustParseAddr([]string{"127.0.0.53", "fe80::1"}[r.IntN(2)])
		}
		a.Family = map[bool]uint16{true: 2, false: 10}[a.IP.Is4()]
		a.Port = uint16(oraclePorts[r.IntN(len(oraclePorts))])
		if r.IntN(8) == 0 {
			a.Port = 53
		}
		for range r.IntN(3) {
			host := oracleHosts[r.IntN(len(oracleHosts))]
			if r.IntN(2) == 0 {
				host = strings.ToUpper(host) + "."
			}
			q.Hosts = append(q.Hosts, host)
		}
	}
	owner := &askedOwner{owned: r.IntN(2) == 0}
	q.Owner = owner
	d := p.Decide(q)
	asked := owner.asked
	want, unasked := netOracle(rules, s, q, owner.owned), netOracle(rules, s, q, false)
	say := func(r *netOracleRule) (string, Action) {
		if r == nil {
			return "", p.defaults[s].Action
		}
		return r.order(), r.action
	}
	wantText, wantAction := say(want)
	unaskedText, unaskedAction := say(unasked)
	got := ""
	if !d.Rule.Default {
		got = fmt.Sprintf("%d %s %s %s", d.Rule.Layer, d.Rule.Section, d.Rule.Action, d.Rule.Text)
	}
	ctx := fmt.Sprintf("%s %v hosts %v owned %v\nrules %+v", s, a, q.Hosts, owner.owned, rules)
	switch {
	case d.Action != wantAction:
		t.Fatalf("got %s, want %s: %s", d.Action, wantAction, ctx)
	case got != wantText && (got != unaskedText || wantAction != unaskedAction):
		t.Fatalf("got %q, want %q: %s", got, wantText, ctx)
	case d.Local != (want != nil && want.local && want.action < Mute && !d.Denied()):
		t.Fatalf("Local is %v: %s", d.Local, ctx)
	case d.Action != Allow && !p.Polices(q.Op):
		t.Fatalf("not policed: %s", ctx)
	case d.Local && !p.Polices(q.Op):
		t.Fatalf("a socket that must be narrowed is not policed: %s", ctx)
	case asked > 1 || asked == 1 && wantAction == unaskedAction && owner.owned:
		t.Fatalf("the owner was asked %d times: %s", asked, ctx)
	}
	if e, _ := p.Explain(q); e != d {
		t.Fatalf("Explain says %+v, Decide %+v: %s", e, d, ctx)
	}
	checkLosers(t, p, rules, s, q, owner.owned)
}

// checkLosers compares the list of rules that match with the oracle's, and its order by the winner.
func checkLosers(t *testing.T, p *Policy, rules []netOracleRule, s Section, q *Query, owned bool) {
	t.Helper()
	d, lost := p.Explain(q)
	var got, want []string
	for _, m := range append([]Match{{Rule: d.Rule}}, lost...) {
		if !m.Default {
			got = append(got, fmt.Sprintf("%d %s %s %s", m.Layer, m.Section, m.Action, m.Text))
		}
	}
	for i := range rules {
		if rules[i].section == s && netOracleKey(&rules[i], q, owned) != nil {
			want = append(want, rules[i].order())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("Explain lists\n%q, want\n%q", got, want)
	}
}

func TestAddressesAsTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		compareAddresses(t, r)
	}
}

func FuzzAddresses(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { compareAddresses(t, rand.New(rand.NewPCG(a, b))) })
}
