/*
 * holes WAY [ARGUMENTS]: ways to a denied program, and around other rules, that once were open.
 *
 * In the working directory: x, a program that may run; evil, a copy of the one that may not, which appends a byte to the
 * file MARK there. -DEVIL makes that one of this file, -DGOOD the other; both are of one size. -DBARE makes one that can be an ELF interpreter.
 *
 * busy: writes what is not quite evil by a shared mapping, lets a failing exec (ETXTBSY) look at it, and then changes
 *   the one byte: no time stamp tells.
 * dirty: the same after an exec that works, by a mapping made later (on tmpfs no time stamp tells).
 * swap TRIES [A B]: executes x while another process keeps exchanging it with evil, or A with B.
 * plant TRIES: the same in a root of its own, the working directory, where /proc/self/exe is a link to the good x.
 * hold: has a secret in memory, prints where, and ends with its standard input.
 * peek PID ADDRESS: reads that into the file MARK.
 * fault: asks /dev/userfaultfd for a userfaultfd.
 *
 * swap and plant print how many tries ended how. The status of the others is that of the last step.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(EVIL)
int main(void)
{
	int fd = open("MARK", O_WRONLY | O_CREAT | O_APPEND, 0644);
	return fd < 0 || write(fd, "x", 1) != 1;
}
#elif defined(BARE)
/* Before Linux 6.7 an interpreter's last segment is padded by writing to it: it needs one that it may write. */
static volatile int here = AT_FDCWD;

/* Evil as an ELF interpreter: the C library's own start would take the program's headers for its. */
void _start(void)
{
	long fd = syscall(SYS_openat, here, "MARK", O_WRONLY | O_CREAT | O_APPEND, 0644);
	syscall(SYS_exit_group, syscall(SYS_write, fd, "x", 1) != 1);
}
#elif defined(GOOD)
int main(void) { return 0; }
#else

static long step(long r, const char *what)
{
	if (r >= 0)
		return r;
	int e = errno;
	perror(what);
	exit(e);
}
#define DO(call) step((long)(call), #call)

/* Runs a program: its status as the shell gives it, 200 and more for an exec that failed. */
static int execute(const char *path)
{
	int status;
	pid_t pid = DO(fork());
	if (pid == 0) {
		char *argv[] = {"x", NULL};
		execve(path, argv, (char *[]){NULL});
		_exit(200 + (errno < 50 ? errno : 50));
	}
	DO(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What is in a file, and how long it is. */
static char *content(const char *path, size_t *size)
{
	struct stat st;
	int fd = DO(open(path, O_RDONLY));
	DO(fstat(fd, &st));
	char *buf = malloc(*size = st.st_size);
	DO(read(fd, buf, *size) == (ssize_t)*size ? 0 : -1);
	close(fd);
	return buf;
}

static int mapped(int busy)
{
	size_t size, i;
	char *evil = content("evil", &size), *before = content("x", &size);
	int fd = DO(open("y", O_RDWR | O_CREAT | O_EXCL, 0755));
	if (busy) {
		memcpy(before, evil, size);
		before[size - 1] ^= 1;
		DO(ftruncate(fd, size));
	} else {
		DO(write(fd, before, size) == (ssize_t)size ? 0 : -1);
		close(fd);
		usleep(300000); /* longer than what is only just written is mistrusted */
		if (execute("./y") != 0)
			return 3;
		fd = DO(open("y", O_RDWR));
	}
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	DO(map == MAP_FAILED ? -1 : 0);
	if (busy) {
		memcpy(map, before, size);
		usleep(300000);
		if (execute("./y") != 200 + ETXTBSY)
			return 3;
	}
	for (i = 0; i < size; i++)
		if (map[i] != evil[i])
			map[i] = evil[i];
	munmap(map, size);
	close(fd);
	return execute("./y");
}

/* y, which can be written, is still/y too, which cannot: the file is looked at by that name while it is being rewritten. */
static int linked(void)
{
	size_t size, i;
	char *evil = content("evil", &size);
	int fd = DO(open("y", O_RDWR));
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	DO(map == MAP_FAILED ? -1 : 0);
	for (i = 0; i < size; i += 4096)
		((volatile char *)map)[i] = map[i]; /* what is dirty already tells no more of what is stored */
	usleep(300000);
	if (execute("still/y") != 200 + ETXTBSY)
		return 3;
	memcpy(map, evil, size);
	munmap(map, size);
	close(fd);
	return execute("still/y");
}

static int swapped(int tries, const char *a, const char *b)
{
	int succeeded = 0, refused = 0, killed = 0, otherwise = 0;
	pid_t swapper = DO(fork());
	if (swapper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
				_exit(1);
	}
	while (tries-- > 0) {
		int status = execute("./x");
		if (status == 0)
			succeeded++;
		else if (status == 200 + EACCES)
			refused++;
		else if (status == 128 + SIGKILL)
			killed++;
		else
			otherwise++;
	}
	kill(swapper, SIGKILL);
	printf("%d succeeded, %d refused, %d killed, %d otherwise\n", succeeded, refused, killed, otherwise);
	return 0;
}

int main(int argc, char **argv)
{
	static char secret[] = "secret of an outsider";
	char *way = argc > 1 ? argv[1] : "";
	if (!strcmp(way, "busy") || !strcmp(way, "dirty"))
		return mapped(*way == 'b');
	if (!strcmp(way, "linked"))
		return linked();
	if (!strcmp(way, "swap") && argc == 3)
		return swapped(atoi(argv[2]), "x", "evil");
	if (!strcmp(way, "swap") && argc == 5)
		return swapped(atoi(argv[2]), argv[3], argv[4]);
	if (!strcmp(way, "plant") && argc == 3) {
		DO(chroot("."));
		DO(mkdir("/proc", 0755));
		DO(mkdir("/proc/self", 0755));
		DO(link("/x", "/proc/self/exe"));
		return swapped(atoi(argv[2]), "x", "evil");
	}
	if (!strcmp(way, "hold")) {
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		printf("%d %lx\n", getpid(), (long)secret);
		fflush(stdout);
		return read(0, &argc, 1) != 0;
	}
	if (!strcmp(way, "peek") && argc == 4) {
		char buf[sizeof secret];
		struct iovec to = {buf, sizeof buf}, from = {(void *)strtoul(argv[3], NULL, 16), sizeof buf};
		long n = DO(process_vm_readv(atoi(argv[2]), &to, 1, &from, 1, 0));
		return DO(write(DO(open("MARK", O_WRONLY | O_CREAT, 0644)), buf, n)) != n;
	}
	if (!strcmp(way, "fault")) {
		DO(ioctl(DO(open("/dev/userfaultfd", O_RDONLY | O_CLOEXEC)), 0xaa00, O_CLOEXEC));
		return 0;
	}
	return 2;
}
#endif
