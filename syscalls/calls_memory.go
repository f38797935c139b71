package syscalls

// memoryCalls arrange the caller's own memory and threads. What is mapped was opened, and judged, before.
var memoryCalls = []Call{
	{"brk", Harmless, args{Pointer}, ""},
	{"mmap", Harmless, args{Pointer, Word, Int, Int, FD, Word}, ""},
	{"mmap2", Harmless, args{Pointer, Word, Int, Int, FD, Word}, ""},
	{"munmap", Harmless, args{Pointer, Word}, ""},
	{"mremap", Harmless, args{Pointer, Word, Word, Word, Pointer}, ""},
	{"mprotect", Harmless, args{Pointer, Word, Int}, ""},
	{"pkey_mprotect", Harmless, args{Pointer, Word, Int, Int}, ""},
	{"pkey_alloc", Harmless, args{Word, Word}, ""},
	{"pkey_free", Harmless, args{Int}, ""},
	{"madvise", Harmless, args{Pointer, Word, Int}, ""},
	{"mseal", Harmless, args{Pointer, Word, Word}, ""},
	{"msync", Harmless, args{Pointer, Word, Int}, ""},
	{"mincore", Harmless, args{Pointer, Word, Pointer}, ""},
	{"mlock", Harmless, args{Pointer, Word}, ""},
	{"mlock2", Harmless, args{Pointer, Word, Int}, ""},
	{"mlockall", Harmless, args{Int}, ""},
	{"munlock", Harmless, args{Pointer, Word}, ""},
	{"munlockall", Harmless, args{}, ""},
	{"remap_file_pages", Harmless, args{Pointer, Word, Word, Word, Word}, ""},
	{"map_shadow_stack", Harmless, args{Pointer, Word, Uint}, ""},
	{"mbind", Harmless, args{Pointer, Word, Word, Pointer, Word, Uint}, ""},
	{"get_mempolicy", Harmless, args{Pointer, Pointer, Word, Pointer, Word}, ""},
	{"set_mempolicy", Harmless, args{Int, Pointer, Word}, ""},
	{"set_mempolicy_home_node", Harmless, args{Pointer, Word, Word, Word}, ""},
	{"membarrier", Harmless, args{Int, Uint, Int}, ""},
	{"memfd_create", Harmless, args{String, Uint}, ""}, // a file without a name
	{"getpagesize", Harmless, args{}, ""},
	{"subpage_prot", Harmless, args{Pointer, Word, Pointer}, ""},

	{"futex", Harmless, args{Pointer, Int, Uint, Pointer, Pointer, Uint}, ""},
	{"futex_time64", Harmless, args{Pointer, Int, Uint, Pointer, Pointer, Uint}, ""},
	{"futex_waitv", Harmless, args{Pointer, Uint, Uint, Pointer, Int}, ""},
	{"futex_wait", Harmless, args{Pointer, Word, Word, Uint, Pointer, Int}, ""},
	{"futex_wake", Harmless, args{Pointer, Word, Int, Uint}, ""},
	{"futex_requeue", Harmless, args{Pointer, Uint, Int, Int}, ""},
	{"set_robust_list", Harmless, args{Pointer, Word}, ""},
	{"get_robust_list", Harmless, args{PID, Pointer, Pointer}, ""},
	{"set_tid_address", Harmless, args{Pointer}, ""},
	{"rseq", Harmless, args{Pointer, Uint, Int, Uint}, ""},
	{"rseq_slice_yield", Harmless, args{}, ""},

	// The processor's state. modify_ldt (Wine, DOS emulators) and vm86 change only the caller's segments; they have had
	// kernel bugs, but no program gets at a file or a task through what they are made for.
	{"modify_ldt", Harmless, args{Int, Pointer, Word}, ""},
	{"vm86", Harmless, args{Word, Pointer}, ""},
	{"vm86old", Harmless, args{Pointer}, ""},
	{"arch_prctl", Harmless, args{Int, Pointer}, ""},
	{"get_thread_area", Harmless, args{Pointer}, ""},
	{"set_thread_area", Harmless, args{Pointer}, ""},
	{"set_tls", Harmless, args{Pointer}, ""}, // arm
	{"get_tls", Harmless, args{}, ""},
	{"breakpoint", Harmless, args{}, ""},
	{"usr26", Harmless, args{}, ""},
	{"usr32", Harmless, args{}, ""},
	{"cacheflush", Harmless, args{Pointer, Word, Int}, ""}, // arm and mips
	{"cachectl", Harmless, args{Pointer, Word, Int}, ""},
	{"sysmips", Harmless, args{Int, Word, Word}, ""},
	{"riscv_flush_icache", Harmless, args{Pointer, Pointer, Word}, ""},
	{"riscv_hwprobe", Harmless, args{Pointer, Word, Word, Pointer, Uint}, ""},
	{"s390_guarded_storage", Harmless, args{Int, Pointer}, ""},
	{"s390_runtime_instr", Harmless, args{Int, Signal}, ""},
	{"s390_sthyi", Harmless, args{Word, Pointer, Pointer, Word}, ""},
	{"swapcontext", Harmless, args{Pointer, Pointer, Word}, ""}, // ppc
	{"sys_debug_setcontext", Harmless, args{Pointer, Int, Pointer}, ""},
	{"kern_features", Harmless, args{}, ""}, // sparc
	{"memory_ordering", Harmless, args{Word}, ""},
	{"utrap_install", Harmless, args{Word, Pointer, Pointer, Pointer, Pointer}, ""},
}
