package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ipv6 reads what stands in brackets.
func (t *addressParser) ipv6(x *addressPattern, host part) *problem {
	addr, length, hasLength := strings.Cut(host.text, "/")
	rest := t.text[host.off+len(host.text)+1:] // with its colon
	if name, zone, ok := strings.Cut(addr, "%"); ok {
		return &problem{host.off + len(name), len(zone) + 1, "an address in a rule has no zone",
			fmt.Sprintf("write %q: it holds on every interface", "["+name+"]"+rest)}
	}
	ip, err := netip.ParseAddr(addr)
	switch {
	case err != nil:
		return part{addr, host.off}.fail(fmt.Sprintf("%q is not an IPv6 address", printable(addr)),
			"only an IPv6 address stands in brackets")
	case ip.Is4():
		return host.fail("an IPv4 address has no brackets", fmt.Sprintf("write %q", host.text+rest))
	case ip.Is4In6():
		return part{addr, host.off}.fail("the kernel takes this address for an IPv4 one", fmt.Sprintf("write %q",
			ip.Unmap().String()+rest))
	case !hasLength:
		x.nets = []netip.Prefix{netip.PrefixFrom(ip, 128)}
		return nil
	}
	bits, pr := t.length(part{length, host.off + len(addr) + 1}, 128)
	if pr != nil {
		return pr
	}
	spell := func(p netip.Prefix) string { return "[" + p.String() + "]" + rest }
	return t.prefix(x, ip, bits, host, "["+ip.String()+"]"+rest, spell)
}

// ipv4 reads digits, dots and slashes.
func (t *addressParser) ipv4(x *addressPattern, host part) *problem {
	addr, length, hasLength := strings.Cut(host.text, "/")
	rest := t.text[len(host.text):]
	if strings.Contains(addr, "*") {
		return host.fail("an address has no wildcards", starHint(addr, rest))
	}
	octets := strings.Split(strings.TrimSuffix(addr, "."), ".")
	off := 0
	for _, o := range octets {
		n, err := strconv.Atoi(o)
		here := part{o, off}
		switch {
		case err != nil:
			return host.fail(fmt.Sprintf("%q is not an IPv4 address", host.text), addressHint)
		case n > 255:
			return here.fail("a number of an IPv4 address is at most 255", "")
		case len(o) > 1 && o[0] == '0':
			return here.fail("a number of an IPv4 address has no leading zero, which may mean octal",
				fmt.Sprintf("write %d for decimal %[1]d", n))
		}
		off += len(o) + 1
	}
	if len(octets) != 4 || strings.HasSuffix(addr, ".") {
		hint := addressHint
		if len(octets) < 4 {
			hint = fmt.Sprintf("write %q for that network", padded(octets, length)+rest)
		}
		return part{addr, 0}.fail("an IPv4 address has four numbers", hint)
	}
	ip := netip.MustParseAddr(addr)
	if !hasLength {
		x.nets = []netip.Prefix{netip.PrefixFrom(ip, 32)}
		return nil
	}
	if mask, err := netip.ParseAddr(length); err == nil && mask.Is4() {
		return part{length, len(addr) + 1}.fail("a network is written with its length, not with a mask",
			maskHint(ip, mask, rest))
	}
	bits, pr := t.length(part{length, len(addr) + 1}, 32)
	if pr != nil {
		return pr
	}
	return t.prefix(x, ip, bits, host, addr+rest, func(p netip.Prefix) string { return p.String() + rest })
}

// starHint turns 10.1.*.* into 10.1.0.0/16.
func starHint(addr, rest string) string {
	head, _, _ := strings.Cut(addr, ".*")
	octets := strings.Split(head, ".")
	if strings.Trim(addr[len(head):], ".*") != "" || strings.Contains(head, "*") || len(octets) > 3 {
		return `write a network, as in "10.0.0.0/8:443"`
	}
	return fmt.Sprintf("write %q", padded(octets, "")+rest)
}

// padded makes a network of the first numbers of an address.
func padded(octets []string, length string) string {
	if length == "" {
		length = strconv.Itoa(8 * len(octets))
	}
	for len(octets) < 4 {
		octets = append(octets, "0")
	}
	return strings.Join(octets, ".") + "/" + length
}

// maskHint turns 255.255.0.0 into a length.
func maskHint(ip, mask netip.Addr, rest string) string {
	m := mask.As4()
	bits := 0
	for bits < 32 && m[bits/8]&(0x80>>(bits%8)) != 0 {
		bits++
	}
	p := netip.PrefixFrom(ip, bits).Masked()
	return fmt.Sprintf("write %q", p.String()+rest)
}

// length reads what is behind the slash.
func (t *addressParser) length(text part, longest int) (int, *problem) {
	n, err := strconv.ParseUint(text.text, 10, 32)
	if err != nil || n > uint64(longest) || len(text.text) > 1 && text.text[0] == '0' {
		return 0, text.fail(fmt.Sprintf("%q is not the length of a network", printable(text.text)),
			fmt.Sprintf("it counts the bits that are fixed: 0 to %d", longest))
	}
	return int(n), nil
}

// prefix takes a network in whose address no bit behind its length is set.
func (t *addressParser) prefix(x *addressPattern, ip netip.Addr, bits int, host part, single string,
	spell func(netip.Prefix) string) *problem {
	p := netip.PrefixFrom(ip, bits)
	if p.Masked() != p {
		return host.fail(fmt.Sprintf("bits behind the length %d are set", bits), fmt.Sprintf(
			"write %q for the network, %q for the one address", spell(p.Masked()), single))
	}
	x.nets = []netip.Prefix{p}
	return nil
}
