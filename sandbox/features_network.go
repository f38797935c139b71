package sandbox

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
	"sydbox/tracer/launch"
)

// networkFeatures are the means for judging addresses and for walls around them.
func networkFeatures() []Feature {
	return []Feature{
		probed(featureDiag, "3.3", func() (bool, string) { return succeeded(askDiag(unix.AF_INET)) },
			"`bound`: the kernel says which sockets receive at an address",
			"/proc/net is read instead, at each call that `bound` could allow"),
		probed(featureUnixDiag, "3.3", func() (bool, string) { return succeeded(askDiag(unix.AF_UNIX)) },
			"`bound`, for unix sockets: the kernel says which one a path or a name belongs to",
			"no path of a socket is known to be the tree's: a rule of [connect] has to name it"),
		probed(featureHear, "3.10", func() (bool, string) { return succeeded(attachFilter()) },
			"`local` in [bind]: a server on any address hears this machine alone (SO_ATTACH_FILTER, SO_LOCK_FILTER)",
			"such a server is bound to the loopback interface instead: it is reached by loopback addresses alone, not by the "+
				"machine's others"),
		probed(featurePorts, "6.7", probePorts,
			"a second wall below the rules: no TCP connection and no server but those that the tracer makes",
			"the rules about addresses stand alone, but for a network namespace"),
		probed(featureNames, "6.12", probeNames,
			"a second wall below the rules: no abstract unix socket of an outsider's", "the rules about them stand alone"),
		probed(featureNamespace, "3.8", func() (bool, string) { return succeeded(launch.CanNetwork()) },
			"[harden] network_namespace: the tree has nothing but a loopback interface of its own",
			"it cannot be required"),
	}
}

// socketPinning says how firmly calls on sockets are held to what was judged.
func (f *Features) socketPinning() Pinning {
	p := Pinning{Calls: "connecting, binding, listening and sending to an address", Level: PinHeld,
		By: "done by the tracer on a copy of the socket, with the address that it judged"}
	switch {
	case !f.Has(featureGetfd):
		p.Level, p.By = PinOff, "judged and left to the kernel, which reads the address again"
	case !f.Has(featureGive):
		p.Level, p.By = PinDetects, "what has to wait is left to the kernel, which reads the address again; an internet "+
			"connection is looked at when it is made, what is sent or goes to a path is not"
	}
	return p
}

func probePorts() (bool, string) {
	return landlock.Probe().Net() != 0, ""
}

func probeNames() (bool, string) {
	return landlock.Probe().Scopes()&landlock.ScopeAbstract != 0, ""
}

// askDiag asks for the sockets of a family that are in no state: none, from a kernel that can tell (sock_diag(7)).
func askDiag(family byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return fmt.Errorf("socket(NETLINK_SOCK_DIAG): %w", err)
	}
	defer unix.Close(fd)
	const header, inetRequest, unixRequest = 16, 56, 24 // inet_diag_req_v2, unix_diag_req
	request := make([]byte, header+inetRequest)
	if family == unix.AF_UNIX {
		request = request[:header+unixRequest]
	} else {
		request[header+1] = unix.IPPROTO_TCP
	}
	request[header] = family
	order := binary.NativeEndian
	order.PutUint32(request, uint32(len(request)))
	order.PutUint16(request[4:], unix.SOCK_DIAG_BY_FAMILY)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("ask sock_diag: %w", err)
	}
	// The answer is there when the request has been taken.
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return fmt.Errorf("ask sock_diag: %w", err)
	}
	if n >= header+4 && order.Uint16(answer[4:]) == unix.NLMSG_ERROR {
		if code := int32(order.Uint32(answer[header:])); code != 0 {
			return fmt.Errorf("ask sock_diag: %w", unix.Errno(-code))
		}
	}
	return nil
}

// attachFilter tries what makes a socket deaf, with a filter that lets everything pass, on one of TCP: some kernels
// give it to root alone there, and to everybody for UDP.
func attachFilter() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket(AF_INET): %w", err)
	}
	defer unix.Close(fd)
	all := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}
	program := unix.SockFprog{Len: 1, Filter: &all}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program); err != nil {
		return fmt.Errorf("setsockopt(SO_ATTACH_FILTER): %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1); err != nil {
		return fmt.Errorf("setsockopt(SO_LOCK_FILTER): %w", err)
	}
	return nil
}
