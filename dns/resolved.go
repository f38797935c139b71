package dns

import (
	"bytes"
	"encoding/json"
	"net/netip"
)

// systemd-resolved is asked over varlink: JSON objects, each ended by a NUL. ResolveHostname(name, family, flags)
// answers with addresses, each as a family and an array of bytes (`varlinkctl introspect` shows the interface).
const resolveHostname = "io.systemd.Resolve.ResolveHostname"

// varlinkMax bounds a message: the JSON decoder's time and memory.
const varlinkMax = 16 << 10

// ResolvedRequest returns the host name that a call of systemd-resolved is about, Normal; "" if it is about none.
func ResolvedRequest(payload []byte) string {
	var call struct {
		Method     string `json:"method"`
		Parameters struct {
			Name string `json:"name"`
		} `json:"parameters"`
	}
	if !varlink(payload, &call) || call.Method != resolveHostname {
		return ""
	}
	return Normal(call.Parameters.Name)
}

// ResolvedAnswer returns the addresses in systemd-resolved's answer to ResolveHostname.
func ResolvedAnswer(payload []byte) []Address {
	var reply struct {
		Parameters struct {
			Addresses []struct {
				Family  uint32  `json:"family"`
				Address []uint8 `json:"address"`
			} `json:"addresses"`
		} `json:"parameters"`
	}
	if !varlink(payload, &reply) {
		return nil
	}
	var list []Address
	for _, a := range reply.Parameters.Addresses {
		ip, ok := netip.AddrFromSlice(a.Address)
		if ok && familySize(a.Family) == len(a.Address) && len(list) < addressesMax {
			list = append(list, Address{IP: ip.Unmap()})
		}
	}
	return list
}

// varlink decodes the first message.
func varlink(payload []byte, into any) bool {
	message, _, whole := bytes.Cut(payload, []byte{0})
	return whole && len(message) <= varlinkMax && json.Unmarshal(message, into) == nil
}
