/* Running VICTIM/bin/mark, which the policy denies, by every name it has as a path. */
#include "attack.h"
#include <elf.h>
#include <link.h>
#include <spawn.h>

typedef ElfW(Ehdr) Elf_Ehdr;
typedef ElfW(Phdr) Elf_Phdr;

static char nothing[] = "", empty_list[sizeof(void *)];
static char *args[] = {"mark", NULL};

/* int $0x80 reads lists of 4-byte pointers. */
#ifdef INT80
static unsigned list80[2];
static void *list(void)
{
	list80[0] = (uintptr_t)str("mark");
	return list80;
}
static unsigned env80[2];
static void *env(void)
{
	env80[0] = (uintptr_t)str("ATTACK_ALLOW=%s", allow);
	return env80;
}
#else
static void *list(void) { return args; }
static void *env(void) { return environ; }
#endif
static char *mark(void) { return V("bin/mark"); }

#define EXEC(path)                                                                                                     \
	IN_CHILD(pid) { DO(S(execve, path, list(), env())); }

TRICK(exec_absolute, "exec") { EXEC(mark()); }
TRICK(exec_relative, "exec") { EXEC(str("../%s/bin/mark", strrchr(victim, '/') + 1)); }
TRICK(exec_noise, "exec") { EXEC(str("%s/.//dir/..//bin/./mark", victim)); }
TRICK(exec_chdir, "exec")
{
	DO(chdir(V("bin")));
	EXEC(str("./mark"));
}
TRICK(exec_link, "exec")
{
	DO(symlink(mark(), "innocent"));
	EXEC(A("innocent"));
}
TRICK(exec_dir_link, "exec")
{
	DO(symlink(V("bin"), "innocent"));
	EXEC(A("innocent/mark"));
}
TRICK(exec_link_chain, "exec")
{
	DO(symlink(mark(), "a"));
	DO(symlink("a", "b"));
	DO(symlink("b", "c"));
	EXEC(A("c"));
}
TRICK(exec_disguised, "exec")
{
#ifdef INT80
	EXEC(mark());
#else
	IN_CHILD(pid) { DO(execl(mark(), "/bin/true", NULL)); }
#endif
}
TRICK(exec_no_arguments, "exec") { IN_CHILD(pid) { DO(S(execve, mark(), empty_list, env())); } }
TRICK(exec_dirfd, "exec")
{
	long dir = DO(open(V("bin"), O_PATH | O_DIRECTORY));
	IN_CHILD(pid) { DO(S(execveat, dir, str("mark"), list(), env(), 0)); }
}
TRICK(exec_inherited_dirfd, "exec")
{
	IN_CHILD(pid) { DO(S(execveat, INHERITED_DIR, str("bin/mark"), list(), env(), 0)); }
}
TRICK(exec_empty_path, "exec")
{
	long fd = DO(open(mark(), O_RDONLY));
	IN_CHILD(pid) { DO(S(execveat, fd, nothing, list(), env(), AT_EMPTY_PATH)); }
}
TRICK(exec_empty_path_only, "exec")
{
	long fd = DO(open(mark(), O_PATH));
	IN_CHILD(pid) { DO(S(execveat, fd, nothing, list(), env(), AT_EMPTY_PATH)); }
}
TRICK(exec_bogus_dirfd, "exec") { IN_CHILD(pid) { DO(S(execveat, 54321, mark(), list(), env(), 0)); } }
TRICK(exec_magic_fd, "exec")
{
	long fd = DO(open(mark(), O_RDONLY));
	EXEC(str("/proc/self/fd/%ld", fd));
}
TRICK(exec_dev_fd, "exec")
{
	long fd = DO(open(mark(), O_PATH));
	EXEC(str("/dev/fd/%ld", fd));
}
TRICK(exec_magic_cwd, "exec")
{
	DO(chdir(V("bin")));
	EXEC(str("/proc/self/cwd/mark"));
}
TRICK(exec_magic_root, "exec") { EXEC(str("/proc/self/root%s", mark())); }
TRICK(exec_by_link_to_magic, "exec")
{
	long fd = DO(open(mark(), O_RDONLY));
	DO(symlink(str("/proc/self/fd/%ld", fd), "innocent"));
	EXEC(A("innocent"));
}
TRICK(exec_interpreter, "exec")
{
	int fd = DO(open("script", O_WRONLY | O_CREAT, 0755));
	const char *text = str("#!%s\n", mark());
	DO(write(fd, text, strlen(text)));
	close(fd);
	EXEC(A("script"));
}
TRICK(exec_interpreter_relative, "exec")
{
	int fd = DO(open("script", O_WRONLY | O_CREAT, 0755));
	const char *text = str("#! ../%s/bin/mark an argument\n", strrchr(victim, '/') + 1);
	DO(write(fd, text, strlen(text)));
	close(fd);
	EXEC(A("script"));
}
TRICK(exec_nested_interpreter, "exec")
{
	int fd = DO(open("inner", O_WRONLY | O_CREAT, 0755));
	const char *text = str("#!%s\n", mark());
	DO(write(fd, text, strlen(text)));
	close(fd);
	fd = DO(open("outer", O_WRONLY | O_CREAT, 0755));
	text = str("#!%s/inner\n", allow);
	DO(write(fd, text, strlen(text)));
	close(fd);
	EXEC(A("outer"));
}
TRICK(exec_interpreter_by_link, "exec")
{
	DO(symlink(mark(), "innocent"));
	int fd = DO(open("script", O_WRONLY | O_CREAT, 0755));
	const char *text = str("#!%s/innocent\n", allow);
	DO(write(fd, text, strlen(text)));
	close(fd);
	EXEC(A("script"));
}
TRICK(exec_spawn, "exec")
{
	pid_t pid;
	errno = posix_spawn(&pid, mark(), NULL, NULL, args, environ);
	DO(errno ? -1 : 0);
	finish(pid);
}
TRICK(exec_vfork, "exec")
{
	char *m = mark();
	void *l = list(), *e = env();
	pid_t pid = vfork();
	if (pid == 0) {
		S(execve, m, l, e);
		_exit(1);
	}
	finish(pid);
}
static void *in_thread(void *arg)
{
	DO(S(execve, mark(), list(), env()));
	return arg;
}
TRICK(exec_thread, "exec")
{
	pthread_t t;
	errno = pthread_create(&t, NULL, in_thread, NULL);
	pthread_join(t, NULL);
}
TRICK(exec_by_shell, "exec")
{
	IN_CHILD(pid) { DO(execl("/bin/sh", "sh", "-c", "\"$0\"", mark(), NULL)); }
}
TRICK(exec_by_path_search, "exec")
{
	IN_CHILD(pid)
	{
		setenv("PATH", V("bin"), 1);
		DO(execvp("mark", args));
	}
}
TRICK(exec_by_env, "exec")
{
	IN_CHILD(pid) { DO(execl("/usr/bin/env", "env", str("ATTACK_ALLOW=%s", allow), mark(), NULL)); }
}
TRICK(exec_replaced_after_failure, "exec")
{
	/* A denied exec must not be remembered as a launch that still is to come. */
	S(execve, mark(), list(), env());
	DO(S(execve, mark(), list(), env()));
}
TRICK(exec_moved, "exec")
{
	DO(rename(mark(), A("moved")));
	EXEC(A("moved"));
}
static long copy_to(long out)
{
	static char buf[1 << 16];
	int in = DO(open(mark(), O_RDONLY));
	for (long n; (n = DO(read(in, buf, sizeof buf))) > 0;)
		DO(write(DO(out), buf, n));
	close(in);
	return out;
}
TRICK(exec_copy, "exec needs=copies")
{
	close(copy_to(open(A("copy"), O_WRONLY | O_CREAT, 0755)));
	EXEC(A("copy"));
}
TRICK(exec_copy_in_memory, "exec needs=copies")
{
	long fd = copy_to(memfd_create("copy", 0));
	IN_CHILD(pid) { DO(S(execveat, fd, nothing, list(), env(), AT_EMPTY_PATH)); }
}
TRICK(exec_copy_in_memory_by_magic, "exec needs=copies")
{
	long fd = copy_to(memfd_create("copy", 0));
	EXEC(str("/proc/self/fd/%ld", fd));
}
TRICK(exec_copy_without_name, "exec needs=copies")
{
	close(copy_to(open(A("copy"), O_WRONLY | O_CREAT, 0755)));
	long fd = DO(open(A("copy"), O_RDONLY));
	DO(unlink(A("copy")));
	IN_CHILD(pid) { DO(S(execveat, fd, nothing, list(), env(), AT_EMPTY_PATH)); }
}
TRICK(exec_copy_changed_back, "exec needs=copies")
{
	/* Harmless while it is looked at first, then the denied program under the same name. */
	DO(system(str("cp /bin/true %s && %s", A("copy"), A("copy"))));
	DO(unlink(A("copy")));
	close(copy_to(open(A("copy"), O_WRONLY | O_CREAT, 0755)));
	EXEC(A("copy"));
}
TRICK(exec_hard_link, "exec needs=copies+moves")
{
	DO(link(mark(), A("hard")));
	EXEC(A("hard"));
}
TRICK(exec_copy_as_interpreter, "exec needs=copies")
{
	close(copy_to(open(A("copy"), O_WRONLY | O_CREAT, 0755)));
	int fd = DO(open("script", O_WRONLY | O_CREAT, 0755));
	const char *text = str("#!%s\n", A("copy"));
	DO(write(fd, text, strlen(text)));
	close(fd);
	EXEC(A("script"));
}
TRICK(exec_secret_memory_name, "exec lift=memfd_secret silent needs=memory+second-look")
{
	long fd = syscall(SYS_memfd_secret, 0);
	if (fd < 0)
		impossible("this kernel has no secret memory (memfd_secret)");
	DO(ftruncate(fd, 4096));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED
#ifdef MAP_32BIT
		       | MAP_32BIT
#endif
		       , fd, 0);
	if (p == MAP_FAILED)
		DO(-1);
	/* Secret memory is shared with children, not copied. */
	EXEC(strcpy(p, mark()));
}

/* A program whose loader (PT_INTERP) is the denied one: the kernel maps both and starts the loader. */
static void exec_loaded_by(const char *loader)
{
	static Elf_Ehdr head;
	static Elf_Phdr segments[16], *s = segments;
	static char file[8192];
	int in = DO(open(mark(), O_RDONLY));
	DO(read(in, &head, sizeof head) - (long)sizeof head);
	if (head.e_ident[EI_CLASS] != (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32))
		impossible("the denied program is one for another ABI");
	DO(head.e_phnum <= 12 ? 0 : -1);
	DO(pread(in, file, head.e_phnum * sizeof *s, head.e_phoff));
	const Elf_Phdr *its = (void *)file;
	unsigned long base = 0x70000000;
	*s++ = (Elf_Phdr){.p_type = PT_INTERP, .p_offset = 4096, .p_filesz = strlen(loader) + 1, .p_flags = PF_R};
	*s++ = (Elf_Phdr){.p_type = PT_LOAD, .p_vaddr = base, .p_paddr = base, .p_filesz = sizeof file,
			  .p_memsz = sizeof file, .p_flags = PF_R | PF_X, .p_align = 4096};
	/* The loader finds its own thread-local memory by what it takes for its own headers. */
	for (int i = 0; i < head.e_phnum; i++)
		if (its[i].p_type == PT_TLS)
			*s++ = its[i];
	memset(file, 0, sizeof file);
	head.e_phoff = sizeof head;
	head.e_phnum = s - segments;
	head.e_shnum = head.e_shstrndx = head.e_shoff = 0;
	head.e_entry = base;
	memcpy(file, &head, sizeof head);
	memcpy(file + sizeof head, segments, sizeof segments);
	strcpy(file + 4096, loader);
	int fd = DO(open("loaded", O_WRONLY | O_CREAT, 0755));
	DO(write(fd, file, sizeof file));
	close(fd);
	EXEC(A("loaded"));
}
TRICK(exec_loader, "exec") { exec_loaded_by(mark()); }
TRICK(exec_loader_relative, "exec") { exec_loaded_by(str("../%s/bin/./mark", strrchr(victim, '/') + 1)); }
TRICK(exec_loader_by_link, "exec")
{
	DO(symlink(mark(), "innocent"));
	exec_loaded_by(A("innocent"));
}
TRICK(exec_after_a_check, "exec")
{
	/* AT_EXECVE_CHECK: nothing is executed, so that no event tells of it. */
	if (S(execveat, AT_FDCWD, str("/bin/true"), list(), env(), 0x10000) != 0 && errno == EINVAL)
		impossible("no AT_EXECVE_CHECK");
	EXEC(mark());
}
