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
