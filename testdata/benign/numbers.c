/* variants: m32 */
/* Numbers that are no system call give ENOSYS, whatever their arguments. */
#include "check.h"

int main(void)
{
	static const long numbers[] = {-1, -2, 700, 999, 4095, 65536, 1 << 20, 0x3fffffff, 0x7fffffff, -4096};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		FAILS(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
		FAILS(syscall(numbers[i], -1, -1, -1, -1, -1, -1), ENOSYS);
		FAILS(syscall(numbers[i], "name", "other", 3, 4, 5, 6), ENOSYS);
	}
#ifdef __x86_64__
	/* The gap between the 64-bit numbers and those of x32. */
	FAILS(syscall(400, 0), ENOSYS);
	/* The kernel looks at the lower half only. */
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(0x1234567800000000UL | SYS_getpid) : "rcx", "r11", "memory");
	IS(r, getpid());
#endif
	IS(syscall(SYS_getpid), getpid());
	return done();
}
