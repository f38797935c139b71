package landlock

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Why there is no Landlock.
var (
	// ErrAbsent: the kernel is older than 5.13 or was built without CONFIG_SECURITY_LANDLOCK, or a sandbox around this
	// one answers as if.
	ErrAbsent = errors.New("the kernel has no Landlock")
	// ErrDisabled: it was built in and is not among the security modules of this boot.
	ErrDisabled = errors.New("the kernel was booted without Landlock (lsm=)")
	// ErrBlocked: a sandbox around this one refuses the call.
	ErrBlocked = errors.New("a sandbox around this one forbids Landlock")
)

// Support is what the kernel has.
type Support struct {
	// ABI is the version of the interface; 0 if there is none.
	ABI int
	// Errata has a bit for each known mistake of the kernel that is mended in it: erratum N is bit N-1.
	Errata uint
	// Err says why ABI is 0: it wraps ErrAbsent, ErrDisabled or ErrBlocked.
	Err error
}

// abis has what each version of the interface brought, and with which kernel.
var abis = []struct {
	abi    int
	kernel string
	rights Access
	net    Net
	scopes Scope
}{
	{1, "5.13", WriteFile | RemoveDir | RemoveFile | MakeChar | MakeDir | MakeReg | MakeSock | MakeFIFO | MakeBlock |
		MakeSym, 0, 0},
	{2, "5.19", Refer, 0, 0},
	{3, "6.2", Truncate, 0, 0},
	{4, "6.7", 0, BindTCP | ConnectTCP, 0},
	{5, "6.10", 0, 0, 0}, // ioctls of devices
	{6, "6.12", 0, 0, ScopeSignal | ScopeAbstract},
	{7, "6.15", 0, 0, 0}, // what is told to audit
	{8, "7.0", 0, 0, 0},  // all threads at once
	{9, "7.1", ResolveUnix, 0, 0},
	{10, "7.2", 0, BindUDP | ConnectUDP, 0},
}

// Probe asks the kernel. It changes nothing.
func Probe() Support {
	abi, errno := createRuleset(nil, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return Support{Err: unsupported(errno)}
	}
	s := Support{ABI: abi}
	// 6.15, and the stable kernels that took over what it tells of; EINVAL before that.
	if errata, errno := createRuleset(nil, unix.LANDLOCK_CREATE_RULESET_ERRATA); errno == 0 {
		s.Errata = uint(errata)
	}
	return s
}

func unsupported(errno unix.Errno) error {
	switch errno {
	case unix.ENOSYS:
		return fmt.Errorf("%w (landlock_create_ruleset: %w)", ErrAbsent, errno)
	case unix.EOPNOTSUPP:
		return fmt.Errorf("%w (landlock_create_ruleset: %w)", ErrDisabled, errno)
	}
	return fmt.Errorf("%w (landlock_create_ruleset: %w)", ErrBlocked, errno)
}

// Kernel is the release that brought the ABI, as in "6.12"; for an ABI that is newer than this package, the last one
// that it knows. Distributions backport, so it says what the kernel can do, not what it is.
func (s Support) Kernel() string {
	kernel := ""
	for _, a := range abis {
		if a.abi <= s.ABI {
			kernel = a.kernel
		}
	}
	return kernel
}

// Rights are the rights to files that the kernel knows, of those in this package.
func (s Support) Rights() (rights Access) {
	for _, a := range abis {
		if a.abi <= s.ABI {
			rights |= a.rights
		}
	}
	return rights
}

// Net are the rights to ports that the kernel knows. Before erratum 1 was mended they were also asked about for stream
// sockets of other protocols (SMC, MPTCP), with the same ports.
func (s Support) Net() (net Net) {
	for _, a := range abis {
		if a.abi <= s.ABI {
			net |= a.net
		}
	}
	return net
}

// signalErratum is number 2: threads of one process that are in different domains could not signal each other, which
// programs with a sandbox of their own do to change all their threads (landlock(7), "Errata").
const signalErratum = 1 << (2 - 1)

// Scopes are the scopes that the kernel has and gets right.
func (s Support) Scopes() (scopes Scope) {
	for _, a := range abis {
		if a.abi <= s.ABI {
			scopes |= a.scopes
		}
	}
	if s.Errata&signalErratum == 0 {
		scopes &^= ScopeSignal
	}
	return scopes
}
