/*
 * outsiders.c - what a process can do to another one of its user that it has the number of.
 *
 * `outsiders list` prints the tricks with their words. `outsiders NAME PID ADDRESS FD` tries one on that process, 0 being
 * its own parent; then it prints `tried` and waits for the end of its input, so that the victim can be looked at while
 * everything is still there. What it could read it prints. Status: 0 tried, 77 this machine does not have it.
 *
 * Words: read (it reads), entries (of /proc, which is kept from it where reads stop or a Landlock domain holds it), root,
 * perfmon (a Landlock domain does not: who may use perf events on others may look, mm_access of kernel/fork.c),
 * group (it is not in the victim's group, which the victim leads), alone (it reaches all processes of its user), cpus
 * (there must be several), elsewhere (ELSEWHERE is where another procfs is mounted), silent (nothing is reported: the filter refuses it, or it reaches only itself).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#define SYS_pidfd_open 434
#endif

static pid_t victim;
static unsigned long address;
static int descriptor;

struct trick {
	const char *name, *words;
	void (*run)(void);
};
static struct trick tricks[100];
static int ntricks;

#define TRICK(name, words)                                                                                             \
	static void trick_##name(void);                                                                                \
	__attribute__((constructor)) static void register_##name(void)                                                 \
	{                                                                                                              \
		tricks[ntricks++] = (struct trick){#name, words, trick_##name};                                        \
	}                                                                                                              \
	static void trick_##name(void)

static void impossible(const char *why)
{
	fprintf(stderr, "not applicable: %s\n", why);
	exit(77);
}

/* A call that a kernel may lack. */
static long maybe(long r)
{
	if (r < 0 && errno == ENOSYS)
		impossible("this kernel does not have the call");
	return r;
}

static const char *proc(const char *entry)
{
	static char path[2][64];
	static int turn;
	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "/proc/%d/%s", victim, entry);
	return path[turn];
}

static void put(const char *entry, const char *text)
{
	int fd = open(proc(entry), O_WRONLY);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		perror(entry);
	if (fd < 0)
		perror(entry);
}

static void show(const char *entry, off_t at)
{
	static char buf[65536];
	int fd = open(proc(entry), O_RDONLY);
	long n = fd < 0 ? -1 : pread(fd, buf, sizeof buf, at);
	for (long i = 0; i < n; i++)
		putchar(buf[i] ? buf[i] : '\n');
	if (n < 0)
		perror(entry);
}

/* Signals. */
TRICK(kill_usr, "") { kill(victim, SIGUSR1); }
TRICK(kill_kill, "") { kill(victim, SIGKILL); }
TRICK(kill_stop, "") { kill(victim, SIGSTOP); }
TRICK(kill_high_garbage, "") { syscall(SYS_kill, 0xdeadbeef00000000UL | (unsigned)victim, SIGUSR1); }
TRICK(kill_group, "group") { kill(-victim, SIGUSR1); }
TRICK(kill_group_joined, "group silent")
{
	/* The group that it is in is everybody's who is in it. */
	if (setpgid(0, victim) != 0)
		impossible("the victim is in another session");
	kill(0, SIGUSR1);
}
TRICK(kill_own_group, "silent")
{
	kill(0, SIGUSR1);
}
TRICK(kill_everybody, "alone silent")
{
	kill(-1, SIGUSR1);
}
TRICK(tkill_usr, "") { syscall(SYS_tkill, victim, SIGUSR1); }
TRICK(tgkill_usr, "") { syscall(SYS_tgkill, victim, victim, SIGUSR1); }
TRICK(sigqueue_usr, "") { sigqueue(victim, SIGUSR1, (union sigval){.sival_int = 1}); }
TRICK(thread_sigqueue_usr, "")
{
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	syscall(SYS_rt_tgsigqueueinfo, victim, victim, SIGUSR1, &info);
}
TRICK(pidfd_usr, "")
{
	int fd = maybe(syscall(SYS_pidfd_open, victim, 0));
	maybe(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
}
TRICK(pidfd_with_info, "")
{
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	int fd = maybe(syscall(SYS_pidfd_open, victim, 0));
	maybe(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &info, 0));
}
TRICK(pidfd_group, "group")
{
	int fd = maybe(syscall(SYS_pidfd_open, victim, 0));
	if (syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 4) < 0 && errno == EINVAL)
		impossible("a pidfd does not stand for a group yet");
}
TRICK(proc_directory_usr, "")
{
	int fd = open(proc(""), O_RDONLY | O_DIRECTORY);
	maybe(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
}

/*
 * A race goes on for half a second, and until each side has run often after the other: on a busy machine one of them may
 * not get to run for long. rounds are those of the other side.
 */
static volatile unsigned rounds;
static int going(void)
{
	static struct timespec start;
	static unsigned last, turns;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (start.tv_sec == 0)
		start = now;
	turns += rounds != last;
	last = rounds;
	long ms = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
	return ms < 500 || (turns < 100 && ms < 30000);
}

/* A race on the descriptor: own pidfd and the victim's take turns under one number. */
static volatile int racing = 1;
static int mine, its;
static void *turns(void *slot)
{
	while (racing) {
		dup2(its, (intptr_t)slot);
		dup2(mine, (intptr_t)slot);
		rounds++;
	}
	return NULL;
}
TRICK(pidfd_race, "silent")
{
	mine = maybe(syscall(SYS_pidfd_open, getpid(), 0));
	its = maybe(syscall(SYS_pidfd_open, victim, 0));
	int slot = dup(mine);
	pthread_t t;
	pthread_create(&t, NULL, turns, (void *)(intptr_t)slot);
	while (going())
		syscall(SYS_pidfd_send_signal, slot, SIGUSR1, NULL, 0);
	racing = 0;
	pthread_join(t, NULL);
}
static void *wanders(void *unused)
{
	while (racing) {
		setpgid(0, 0);
		setpgid(0, victim);
		rounds++;
	}
	return unused;
}
TRICK(group_race, "group silent")
{
	if (setpgid(0, victim) != 0)
		impossible("the victim is in another session");
	pthread_t t;
	pthread_create(&t, NULL, wanders, NULL);
	while (going())
		kill(0, SIGUSR1);
	racing = 0;
	pthread_join(t, NULL);
}

/* Signals that the kernel sends in one's name: the owner of a descriptor. */
static void own_and_poke(int how)
{
	int pair[2], value = victim;
	struct f_owner_ex ex = {F_OWNER_PID, victim};
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fcntl(pair[0], F_SETSIG, SIGUSR1);
	switch (how) {
	case 0: fcntl(pair[0], F_SETOWN, victim); break;
	case 1: fcntl(pair[0], F_SETOWN, -victim); break;
	case 2: fcntl(pair[0], F_SETOWN_EX, &ex); break;
	case 3: ioctl(pair[0], FIOSETOWN, &value); break;
	case 4: ioctl(pair[0], SIOCSPGRP, &value); break;
	}
	if (how == 3) {
		value = 1;
		ioctl(pair[0], FIOASYNC, &value);
	} else {
		fcntl(pair[0], F_SETFL, O_ASYNC);
	}
	write(pair[1], "x", 1);
}
TRICK(owner, "") { own_and_poke(0); }
TRICK(owner_group, "group") { own_and_poke(1); }
TRICK(owner_in_memory, "silent") { own_and_poke(2); }
TRICK(owner_by_ioctl, "silent") { own_and_poke(3); }
TRICK(owner_by_socket_ioctl, "silent") { own_and_poke(4); }

/* Priorities. */
TRICK(renice, "") { setpriority(PRIO_PROCESS, victim, 5); }
TRICK(renice_group, "group") { setpriority(PRIO_PGRP, victim, 5); }
TRICK(renice_own_group, "") { setpriority(PRIO_PGRP, 0, 5); }
TRICK(renice_user, "alone") { setpriority(PRIO_USER, 0, 5); }
TRICK(ionice, "") { syscall(SYS_ioprio_set, 1, victim, 3 << 13); }
TRICK(ionice_group, "group") { syscall(SYS_ioprio_set, 2, victim, 3 << 13); }
TRICK(ionice_user, "alone") { syscall(SYS_ioprio_set, 3, getuid(), 3 << 13); }
TRICK(affinity, "cpus")
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(victim, sizeof one, &one);
}
TRICK(scheduler, "")
{
	struct sched_param p = {0};
	sched_setscheduler(victim, SCHED_BATCH, &p);
}
TRICK(scheduler_idle_in_attr, "")
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {48, SCHED_IDLE};
	syscall(SYS_sched_setattr, victim, &attr, 0);
}
TRICK(scheduler_param, "root")
{
	struct sched_param p = {1};
	sched_setscheduler(victim, SCHED_RR, &p);
	p.sched_priority = 2;
	sched_setparam(victim, &p);
}

/* Limits. */
TRICK(limit, "")
{
	struct rlimit l = {17, 17};
	prlimit(victim, RLIMIT_NOFILE, &l, NULL);
}
TRICK(limit_and_look, "")
{
	struct rlimit l = {17, 17}, old;
	prlimit(victim, RLIMIT_NOFILE, &l, &old);
}
TRICK(limit_of_core, "silent")
{
	struct rlimit l = {0, 0};
	prlimit(victim, RLIMIT_CORE, &l, NULL);
}

/* Files that are the process. */
TRICK(oom_score, "") { put("oom_score_adj", "500"); }
TRICK(timer_slack, "root") { put("timerslack_ns", "1000000"); }
TRICK(core_filter, "") { put("coredump_filter", "0x1"); }
TRICK(clear_refs, "") { put("clear_refs", "5"); }
TRICK(memory, "")
{
	int fd = open(proc("mem"), O_RDWR);
	if (fd < 0)
		perror("mem");
	else if (pwrite(fd, "changed by an attack", 20, address) < 0)
		perror("mem");
}
TRICK(memory_by_thread, "")
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/task/%d/mem", victim, victim);
	int fd = open(path, O_WRONLY);
	if (fd < 0 || pwrite(fd, "changed by an attack", 20, address) < 0)
		perror(path);
}
TRICK(memory_by_openat, "")
{
	int dir = open("/proc", O_RDONLY | O_DIRECTORY);
	char path[64];
	snprintf(path, sizeof path, "self/../%d/mem", victim);
	int fd = openat(dir, path, O_WRONLY);
	if (fd < 0 || pwrite(fd, "changed by an attack", 20, address) < 0)
		perror(path);
}
TRICK(memory_by_creat, "")
{
	int fd = creat(proc("mem"), 0600);
	if (fd < 0 || pwrite(fd, "changed by an attack", 20, address) < 0)
		perror("creat");
}
static void change(int fd)
{
	if (fd < 0 || pwrite(fd, "changed by an attack", 20, address) < 0)
		perror("mem");
}
TRICK(memory_by_handle, "")
{
	char own[64];
	snprintf(own, sizeof own, "/proc/self/fd/%d", open(proc("mem"), O_PATH));
	change(open(own, O_RDWR));
}
TRICK(memory_by_cwd, "")
{
	if (chdir(proc("")) == 0)
		change(open("./mem", O_WRONLY));
}
TRICK(memory_by_link, "")
{
	char link[64];
	snprintf(link, sizeof link, "/tmp/link-to-memory-%d", getpid());
	symlink(proc("mem"), link);
	change(open(link, O_WRONLY));
	unlink(link);
}
TRICK(memory_by_openat2, "")
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_WRONLY, 0, 0x10 /* RESOLVE_IN_ROOT */};
	change(maybe(syscall(437, open(proc(""), O_RDONLY), "/mem", &how, sizeof how)));
}
/* A procfs that was mounted at another place, as in a chroot; the runner says where. */
TRICK(memory_elsewhere, "elsewhere root")
{
	char path[256];
	snprintf(path, sizeof path, "%s/%d/mem", getenv("ELSEWHERE"), victim);
	change(open(path, O_RDWR));
}
TRICK(memory_elsewhere_by_handle, "elsewhere root")
{
	char path[256];
	snprintf(path, sizeof path, "%s/%d/task/%d/mem", getenv("ELSEWHERE"), victim, victim);
	snprintf(path, sizeof path, "/proc/self/fd/%d", open(path, O_PATH));
	change(open(path, O_RDWR));
}
TRICK(memory_by_chroot, "root")
{
	if (chroot(proc("")) == 0)
		change(open("/mem", O_WRONLY));
}
TRICK(memory_by_chroot_to_proc, "root")
{
	char path[32];
	snprintf(path, sizeof path, "/%d/mem", victim);
	if (chroot("/proc") == 0)
		change(open(path, O_WRONLY));
}

static char raced[64];
static void *respells(void *unused)
{
	static char innocent[64] = "/dev/null", wicked[64];
	snprintf(wicked, sizeof wicked, "/proc/%d/mem", victim);
	while (racing) {
		memcpy(raced, wicked, sizeof raced);
		__asm__ volatile("" ::: "memory");
		memcpy(raced, innocent, sizeof raced);
		__asm__ volatile("" ::: "memory");
		rounds++;
	}
	return unused;
}
TRICK(memory_race, "silent")
{
	pthread_t t;
	pthread_create(&t, NULL, respells, NULL);
	while (going()) {
		int fd = open(raced, O_WRONLY | O_CREAT, 0600);
		if (fd >= 0)
			pwrite(fd, "changed by an attack", 20, address);
		close(fd);
	}
	racing = 0;
	pthread_join(t, NULL);
}
TRICK(memory_by_vm_writev, "silent")
{
	char text[] = "changed by an attack";
	struct iovec local = {text, 20}, remote = {(void *)address, 20};
	process_vm_writev(victim, &local, 1, &remote, 1, 0);
}
TRICK(attach, "silent")
{
	if (syscall(SYS_ptrace, 16 /* ATTACH */, victim, 0, 0) == 0)
		waitpid(victim, NULL, __WALL);
}
TRICK(robust_list, "read silent")
{
	void *head;
	size_t size;
	if (syscall(SYS_get_robust_list, victim, &head, &size) == 0)
		printf("bystander's list %p\n", head);
}

/* What can be read of it. */
TRICK(environment, "read entries perfmon") { show("environ", 0); }
TRICK(mapped, "read entries perfmon") { show("maps", 0); }
TRICK(memory_read, "read entries") { show("mem", address); }
TRICK(memory_by_vm_readv, "read silent")
{
	char text[20] = "";
	struct iovec local = {text, 19}, remote = {(void *)address, 19};
	process_vm_readv(victim, &local, 1, &remote, 1, 0);
	puts(text);
}
TRICK(nameless_file, "read entries")
{
	char entry[32];
	snprintf(entry, sizeof entry, "fd/%d", descriptor);
	show(entry, 0);
}
TRICK(nameless_file_written, "")
{
	char entry[32];
	snprintf(entry, sizeof entry, "fd/%d", descriptor);
	put(entry, "changed by an attack");
}
/* A handle on it, or a descriptor for reading, can be had where neither stops, and is one's own, or a child's, then. */
static void reopen(int flags, int by_child)
{
	char entry[32], own[64];
	snprintf(entry, sizeof entry, "fd/%d", descriptor);
	int handle = open(proc(entry), flags), talk[2];
	pid_t holder = getpid();
	if (by_child) {
		pipe(talk);
		holder = fork();
		if (holder == 0)
			_exit(read(talk[0], own, 1));
	}
	snprintf(own, sizeof own, "/proc/%d/fd/%d", holder, handle);
	int fd = open(own, O_RDWR);
	if (fd < 0)
		perror(own);
	else
		pwrite(fd, "changed by an attack", 20, 0);
	if (by_child) {
		write(talk[1], "x", 1);
		waitpid(holder, NULL, 0);
	}
}
TRICK(nameless_file_by_handle, "") { reopen(O_PATH, 0); }
TRICK(nameless_file_by_reading, "") { reopen(O_RDONLY, 0); }
TRICK(nameless_file_by_handle_of_child, "") { reopen(O_PATH, 1); }
TRICK(nameless_file_by_reading_of_child, "") { reopen(O_RDONLY, 1); }
TRICK(nameless_file_truncated, "")
{
	char entry[32];
	snprintf(entry, sizeof entry, "fd/%d", descriptor);
	if (truncate(proc(entry), 3) != 0)
		perror(entry);
}
TRICK(stolen_descriptor, "read silent")
{
	char text[64];
	int fd = maybe(syscall(SYS_pidfd_open, victim, 0));
	int stolen = maybe(syscall(438 /* pidfd_getfd */, fd, descriptor, 0));
	long n = pread(stolen, text, sizeof text, 0);
	if (n > 0)
		fwrite(text, 1, n, stdout);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (int i = 0; i < ntricks; i++)
			printf("%s %s\n", tricks[i].name, tricks[i].words);
		return 0;
	}
	if (argc != 5)
		return 2;
	victim = atoi(argv[2]);
	if (victim == 0)
		victim = getppid();
	address = strtoul(argv[3], NULL, 0);
	descriptor = atoi(argv[4]);
	for (int i = 0; i < ntricks; i++)
		if (strcmp(tricks[i].name, argv[1]) == 0) {
			signal(SIGUSR1, SIG_IGN); /* what reaches the victim may reach its group */
			tricks[i].run();
			puts("tried");
			fflush(stdout);
			char c;
			while (read(0, &c, 1) > 0)
				;
			return 0;
		}
	return 2;
}
