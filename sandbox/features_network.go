package sandbox

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/tracer/landlock"
	"sydbox/tracer/launch"
)

// networkFeatures are the means for judging addresses and for walls around them.
func networkFeatures() []Feature {
	polices := func(ops access.Op) func(*policy.Policy) Level {
		return func(p *policy.Policy) Level { return preferredIf(p.Polices(ops)) }
	}
	walls := func(p *policy.Policy) Level {
		return preferredIf(p.PolicesNetwork() && p.Landlock() != "off")
	}
	const remedyNetlink = "use a kernel with CONFIG_INET_DIAG and CONFIG_UNIX_DIAG, and let netlink sockets " +
		"through in the container's seccomp profile"
	return []Feature{
		{Name: featureDiag, Since: "3.3", Probe: "sock_diag(7) is asked for internet sockets",
			Use:     "`bound`: the kernel says which sockets receive at an address",
			Without: "/proc/net is read instead, at each call that `bound` could allow", Promise: PromiseSame,
			Remedy: remedyNetlink,
			try:    func(*tries) (bool, string) { return succeeded(askDiag(unix.AF_INET)) }},
		{Name: featureUnixDiag, Since: "3.3", Probe: "sock_diag(7) is asked for unix sockets",
			Use:     "`bound`, for unix sockets: the kernel says which one a path or a name belongs to",
			Without: "no path of a socket is known to be the tree's: a rule of [connect] has to name it",
			Promise: PromiseStricter, Remedy: remedyNetlink,
			wanted: polices(access.Connect),
			try:    func(*tries) (bool, string) { return succeeded(askDiag(unix.AF_UNIX)) }},
		{Name: featureHear, Since: "3.10", Probe: "a TCP socket is given a filter (SO_ATTACH_FILTER), which is " +
			"locked (SO_LOCK_FILTER)",
			Use: "`local` in [bind]: a server on any address hears this machine alone",
			Without: "such a server is bound to the loopback interface instead: it is reached by loopback addresses " +
				"alone, not by the machine's others",
			Promise: PromiseStricter, Remedy: "let setsockopt(2) through; some kernels give it to root alone",
			wanted: polices(access.Bind),
			try:    func(*tries) (bool, string) { return succeeded(attachFilter()) }},
		{Name: featurePorts, Since: "6.7", Probe: "the version of Landlock",
			Use:     "a second wall below the rules: no TCP connection and no server but those that the tracer makes",
			Without: "the rules about addresses stand alone, but for a network namespace", Promise: PromiseFewer,
			Remedy: "use Linux 6.7 or later with Landlock, or [harden] network_namespace",
			wanted: walls, try: func(*tries) (bool, string) { return probePorts() }},
		{Name: featureNames, Since: "6.12", Probe: "the version of Landlock",
			Use:     "a second wall below the rules: no abstract unix socket of an outsider's",
			Without: "the rules about them stand alone, but for a network namespace", Promise: PromiseFewer,
			Remedy: "use Linux 6.12 or later with Landlock, or [harden] network_namespace",
			wanted: walls, try: func(*tries) (bool, string) { return probeNames() }},
		{Name: featurePaths, Since: "7.1", Probe: "the version of Landlock",
			Use: "a second wall below the rules: no unix socket of an outsider's by its path but by the tracer, where " +
				"changing files is judged",
			Without: "the rules about them stand alone, as before", Promise: PromiseSame,
			Remedy: "use Linux 7.1 or later with Landlock",
			try:    func(*tries) (bool, string) { return landlock.Probe().Rights()&landlock.ResolveUnix != 0, "" }},
		{Name: featureUDP, Since: "7.2", Probe: "the version of Landlock",
			Use:     "a second wall below the rules: no UDP to an address, and no port of UDP that is named, but by the tracer",
			Without: "the rules about addresses stand alone there, but for a network namespace", Promise: PromiseSame,
			Remedy: "use Linux 7.2 or later with Landlock, or [harden] network_namespace",
			try:    func(*tries) (bool, string) { return landlock.Probe().Net()&landlock.ConnectUDP != 0, "" }},
		{Name: featureNamespace, Since: "3.8", Probe: "a child that executes nothing is made in one, as a run would " +
			"make it",
			Use:     "[harden] network_namespace: the tree has nothing but a loopback interface of its own",
			Without: "where it is preferred the rules about addresses stand alone; where it is required sydbox does not start",
			Promise: PromiseFewer,
			Remedy: "allow user namespaces (user.max_user_namespaces, the container's seccomp profile), or have " +
				"CAP_SYS_ADMIN",
			wanted: func(p *policy.Policy) Level {
				level, obstacle := p.NetworkNamespace()
				if obstacle != nil {
					return Off // left out anyway
				}
				return levelNamed(level)
			}, try: func(*tries) (bool, string) { return succeeded(launch.CanNetwork()) }},
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
