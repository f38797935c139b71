/*
 * Ways around: calls that act on files without being file calls, other namespaces and roots, other numbers for the same
 * call, filters of one's own that answer first.
 */
/* variants: static m32 */
#include "attack.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

static void write_to(const char *path) { say(open(path, O_WRONLY)); }

/* io_uring: the kernel opens the file itself; no system call of the task names it. */
struct uring_params {
	unsigned sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv[3];
	struct {
		unsigned head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
		unsigned long long user_addr;
	} sq;
	struct {
		unsigned head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
		unsigned long long user_addr;
	} cq;
};
struct sqe {
	unsigned char opcode, flags;
	unsigned short ioprio;
	int fd;
	unsigned long long off, addr;
	unsigned len, op_flags;
	unsigned long long user_data, pad[3];
};
enum { OP_OPENAT = 18, OP_UNLINKAT = 36, OP_MKDIRAT = 37 };

static int uring_do(struct sqe request)
{
	struct uring_params p;
	memset(&p, 0, sizeof p);
	long ring = syscall(425, 4, &p);
	if (ring < 0 && (errno == ENOSYS || errno == EPERM))
		impossible("io_uring is not to be had");
	DO(ring);
	char *sq = mmap(NULL, p.sq.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
	char *cq = mmap(NULL, p.cq.cqes + p.cq_entries * 16, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0x8000000);
	struct sqe *sqes = mmap(NULL, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0x10000000);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		DO(-1);
	sqes[0] = request;
	((unsigned *)(sq + p.sq.array))[0] = 0;
	__atomic_store_n((unsigned *)(sq + p.sq.tail), 1, __ATOMIC_RELEASE);
	DO(syscall(426, ring, 1, 1, 1, NULL, 0));
	int res = *(int *)(cq + p.cq.cqes + 8);
	if (res < 0) {
		errno = -res;
		return -1;
	}
	return res;
}
TRICK(io_uring_open, "write refused hull needs=io_uring")
{
	struct sqe s = {.opcode = OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)V("file"), .op_flags = O_WRONLY};
	say(uring_do(s));
}
TRICK(io_uring_unlink, "write refused hull needs=io_uring")
{
	struct sqe s = {.opcode = OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)V("file")};
	DO(uring_do(s));
}
TRICK(io_uring_mkdir, "write refused hull needs=io_uring")
{
	struct sqe s = {.opcode = OP_MKDIRAT, .fd = AT_FDCWD, .addr = (uintptr_t)V("new"), .len = 0755};
	DO(uring_do(s));
}

/* Mounts: the victim under a name that may be written. */
static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) != 0)
		DO(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}
TRICK(bind_mount, "write root private refused needs=mount")
{
	DO(mount(victim, A("owndir"), NULL, MS_BIND, NULL));
	write_to(A("owndir/file"));
}
TRICK(bind_mount_own_namespace, "write private refused needs=mount+userns+nameless+pinning")
{
	own_mounts();
	DO(mount(victim, A("owndir"), NULL, MS_BIND, NULL));
	write_to(A("owndir/file"));
}
TRICK(bind_mount_of_allow_over, "write root private refused needs=mount")
{
	/* The other way round: what is at ALLOW's place is the victim. */
	DO(mount(victim, allow, NULL, MS_BIND, NULL));
	write_to(A("file"));
}
TRICK(open_tree_move_mount, "write root private refused needs=mount+nameless")
{
	int tree = DO(syscall(428, AT_FDCWD, victim, 1 /* OPEN_TREE_CLONE */));
	DO(syscall(429, tree, "", AT_FDCWD, A("owndir"), 4 /* MOVE_MOUNT_F_EMPTY_PATH */));
	write_to(A("owndir/file"));
}
TRICK(open_tree_descriptor, "write root private refused needs=mount+nameless+pinning")
{
	/* A tree that is attached nowhere is a directory without any path. */
	int tree = DO(syscall(428, AT_FDCWD, victim, 1));
	say(openat(tree, "file", O_WRONLY));
}
TRICK(overlay, "write root private refused needs=mount")
{
	DO(mkdir("upper", 0755));
	DO(mkdir("work", 0755));
	DO(mkdir("merged", 0755));
	if (mount("overlay", "merged", "overlay", 0, str("lowerdir=%s,upperdir=%s,workdir=%s", A("owndir"), V("dir"),
							 V("empty"))) != 0) {
		if (errno == ENODEV || errno == EPERM)
			impossible("no overlay file system here");
		DO(-1);
	}
	DO(close(open("merged/new", O_WRONLY | O_CREAT, 0644)));
}
TRICK(user_namespace, "write private refused needs=mount+userns+nameless+pinning")
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		impossible("no user namespaces here");
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	DO(mount(victim, A("owndir"), NULL, MS_BIND, NULL));
	write_to(A("owndir/file"));
}
TRICK(user_namespace_plain_write, "write lift=userns")
{
	if (unshare(CLONE_NEWUSER) != 0)
		impossible("no user namespaces here");
	write_to(V("file"));
}
TRICK(setns_to_outside, "write root private lift=userns,mount")
{
	/* Away, and back by a descriptor from before. */
	int ns = DO(open("/proc/self/ns/mnt", O_RDONLY));
	own_mounts();
	DO(setns(ns, CLONE_NEWNS));
	write_to(V("file"));
}
TRICK(pivot_root_, "write root private lift=userns,mount never")
{
	own_mounts();
	DO(mount(str("%s/..", allow), A("owndir"), NULL, MS_BIND | MS_REC, NULL));
	DO(chdir(A("owndir")));
	if (syscall(SYS_pivot_root, ".", ".") != 0) {
		if (errno == EINVAL)
			impossible("the root is the kernel's first one, which stays (pivot_root(2))");
		DO(-1);
	}
	write_to(str("/%s/file", strrchr(victim, '/') + 1));
}

/* Other roots: names are read against what the task's root is by then. */
TRICK(chroot_then_write, "write root")
{
	DO(chroot(str("%s/..", victim)));
	DO(chdir("/"));
	write_to(str("/%s/file", strrchr(victim, '/') + 1));
}
TRICK(chroot_and_kept_descriptor, "write root")
{
	/* Seen from the new root the directory has no name at all. */
	long dir = DO(open(victim, O_RDONLY | O_DIRECTORY));
	DO(chroot(A("owndir")));
	say(openat(dir, "file", O_WRONLY));
}
TRICK(chroot_and_kept_cwd, "write root")
{
	DO(chdir(victim));
	DO(chroot(A("owndir")));
	write_to("file");
}
TRICK(chroot_where_victim_is_called_allow, "write root")
{
	/* Inside, the victim has the name that ALLOW has outside. */
	char *parent = str("%s", allow), *name = strrchr(parent, '/');
	*name++ = 0;
	DO(rename(V("dir"), V(name)));
	DO(chroot(victim));
	write_to(str("/%s/inner", name));
}
TRICK(chroot_escape, "write root")
{
	long dir = DO(open("/", O_RDONLY | O_DIRECTORY));
	DO(chroot(A("owndir")));
	DO(fchdir(dir));
	for (int i = 0; i < 64; i++)
		DO(chdir(".."));
	DO(chroot("."));
	write_to(V("file"));
}
TRICK(chroot_of_another, "write root")
{
	int p[2];
	char c;
	DO(pipe(p));
	pid_t parent = getpid(), pid = DO(fork());
	if (pid == 0) {
		DO(chroot(victim));
		DO(write(p[1], "x", 1));
		outlast(parent);
	}
	close(p[1]);
	if (read(p[0], &c, 1) != 1)
		finish(pid);
	write_to(str("/proc/%d/root/file", (int)pid));
}
TRICK(by_handle, "write root refused needs=handles")
{
	struct {
		unsigned bytes;
		int type;
		unsigned char handle[128];
	} h = {.bytes = 128};
	int mount_id;
	DO(syscall(SYS_name_to_handle_at, AT_FDCWD, V("file"), &h, &mount_id, 0));
	say(syscall(SYS_open_by_handle_at, INHERITED_DIR, &h, O_WRONLY));
}

/* A filter of one's own whose verdict outranks the tracer's. */
TRICK(own_listener, "write refused hull needs=notify+pinning")
{
#ifdef SYS_open
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0x7fc00000 /* SECCOMP_RET_USER_NOTIF */),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	long listener = syscall(SYS_seccomp, 1, 1UL << 3 /* NEW_LISTENER */, &prog);
	if (listener < 0 && (errno == EINVAL || errno == ENOSYS))
		impossible("this kernel has no seccomp listeners");
	DO(listener);
	pid_t pid = DO(fork());
	if (pid == 0) {
		DO(mkdirat(AT_FDCWD, V("new"), 0755));
		_exit(0);
	}
	struct {
		unsigned long long id;
		unsigned pid, flags;
		struct seccomp_data data;
	} notice;
	struct {
		unsigned long long id;
		long long val;
		int error;
		unsigned flags;
	} answer = {.flags = 1 /* CONTINUE */};
	memset(&notice, 0, sizeof notice);
	DO(ioctl(listener, _IOC(3, '!', 0, sizeof notice), &notice));
	answer.id = notice.id;
	DO(ioctl(listener, _IOC(3, '!', 1, sizeof answer), &answer));
	finish(pid);
#else
	impossible("not written for this machine");
#endif
}
TRICK(own_filter_forged_data, "write")
{
	/* A filter of one's own with the same action as the tracer's: its data must not be believed. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1000000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0xbeef),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	DO(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	write_to(V("file"));
}

/* Other numbers for the same call. */
TRICK(x32, "write refused")
{
#ifdef __x86_64__
	long fd = syscall(0x40000000 | SYS_open, V("file"), O_WRONLY);
	if (fd < 0 && errno == ENOSYS)
		impossible("this kernel has no x32 calls");
	say(fd);
#else
	impossible("not x86-64");
#endif
}
TRICK(high_garbage_in_number, "write")
{
#ifdef __x86_64__
	long r, number = (long)(0xdeadbeef00000000ULL | SYS_open);
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(V("file")), "S"((long)O_WRONLY), "d"(0L)
			 : "rcx", "r11", "memory");
	errno = r < 0 ? -r : 0;
	say(r < 0 ? -1 : r);
#else
	impossible("not x86-64");
#endif
}
TRICK(int80_number_that_is_harmless_in_64_bits, "write")
{
#ifdef __x86_64__
	/* 38 is rename here and setitimer there, 10 is unlink and mprotect, 15 chmod and rt_sigreturn. */
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long r;
	if (low == MAP_FAILED)
		DO(-1);
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(10L), "b"(strcpy(low, V("file")))
			 : "memory", "r8", "r9", "r10", "r11");
	errno = r < 0 ? -(int)r : 0;
	DO((int)r < 0 ? -1 : 0);
#else
	impossible("not x86-64");
#endif
}
TRICK(sysenter_from_32_bits, "write")
{
#ifdef __i386__
	/* Through the vdso, by which a C library makes its calls, and by the plain instruction, alternately. */
	say(syscall(5, V("file"), O_WRONLY));
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(15L), "b"(V("file")), "c"(0600L) : "memory");
	DO(r < 0 ? (errno = -r, -1) : 0);
#else
	impossible("not a 32-bit program");
#endif
}
TRICK(far_jump_to_32_bits, "write")
{
#if defined(__x86_64__)
	/* A 64-bit program that runs 32-bit code for a while: the ABI is a matter of each call. */
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
				   -1, 0);
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (code == MAP_FAILED || path == MAP_FAILED)
		DO(-1);
	strcpy(path, V("file"));
	/* int $0x80; retf back to the 64-bit segment */
	static const unsigned char text[] = {0xcd, 0x80, 0xcb};
	memcpy(code, text, sizeof text);
	long r;
	/* The offset has 32 bits: AMD's processors know no far jump with 64. */
	__asm__ volatile("push %%rbx; mov %%rsp, %%r15; lea -256(%[stack]), %%rsp; mov %[path], %%ebx\n\t"
			 "sub $16, %%rsp\n\t"
			 "lea 1f(%%rip), %%r8; mov %%r8d, (%%rsp); movl $0x33, 4(%%rsp)\n\t"
			 "sub $16, %%rsp; mov %k[code], (%%rsp); movl $0x23, 4(%%rsp)\n\t"
			 "mov $10, %%eax; mov %%rsp, %%rdi; lea 16(%%rsp), %%rsp\n\t"
			 "ljmpl *(%%rdi)\n"
			 "1: mov %%r15, %%rsp; pop %%rbx"
			 : "=&a"(r)
			 : [stack] "r"(path + 4096), [path] "r"((unsigned)(uintptr_t)path), [code] "r"(code)
			 : "memory", "rdi", "rcx", "rdx", "r8", "r9", "r10", "r11", "r15", "cc");
	errno = (int)r < 0 ? -(int)r : 0;
	DO((int)r < 0 ? -1 : 0);
#else
	impossible("not x86-64");
#endif
}

/* Nodes and files of the system. */
TRICK(device_node, "write root refused needs=devices")
{
	/* Made in ALLOW, it is the disk below everything; the judge looks for device nodes as well. */
	struct stat st;
	DO(stat(victim, &st));
	DO(mknod(A("disk"), S_IFBLK | 0600, st.st_dev));
}
TRICK(character_device_node, "write root refused needs=devices") { DO(mknod(A("mem"), S_IFCHR | 0600, makedev(1, 1))); }
TRICK(process_accounting, "write root refused vague")
{
	if (syscall(SYS_acct, V("file")) != 0 && errno == ENOSYS)
		impossible("this kernel has no process accounting");
	if (fork() == 0)
		_exit(0);
	wait(NULL);
	syscall(SYS_acct, NULL);
}
TRICK(proc_self_mem_of_child, "write")
{
	/* A write through another process's memory into a mapping of the victim that may only be read changes nothing; one
	 * that has it open for writing does, so this needs the open first. */
	int fd = DO(open(V("file"), O_RDWR));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int mem = DO(open("/proc/self/mem", O_RDWR));
	DO(pwrite64(mem, "memory", 6, (off64_t)(uintptr_t)p));
	DO(msync(p, 4096, MS_SYNC));
}
TRICK(proc_of_outsider, "write root private tree needs=members+outsiders never")
{
	/* Process 1 is no member. What is written there was so before. */
	char text[16] = "";
	int fd = DO(open("/proc/1/oom_score_adj", O_RDONLY));
	long n = DO(read(fd, text, sizeof text));
	DO(write(DO(open("/proc/1/oom_score_adj", O_WRONLY)), text, n));
	close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644)));
}
TRICK(stdin_reopened_for_writing, "write stdio needs=stdio") { say(open("/dev/stdin", O_WRONLY)); }
TRICK(stdin_by_its_path, "write stdio needs=stdio") { say(open(V("file"), O_WRONLY | O_TRUNC)); }
TRICK(unix_bind_outside, "write")
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (strlen(V("new")) >= sizeof sun.sun_path)
		impossible("the path is too long for a socket address");
	strcpy(sun.sun_path, V("new"));
	DO(bind(DO(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&sun, sizeof sun));
}
TRICK(unix_bind_by_magic_cwd, "write")
{
	struct sockaddr_un sun = {AF_UNIX, "/proc/self/cwd/new"};
	DO(chdir(victim));
	DO(bind(DO(socket(AF_UNIX, SOCK_DGRAM, 0)), (struct sockaddr *)&sun, sizeof sun));
}
TRICK(unix_bind_without_end, "write")
{
	/* The address ends where its length says, not at a zero. */
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(V("new"));
	if (len > sizeof sun.sun_path)
		impossible("the path is too long for a socket address");
	memset(sun.sun_path, '/', sizeof sun.sun_path);
	memcpy(sun.sun_path, V("new"), len);
	DO(bind(DO(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&sun, offsetof(struct sockaddr_un, sun_path) + len));
}
