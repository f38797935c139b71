package main

import "fmt"

// target is one table to write.
type target struct {
	name     string // the ABI's name in package arch
	port     string // the file of x/sys
	variable string // what the table is called in package syscalls
	adjust   func([]number) ([]number, error)
}

var abis = []target{
	{"x86_64", "amd64", "numbersX8664", nil},
	{"i386", "386", "numbersI386", nil},
	{"x32", "amd64", "numbersX32", toX32},
	{"aarch64", "arm64", "numbersAArch64", nil},
	{"arm", "arm", "numbersARM", addARM},
	{"riscv64", "riscv64", "numbersRISCV64", nil},
	{"loongarch64", "loong64", "numbersLoongArch64", nil},
	{"s390x", "s390x", "numbersS390X", nil},
	{"ppc", "ppc", "numbersPPC", nil},
	{"ppc64", "ppc64", "numbersPPC64", nil},
	{"ppc64le", "ppc64le", "numbersPPC64LE", nil},
	{"mips", "mips", "numbersMIPS", nil},
	{"mipsel", "mipsle", "numbersMIPSEL", nil},
	{"mips64", "mips64", "numbersMIPS64", nil},
	{"mips64el", "mips64le", "numbersMIPS64EL", nil},
	{"sparc64", "sparc64", "numbersSparc64", nil},
}

// addARM adds the private calls of arm, __ARM_NR_* of its asm/unistd.h, which x/sys leaves out. Every program on arm
// makes set_tls at its start.
func addARM(nrs []number) ([]number, error) {
	const base = 0x0f0000
	return append(nrs,
		number{base + 1, "breakpoint"},
		number{base + 2, "cacheflush"},
		number{base + 3, "usr26"},
		number{base + 4, "usr32"},
		number{base + 5, "set_tls"},
		number{base + 6, "get_tls"},
	), nil
}

// x32Only are the calls that x32 numbers apart, from 512 on; the 64-bit number of each is not its own (the "64" and
// "x32" rows of arch/x86/entry/syscalls/syscall_64.tbl, which adds no more).
var x32Only = [...]string{
	"rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg", "execve", "ptrace",
	"rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack", "timer_create", "mq_notify", "kexec_load",
	"waitid", "set_robust_list", "get_robust_list", "vmsplice", "move_pages", "preadv", "pwritev", "rt_tgsigqueueinfo",
	"recvmmsg", "sendmmsg", "process_vm_readv", "process_vm_writev", "setsockopt", "getsockopt", "io_setup",
	"io_submit", "execveat", "preadv2", "pwritev2",
}

// x32Lacks are the calls that only 64-bit code has (the other "64" rows).
var x32Lacks = [...]string{
	"_sysctl", "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms", "get_thread_area",
	"map_shadow_stack", "nfsservctl", "query_module", "set_thread_area", "uprobe", "uretprobe", "uselib", "vserver",
}

// toX32 makes x32's table of x86-64's, with arch.X32's NumberBit left out.
func toX32(nrs []number) ([]number, error) {
	drop := map[string]bool{}
	for _, name := range x32Lacks {
		drop[name] = true
	}
	for _, name := range x32Only {
		drop[name] = true
	}
	var kept []number
	for _, n := range nrs {
		if drop[n.name] {
			delete(drop, n.name)
			continue
		}
		if n.nr >= 512 && n.nr < 512+uint32(len(x32Only)) {
			return nil, fmt.Errorf("%s has the number %d of an x32 call", n.name, n.nr)
		}
		kept = append(kept, n)
	}
	for name := range drop {
		return nil, fmt.Errorf("%s is not a call of x86-64", name)
	}
	for i, name := range x32Only {
		kept = append(kept, number{512 + uint32(i), name})
	}
	return kept, nil
}
