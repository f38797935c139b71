package access

import (
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFamilies(t *testing.T) {
	for name, want := range map[string]uint16{
		"unspec": unix.AF_UNSPEC, "unix": unix.AF_UNIX, "local": unix.AF_LOCAL, "file": unix.AF_FILE, "inet": unix.AF_INET,
		"inet6": unix.AF_INET6, "ipx": unix.AF_IPX, "x25": unix.AF_X25, "key": unix.AF_KEY, "netlink": unix.AF_NETLINK,
		"route": unix.AF_ROUTE, "packet": unix.AF_PACKET, "rds": unix.AF_RDS, "pppox": unix.AF_PPPOX, "llc": unix.AF_LLC,
		"can": unix.AF_CAN, "tipc": unix.AF_TIPC, "bluetooth": unix.AF_BLUETOOTH, "iucv": unix.AF_IUCV, "rxrpc": unix.AF_RXRPC,
		"phonet": unix.AF_PHONET, "ieee802154": unix.AF_IEEE802154, "caif": unix.AF_CAIF, "alg": unix.AF_ALG,
		"nfc": unix.AF_NFC, "vsock": unix.AF_VSOCK, "kcm": unix.AF_KCM, "qipcrtr": unix.AF_QIPCRTR, "smc": unix.AF_SMC,
		"xdp": unix.AF_XDP, "mctp": unix.AF_MCTP, "mpls": unix.AF_MPLS, "ib": unix.AF_IB, "46": 46, "65535": math.MaxUint16,
	} {
		if got, ok := FamilyByName(name); !ok || got != want {
			t.Errorf("FamilyByName(%q) = %d, %v, want %d", name, got, ok, want)
		}
	}
	if got, want := len(FamilyNames()), unix.AF_MAX; got != want {
		t.Errorf("there are %d families, linux/socket.h of golang.org/x/sys has %d", got, want)
	}
	for family := range math.MaxUint16 + 1 {
		name := FamilyName(uint16(family))
		if back, ok := FamilyByName(name); !ok || int(back) != family {
			t.Errorf("FamilyByName(FamilyName(%d)) = FamilyByName(%q) = %d, %v", family, name, back, ok)
		}
	}
	for _, name := range []string{"", "INET", "af_inet", "65536", "-1", "01", "2", "0", "+46", "inet4", " inet"} {
		if got, ok := FamilyByName(name); ok {
			t.Errorf("FamilyByName(%q) = %d", name, got)
		}
	}
}
