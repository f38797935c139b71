package main

// level is a kernel as the filter pretends it: what came later fails as it would there.
type level struct {
	name string
	// last is the highest call number of each ABI.
	last map[string]uint32
	// filterFlags are the flags that seccomp(SECCOMP_SET_MODE_FILTER) knows; one bit more is EINVAL.
	filterFlags uint32
	// operations are those of seccomp(2) that exist: SECCOMP_GET_ACTION_AVAIL takes a pointer, whose contents a filter
	// cannot see, so it is missing as a whole.
	operations uint32
	// request is the first of ptrace's that is missing.
	request uint32
	// option is the first of prctl's that is missing, up to 255; those beyond are names in ASCII.
	option uint32
	// socketOption is the first of SOL_SOCKET that is missing.
	socketOption uint32
	// noRegset takes PTRACE_GETREGSET and PTRACE_SETREGSET away, as user-mode Linux lacks them.
	noRegset bool
}

// Flags of seccomp(SECCOMP_SET_MODE_FILTER) by the kernel that brought them (linux/seccomp.h).
const (
	flagTsync     = 1 << 0 // 3.17
	flagLog       = 1 << 1 // 4.14
	flagSpecAllow = 1 << 2 // 4.17
)

// Requests of ptrace(2) by the kernel that brought them (linux/ptrace.h).
const (
	requestGetRegset      = 0x4204
	requestSetRegset      = 0x4205
	requestGetMetadata    = 0x420d // PTRACE_SECCOMP_GET_METADATA, 4.16
	requestGetSyscallInfo = 0x420e // 5.3
)

// levels are the kernels that can be pretended, newest first. The numbers are those of the last calls that each kernel
// added: rseq and io_pgetevents (4.18), statx and arch_prctl (4.11), pkey_free (4.9).
var levels = []level{
	{
		name: "4.19", last: last(334, 386, 293, 399), filterFlags: flagTsync | flagLog | flagSpecAllow,
		operations: 2, request: requestGetSyscallInfo, option: 54, socketOption: 62,
	},
	{
		name: "4.14", last: last(332, 384, 291, 397), filterFlags: flagTsync | flagLog,
		operations: 2, request: requestGetMetadata, option: 48, socketOption: 61,
	},
	{
		name: "4.9", last: last(331, 382, 290, 396), filterFlags: flagTsync,
		operations: 2, request: requestGetMetadata, option: 48, socketOption: 54,
	},
	{
		name: "noregset", last: last(334, 386, 293, 399), filterFlags: flagTsync | flagLog | flagSpecAllow,
		operations: 2, request: requestGetSyscallInfo, option: 54, socketOption: 62, noRegset: true,
	},
}

// last names the numbers by ABI; those of aarch64 are riscv64's too.
func last(x8664, i386, generic, arm uint32) map[string]uint32 {
	return map[string]uint32{"x86_64": x8664, "i386": i386, "aarch64": generic, "riscv64": generic, "arm": arm}
}

// find returns the level of that name, nil if there is none.
func find(name string) *level {
	for i := range levels {
		if levels[i].name == name {
			return &levels[i]
		}
	}
	return nil
}
