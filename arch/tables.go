package arch

// The ABIs of the Linux ports of Go, with the words of linux/audit.h: an ELF machine number, bit 31 for 64-bit, bit 30
// for little-endian. Ports that only gccgo has (ppc, sparc64) are known because their tables are.
var (
	X86_64 = &ABI{
		Name: "x86_64", Audit: 0xc000003e, GOARCH: "amd64", WordSize: 8, PointerSize: 8, Regs: &regsX8664,
	}
	I386 = &ABI{
		Name: "i386", Audit: 0x40000003, GOARCH: "386", WordSize: 4, PointerSize: 4,
		Regs: &regsI386, wide: &regsI386InX8664,
	}
	X32 = &ABI{
		Name: "x32", Audit: 0xc000003e, NumberBit: 0x40000000, WordSize: 8, PointerSize: 4, Regs: &regsX8664,
	}
	AArch64 = &ABI{
		Name: "aarch64", Audit: 0xc00000b7, GOARCH: "arm64", WordSize: 8, PointerSize: 8, Regs: &regsAArch64,
	}
	ARM = &ABI{
		Name: "arm", Audit: 0x40000028, GOARCH: "arm", WordSize: 4, PointerSize: 4, Regs: &regsARM,
	}
	RISCV64 = &ABI{
		Name: "riscv64", Audit: 0xc00000f3, GOARCH: "riscv64", WordSize: 8, PointerSize: 8, Regs: &regsRISCV64,
	}
	LoongArch64 = &ABI{
		Name: "loongarch64", Audit: 0xc0000102, GOARCH: "loong64", WordSize: 8, PointerSize: 8,
		Regs: &regsLoongArch64,
	}
	S390X = &ABI{
		Name: "s390x", Audit: 0x80000016, GOARCH: "s390x", WordSize: 8, PointerSize: 8, BigEndian: true,
	}
	PPC = &ABI{
		Name: "ppc", Audit: 0x00000014, GOARCH: "ppc", WordSize: 4, PointerSize: 4, BigEndian: true,
	}
	PPC64 = &ABI{
		Name: "ppc64", Audit: 0x80000015, GOARCH: "ppc64", WordSize: 8, PointerSize: 8, BigEndian: true,
	}
	PPC64LE = &ABI{
		Name: "ppc64le", Audit: 0xc0000015, GOARCH: "ppc64le", WordSize: 8, PointerSize: 8,
	}
	MIPS = &ABI{
		Name: "mips", Audit: 0x00000008, GOARCH: "mips", WordSize: 4, PointerSize: 4, BigEndian: true,
	}
	MIPSEL = &ABI{
		Name: "mipsel", Audit: 0x40000008, GOARCH: "mipsle", WordSize: 4, PointerSize: 4,
	}
	MIPS64 = &ABI{
		Name: "mips64", Audit: 0x80000008, GOARCH: "mips64", WordSize: 8, PointerSize: 8, BigEndian: true,
	}
	MIPS64EL = &ABI{
		Name: "mips64el", Audit: 0xc0000008, GOARCH: "mips64le", WordSize: 8, PointerSize: 8,
	}
	Sparc64 = &ABI{
		Name: "sparc64", Audit: 0x8000002b, GOARCH: "sparc64", WordSize: 8, PointerSize: 8, BigEndian: true,
	}
)

// all lists every ABI; one without a NumberBit comes before its sibling that has one.
var all = [...]*ABI{
	X86_64, I386, X32, AArch64, ARM, RISCV64, LoongArch64, S390X, PPC, PPC64, PPC64LE, MIPS, MIPSEL, MIPS64, MIPS64EL,
	Sparc64,
}

// siblings are the further ABIs whose calls a kernel of that port may accept, after its native one. Those that a kernel
// has and no table knows (n32 of MIPS, 31-bit s390, 32-bit SPARC) are missing, so that a filter treats them as foreign.
var siblings = map[string][]*ABI{
	"amd64":    {I386, X32},
	"arm64":    {ARM},
	"ppc64":    {PPC},
	"mips64":   {MIPS},
	"mips64le": {MIPSEL},
}
