/* race_names.h - ways to change where a name leads: its bytes, the tree, the directory it starts from. */
#ifndef RACE_NAMES_H
#define RACE_NAMES_H
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

enum {
	BASED = 1,   /* by a base descriptor: only for calls that take one */
	LAST = 2,    /* the last component is a link: only for calls that follow it */
	SAMPLED = 4, /* for one call of each kind */
	ROOTED = 8   /* names in ALLOW are out of reach meanwhile */
};

/* Two bytes before the path are free, for the family of a socket address. */
static char *room, *bytes;
static pid_t worker;

static struct aim in_memory(char *memory, const char *path)
{
	room = memory;
	bytes = strcpy(memory + 2, path);
	return (struct aim){AT_FDCWD, bytes};
}
static char *pages(size_t n, int flags)
{
	char *p = mmap(NULL, n * 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	return p == MAP_FAILED ? DO(-1), NULL : p;
}

/* The bytes. ALLOW/0 is a link to VICTIM, ALLOW/1 the decoy. */
static struct aim private_bytes(const char *name) { return in_memory(pages(1, MAP_PRIVATE), str("0/%s", name)); }
static struct aim shared_bytes(const char *name) { return in_memory(pages(1, MAP_SHARED), str("0/%s", name)); }
static void flip(unsigned n)
{
	*(volatile char *)bytes = n & 1 ? '0' : '1';
	for (volatile unsigned i = 0; i < (n * 2654435761u >> 23); i++)
		;
}
/* The same while signals cut the calls short, which then start over. */
static void look_away(int sig)
{
	(void)sig;
	close(open("1/file", O_RDONLY));
}
static struct aim interrupted(const char *name)
{
	struct sigaction act = {.sa_handler = look_away, .sa_flags = SA_RESTART};
	worker = getpid();
	sigaction(SIGUSR1, &act, NULL);
	return private_bytes(name);
}
static void flip_and_signal(unsigned n)
{
	flip(n);
	if (n % 4096 == 0) /* more would leave no time for the calls */
		syscall(SYS_tgkill, worker, worker, SIGUSR1);
}
static struct aim foreign_bytes(const char *name)
{
	worker = getpid();
	return private_bytes(name);
}
static void poke_mem(unsigned n)
{
	static char path[32];
	static int mem = -1;
	if (mem < 0) {
		sprintf(path, "/proc/%d/mem", worker);
		mem = open(path, O_WRONLY);
	}
	pwrite64(mem, n & 1 ? "0" : "1", 1, (off64_t)(uintptr_t)bytes);
}
static void poke_vm(unsigned n)
{
	struct iovec from = {n & 1 ? "0" : "1", 1}, to = {bytes, 1};
	process_vm_writev(worker, &from, 1, &to, 1, 0);
}
/* Another page in the same place. */
static int two_pages = -1;
static struct aim remapped(const char *name)
{
	char *p = pages(1, MAP_PRIVATE);
	two_pages = DO(memfd_create("pages", 0));
	for (int i = 0; i < 2; i++) {
		char text[256] = "xx";
		snprintf(text + 2, sizeof text - 2, "%d/%s", i, name);
		DO(pwrite(two_pages, text, sizeof text, i * 4096));
	}
	return in_memory(p, str("1/%s", name));
}
static void remap(unsigned n)
{
	mmap(room, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, two_pages, n & 1 ? 0 : 4096);
}
/* A page that is asked for anew each time it is read, and answered in turns. */
static int faults = -1;
static char answer[4096] __attribute__((aligned(4096)));
static struct aim faulting(const char *name)
{
	struct uffdio_api api = {.api = UFFD_API};
	char *p = pages(1, MAP_PRIVATE);
	faults = syscall(SYS_userfaultfd, 0);
	if (faults < 0 && errno == ENOSYS)
		impossible("this kernel has no userfaultfd");
	DO(faults);
	DO(ioctl(faults, UFFDIO_API, &api));
	struct uffdio_register r = {.range = {(uintptr_t)p, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	in_memory(p, str("0/%s", name));
	madvise(p, 4096, MADV_DONTNEED);
	DO(ioctl(faults, UFFDIO_REGISTER, &r));
	sprintf(answer, "xx0/%s", name);
	return (struct aim){AT_FDCWD, p + 2};
}
static void answer_fault(unsigned n)
{
	struct uffd_msg msg;
	answer[2] = n & 1 ? '0' : '1';
	if (read(faults, &msg, sizeof msg) != sizeof msg)
		return;
	struct uffdio_copy copy = {.dst = (uintptr_t)room, .src = (uintptr_t)answer, .len = 4096};
	ioctl(faults, UFFDIO_COPY, &copy);
	sched_yield();
	madvise(room, 4096, MADV_DONTNEED);
}

/* The tree. */
static struct aim two_dirs(const char *name)
{
	rename("1", "d");
	symlink(victim, "e");
	return in_memory(pages(1, MAP_PRIVATE), str("d/%s", name));
}
static void swap_dirs(unsigned n) { syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", RENAME_EXCHANGE); }
static struct aim two_links(const char *name)
{
	symlink(str("1/%s", name), "t");
	symlink(V(name), "u");
	return in_memory(pages(1, MAP_PRIVATE), "t");
}
static void swap_links(unsigned n) { syscall(SYS_renameat2, AT_FDCWD, "t", AT_FDCWD, "u", RENAME_EXCHANGE); }
static struct aim link_and_file(const char *name)
{
	if (faccessat(decoy, name, F_OK, 0) == 0)
		linkat(decoy, name, AT_FDCWD, "t", 0);
	else
		close(open("t", O_WRONLY | O_CREAT, 0644));
	symlink(V(name), "u");
	return in_memory(pages(1, MAP_PRIVATE), "t");
}
static char *targets[2];
static struct aim retargeted(const char *name)
{
	targets[0] = str("1/%s", name);
	targets[1] = V(name);
	symlink(targets[0], "t");
	return in_memory(pages(1, MAP_PRIVATE), "t");
}
static void retarget(unsigned n)
{
	unlink("v");
	symlink(targets[n & 1], "v");
	rename("v", "t");
}
/* `..`: ALLOW/p/q is the working directory; moved to ALLOW/q its grandparent is VICTIM's parent. */
static char *inside, *outside;
static struct aim dotdot(const char *name)
{
	inside = A("p/q");
	outside = A("q");
	mkdir("p", 0755);
	mkdir("p/q", 0755);
	const char *last = strrchr(victim, '/') + 1;
	rename("1", last);
	DO(chdir("p/q"));
	return in_memory(pages(1, MAP_PRIVATE), str("../../%s/%s", last, name));
}
static void move_parent(unsigned n)
{
	if (n & 1)
		rename(inside, outside);
	else
		rename(outside, inside);
}

/* The frame. */
static struct aim from_cwd(const char *name) { return in_memory(pages(1, MAP_PRIVATE), name); }
static void move_cwd(unsigned n) { fchdir(n & 1 ? victim_dir : decoy); }
static struct aim magic_cwd(const char *name)
{
	return in_memory(pages(1, MAP_PRIVATE), str("/proc/self/cwd/%s", name));
}
enum { NUMBER = 50 };
static struct aim from_number(const char *name)
{
	DO(dup2(decoy, NUMBER));
	return (struct aim){NUMBER, in_memory(pages(1, MAP_PRIVATE), name).path};
}
static void renumber(unsigned n) { dup2(n & 1 ? victim_dir : decoy, NUMBER); }
static struct aim magic_number(const char *name)
{
	DO(dup2(decoy, NUMBER));
	return in_memory(pages(1, MAP_PRIVATE), str("/proc/self/fd/%d/%s", NUMBER, name));
}
static struct aim from_root(const char *name)
{
	int root = DO(open("/", O_PATH | O_DIRECTORY));
	DO(dup2(root, NUMBER));
	return in_memory(pages(1, MAP_PRIVATE), str("/%s", name));
}
static void move_root(unsigned n)
{
	fchdir(n & 1 ? victim_dir : decoy);
	chroot(".");
}

static const struct mechanism mechanisms[] = {
	{"thread_flips_byte", CLONE_THREAD, private_bytes, flip, ""},
	{"link_swapped_for_dir", 0, two_dirs, swap_dirs, ""},
	{"cwd_moved", CLONE_FS | CLONE_VM, from_cwd, move_cwd, ""},
	{"dirfd_replaced", CLONE_FILES | CLONE_VM, from_number, renumber, "", BASED},
	{"process_flips_byte", 0, shared_bytes, flip, "", SAMPLED},
	{"clone_flips_byte", CLONE_VM, private_bytes, flip, "", SAMPLED},
	{"interrupted", CLONE_THREAD, interrupted, flip_and_signal, "", SAMPLED},
	{"mem_written", 0, foreign_bytes, poke_mem, "tree", SAMPLED},
	{"vm_written", 0, foreign_bytes, poke_vm, "lift=vm_write", SAMPLED},
	{"page_replaced", CLONE_THREAD, remapped, remap, "", SAMPLED},
	{"fault_answered", CLONE_THREAD, faulting, answer_fault, "root lift=userfaultfd", SAMPLED},
	{"parent_moved", 0, dotdot, move_parent, "", SAMPLED},
	{"last_link_swapped", 0, two_links, swap_links, "", LAST},
	{"file_swapped_for_link", 0, link_and_file, swap_links, "", LAST | SAMPLED},
	{"link_retargeted", CLONE_THREAD, retargeted, retarget, "", LAST | SAMPLED},
	{"magic_cwd_moved", CLONE_FS | CLONE_VM, magic_cwd, move_cwd, "", SAMPLED},
	{"magic_number_replaced", CLONE_THREAD, magic_number, renumber, "", SAMPLED},
	{"root_moved", CLONE_FS | CLONE_VM, from_root, move_root, "root", SAMPLED | ROOTED},
};
#endif
