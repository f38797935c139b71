/*
 * Races on what a call points to besides one path: flags in a struct, addresses of sockets, argument blocks, two paths
 * at once.
 */
#include "race.h"

static struct {
	unsigned long long flags, mode, resolve;
} how __attribute__((aligned(64)));
/* Names that int $0x80 can reach. ALLOW/0 is a link to VICTIM, ALLOW/1 the decoy. */
static char from[] = "0/file", to[] = "0/new", other[] = "0/dir";
static struct sockaddr_un address, harmless;

#define OP(name) static int name(struct aim w)
static int wrote(long fd)
{
	struct stat st;
	if (fd < 0)
		return 0;
	int won = fstat(fd, &st) == 0 && st.st_ino == victim_file.st_ino && write(fd, "changed by a race\n", 18) == 18;
	close(fd);
	return won;
}
static void wait_a_little(unsigned n)
{
	for (volatile unsigned i = 0; i < (n * 2654435761u >> 23); i++)
		;
}

static struct aim plain(const char *name) { return (struct aim){AT_FDCWD, V(name)}; }

/* Opened for reading, says the one; for writing, says the other. */
static void write_or_read(unsigned n)
{
	*(volatile unsigned long long *)&how.flags = n & 1 ? O_WRONLY | O_TRUNC : O_RDONLY;
	wait_a_little(n);
}
static void create_or_read(unsigned n)
{
	*(volatile unsigned long long *)&how.flags = n & 1 ? O_RDONLY | O_CREAT : O_RDONLY;
	wait_a_little(n);
}
/* Nothing is there, says the one: the kernel would fail by itself. */
static char missing[] = "0/file";
static void missing_or_not(unsigned n)
{
	*(volatile char *)&missing[5] = n & 1 ? 'e' : 'f';
	wait_a_little(n);
}
OP(open_missing) { return wrote(S(openat, AT_FDCWD, missing, O_WRONLY)); }
OP(truncate_missing) { return S(truncate, missing, 3), 0; }

/* Below the decoy, says the one; at the root, says the other. The decoy holds a copy of the path to VICTIM. */
static struct aim below_decoy(const char *name)
{
	char *path = V(name), *dir = str("1%s", path);
	for (char *p = dir + 2; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = 0;
		mkdir(dir, 0755);
	}
	put_file(dir, "decoy\n");
	how.flags = O_RDWR;
	return (struct aim){decoy, path};
}
static void beneath_or_not(unsigned n)
{
	*(volatile unsigned long long *)&how.resolve = n & 1 ? 0 : 0x10 /* RESOLVE_IN_ROOT */;
	wait_a_little(n);
}
OP(open_how) { return wrote(S(openat2, w.dir, w.path, &how, sizeof how)); }

/* Both paths of one call. */
static void flip_both(unsigned n)
{
	*(volatile char *)from = n & 1 ? '0' : '1';
	*(volatile char *)to = n & 2 ? '0' : '1';
	*(volatile char *)other = n & 1 ? '0' : '1';
	wait_a_little(n);
}
OP(rename_both) { return S(renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), 0; }
OP(link_both) { return S(linkat, AT_FDCWD, from, AT_FDCWD, to, 0), 0; }
OP(exchange_both) { return S(renameat2, AT_FDCWD, from, AT_FDCWD, other, RENAME_EXCHANGE), 0; }
static void new_back(void) { renameat(decoy, "new", decoy, "file"); }
static void no_new(void) { unlinkat(decoy, "new", 0); }
static void exchanged_back(void)
{
	struct stat st;
	if (fstatat(decoy, "file", &st, 0) == 0 && S_ISDIR(st.st_mode))
		syscall(SYS_renameat2, decoy, "file", decoy, "dir", RENAME_EXCHANGE);
}

/* Addresses: no path at all says the one, VICTIM/new the other. */
static struct aim no_path(const char *name)
{
	address.sun_family = AF_UNIX;
	strcpy(address.sun_path, V(name));
	return (struct aim){AT_FDCWD, address.sun_path};
}
static void other_family(unsigned n)
{
	*(volatile unsigned short *)&address.sun_family = n & 1 ? AF_UNIX : AF_UNSPEC;
	wait_a_little(n);
}
static void abstract(unsigned n)
{
	*(volatile char *)address.sun_path = n & 1 ? '/' : 0;
	wait_a_little(n);
}
OP(bind_address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	S(bind, fd, &address, offsetof(struct sockaddr_un, sun_path) + strlen(w.path + 1) + 2);
	return close(fd), 0;
}

/* A handle that nobody may have, seen by a task that shares the table and not the fate. */
static char hidden[] = "0/secret";
static int handle = -1;
static struct aim next_number(const char *name)
{
	while ((handle = DO(dup(decoy))) < 60)
		;
	close(handle);
	return plain(name);
}
static void look_at_handle(unsigned n)
{
	struct stat st;
	*(volatile char *)hidden = n & 1 ? '0' : '1';
	if (fstat(handle, &st) != 0 || st.st_ino == decoy_secret.st_ino)
		return;
	char text[64];
	int out = open(A("learnt"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	write(out, text, sprintf(text, "modified at %ld ns\n", (long)st.st_mtim.tv_nsec));
	close(out);
	field->won = 1;
	field->stop = 1;
}
OP(open_handle)
{
	close(S(openat, AT_FDCWD, hidden, O_PATH));
	return field->won;
}

#if defined(__i386__) || defined(INT80)
/* The block of socketcall(2): which socket, where its address is. */
static unsigned block[3];
static struct aim in_block(const char *name)
{
	harmless.sun_family = AF_UNIX;
	strcpy(harmless.sun_path, "1/new");
	address.sun_family = AF_UNIX;
	strcpy(address.sun_path, "0/new");
	return plain(name);
}
static void other_address(unsigned n)
{
	*(volatile unsigned *)&block[1] = (uintptr_t)(n & 1 ? &address : &harmless);
	wait_a_little(n);
}
OP(socketcall_bind)
{
	block[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	block[2] = offsetof(struct sockaddr_un, sun_path) + sizeof "1/new";
#ifdef INT80
	S(socketcall, 2, block);
#else
	syscall(102, 2, block);
#endif
	return close(block[0]), 0;
}
/* A family that is free, says the one; one that is refused, the other. */
static struct aim any(const char *name)
{
	block[1] = SOCK_STREAM;
	return plain(name);
}
static void other_socket(unsigned n)
{
	*(volatile unsigned *)&block[0] = n & 1 ? 40 /* AF_VSOCK */ : AF_UNIX;
	wait_a_little(n);
}
OP(socketcall_socket)
{
	int family = 0;
	socklen_t size = sizeof family;
#ifdef INT80
	long fd = S(socketcall, 1, block);
#else
	long fd = syscall(102, 1, block);
#endif
	if (fd < 0)
		return 0;
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	close(fd);
	return family == 40 && close(open(A("reached"), O_WRONLY | O_CREAT, 0644)) == 0;
}
#endif

static const struct {
	struct mechanism m;
	struct op o;
} rows[] = {
#define ROW(name, target, aim, turn, try, undo, needs)                                                                 \
	{{#name, CLONE_THREAD, aim, turn, ""}, {#name, target, try, undo, "write hull needs=" needs, 0}}
	ROW(how_for_writing, "file", plain, write_or_read, open_how, NULL, "pinning"),
	ROW(how_for_creating, "new", plain, create_or_read, open_how, NULL, "pinning"),
	ROW(how_beneath, "file", below_decoy, beneath_or_not, open_how, NULL, "pinning"),
	ROW(missing_when_opened, "file", plain, missing_or_not, open_missing, NULL, "natural+pinning"),
	ROW(missing_when_truncated, "file", plain, missing_or_not, truncate_missing, NULL, "natural+pinning"),
	ROW(rename_both_paths, "file", plain, flip_both, rename_both, new_back, "pinning"),
	ROW(link_both_paths, "file", plain, flip_both, link_both, no_new, "pinning"),
	ROW(exchange_both_paths, "file", plain, flip_both, exchange_both, exchanged_back, "pinning"),
	ROW(address_of_another_family, "new", no_path, other_family, bind_address, NULL, "pinning"),
	ROW(address_without_name, "new", no_path, abstract, bind_address, NULL, "pinning"),
	{{"handle_seen_by_another", CLONE_FILES | CLONE_VM, next_number, look_at_handle, ""},
	 {"handle_seen_by_another", "secret", open_handle, NULL, "stat detected", BLIND}},
#if defined(__i386__) || defined(INT80)
	{{"socketcall_family", CLONE_THREAD, any, other_socket, ""},
	 {"socketcall_family", "file", socketcall_socket, NULL, "write refused maybe needs=pinning", BLIND}},
	ROW(socketcall_block, "new", in_block, other_address, socketcall_bind, no_new, "landlock detected"),
#endif
};

int extra_tricks(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (argc == 2)
			printf("%s race %s\n", rows[i].o.name, rows[i].o.words);
		else if (strcmp(rows[i].o.name, argv[1]) == 0) {
			if (strlen(V("new")) >= sizeof address.sun_path)
				impossible("the path is too long for a socket address");
			race(&rows[i].m, &rows[i].o);
			/* Only now: what is refused in the box looks the same. */
			if (strcmp(argv[1], "socketcall_family") == 0 && socket(40, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT)
				impossible("this kernel has no AF_VSOCK");
			return 0;
		}
	if (argc == 2)
		return 0;
	fprintf(stderr, "no trick called %s\n", argv[1]);
	return 2;
}
