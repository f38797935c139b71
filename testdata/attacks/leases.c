/*
 * Leases on what may only be read: whoever opens the file for writing then waits for the holder. Nothing of it shows on the
 * file, so the program says itself, by the file ALLOW/reached, that the kernel gave it one.
 */
/* variants: static m32 */
#include "attack.h"

static void take(int fd, int kind)
{
	DO(fcntl(fd, F_SETLEASE, kind));
	close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644)));
}
TRICK(lease_for_reading, "write") { take(DO(open(V("file"), O_RDONLY)), F_RDLCK); }
TRICK(lease_of_inherited, "write") { take(dup(INHERITED_FILE), F_RDLCK); }
TRICK(lease_high_garbage, "write")
{
	int fd = DO(open(V("file"), O_RDONLY));
	DO(syscall(SYS_fcntl, fd, F_SETLEASE | (sizeof(long) > 4 ? (long)(0x5eULL << 32) : 0), F_RDLCK));
	close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644)));
}

/* Delegations (Linux 6.19), of directories too: whoever changes a name in one waits. */
static void delegate(int fd)
{
	enum { SETDELEG = 1040 };
	struct {
		uint32_t flags;
		uint16_t type, unused;
	} wanted = {0, F_RDLCK, 0};
	if (fcntl(fd, SETDELEG, &wanted) != 0) {
		if (errno == EINVAL)
			impossible("this kernel has no delegations");
		DO(-1);
	}
	close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644)));
}
TRICK(delegation, "write refused") { delegate(DO(open(V("file"), O_RDONLY))); }
TRICK(delegation_of_directory, "write refused")
{
	delegate(DO(open(victim, O_RDONLY | O_DIRECTORY)));
}
