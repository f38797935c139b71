/*
 * Races: a worker makes a call again and again, and a racer changes what its arguments lead to, from somewhere harmless to
 * somebody outside and back. Whoever judges the one and lets the kernel act on the other has lost. A race ends when
 * somebody outside was heard (HEARD), and otherwise after ATTACK_MS milliseconds. A box may kill a worker that has won:
 * then another goes on.
 */
#include "net.h"
#include <sys/uio.h>

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

struct race {
	const char *name, *words;
	void (*prepare)(void);
	void (*turn)(unsigned n); /* one change: to the outsider if odd */
	void (*go)(void);	  /* one call */
	int flags;		  /* how the racer is made: clone(2) */
};

static struct {
	volatile int stop, ready;
	volatile unsigned tries, turns;
} *field;
static const struct race *race;
static pid_t worker;

static void wait_a_little(unsigned n)
{
	for (volatile unsigned i = 0; i < (n * 2654435761u >> 23); i++)
		;
}
static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int racer(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned n = 0; !field->stop; n++) {
		field->ready = 1;
		race->turn(n);
		wait_a_little(n);
		field->turns++;
	}
	if (!(race->flags & CLONE_THREAD))
		_exit(0);
	return 0;
}
static void *racing_thread(void *unused) { return racer(NULL), NULL; }
static void start_racer(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pthread_t t;
	if (!(race->flags & CLONE_THREAD)) {
		DO(clone(racer, stack + sizeof stack, race->flags | SIGCHLD, NULL));
		return;
	}
	errno = pthread_create(&t, NULL, racing_thread, NULL);
	DO(errno ? -1 : 0);
}
static void run(void)
{
	const char *ms = getenv("ATTACK_MS");
	long long end = now_ms() + (ms ? atol(ms) : 1500);
	field = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (!heard() && now_ms() < end) {
		field->stop = field->ready = 0;
		pid_t pid = DO(fork());
		if (pid == 0) {
			worker = getpid();
			race->prepare();
			start_racer();
			while (!field->ready && now_ms() < end)
				sched_yield();
			for (unsigned n = 1; !heard() && now_ms() < end; n++) {
				race->go();
				field->tries++;
			}
			field->stop = 1;
			_exit(0);
		}
		int code = wait_for(pid);
		field->stop = 1;
		while (wait(NULL) > 0 || errno == EINTR)
			;
		if (code != 0 && code < 128)
			_exit(code);
	}
	printf("%u tries against %u changes%s\n", field->tries, field->turns, heard() ? ", heard" : "");
}

/* What is raced, in memory that all sides share or that the racer reaches into. */
static struct address *raced, *decoy, *victim_address;
static struct msg raced_message;
static struct vec raced_vec;
static struct mmsg raced_many[4];

static void addresses(const char *to)
{
	raced = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | 0x40 /* MAP_32BIT */, -1, 0);
	decoy = inet("10.77.0.2", DECOY);
	victim_address = inet(to, VICTIM);
	*raced = *decoy;
	raced_vec = (struct vec){W(text), TEXT};
	raced_message = (struct msg){.name = W(raced), .namelen = decoy->len, .iov = W(&raced_vec), .iovlen = 1};
	for (int i = 0; i < 4; i++)
		raced_many[i].m = raced_message;
}
static void host(void)
{
	addresses("10.77.0.3");
	raced->in.sin_port = htons(DECOY);
}
static void turn_host(unsigned n) { *((volatile char *)&raced->in.sin_addr + 3) = n & 1 ? 3 : 2; }
static void turn_port(unsigned n) { *(volatile in_port_t *)&raced->in.sin_port = htons(n & 1 ? VICTIM : DECOY); }
static void poke_host(unsigned n)
{
	static char path[32], byte;
	static int mem = -1;
	if (mem < 0) {
		sprintf(path, "/proc/%d/mem", worker);
		mem = DO(open(path, O_WRONLY));
	}
	byte = n & 1 ? 3 : 2;
	pwrite64(mem, &byte, 1, (off64_t)(uintptr_t)((char *)&raced->in.sin_addr + 3));
}

/* calls */
static int fd = -1;
static void quick(int s)
{
	struct linger off = {1, 0};
	setsockopt(s, SOL_SOCKET, SO_LINGER, &off, sizeof off);
	close(s);
}
static void connects(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CONNECT(s, raced, decoy->len);
	quick(s);
}
static void connects_udp(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (CONNECT(s, raced, decoy->len) == 0)
		write(s, text, TEXT);
	close(s);
}
static int dgram(void)
{
	if (fd < 0)
		fd = socket(raced->any.sa_family == AF_UNIX ? AF_UNIX : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	return fd;
}
static void sends_to(void) { SENDTO(dgram(), text, TEXT, 0, raced, decoy->len); }
static void sends_message(void) { SENDMSG(dgram(), &raced_message, 0); }
static void sends_many(void) { SENDMMSG(dgram(), raced_many, 4, 0); }
static void opens_fast(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SENDTO(s, text, TEXT, MSG_FASTOPEN | MSG_NOSIGNAL, raced, decoy->len);
	quick(s);
}
static void opens_fast_by_message(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SENDMSG(s, &raced_message, MSG_FASTOPEN | MSG_NOSIGNAL);
	quick(s);
}

/* Which address the message has. */
static void host_pointers(void)
{
	host();
	victim_address->in.sin_port = htons(VICTIM);
}
static void turn_name(unsigned n)
{
	*(volatile word *)&raced_message.name = n & 1 ? W(victim_address) : W(decoy);
	*(volatile word *)&raced_many[3].m.name = n & 1 ? W(victim_address) : W(decoy);
}
/* None at all, says the one: to whom the socket is connected. */
static void connected_message(void)
{
	host_pointers();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	DO(connect(fd, &decoy->any, decoy->len));
}
static void turn_having_name(unsigned n)
{
	*(volatile word *)&raced_message.name = n & 1 ? W(victim_address) : 0;
	*(volatile word *)&raced_many[2].m.name = n & 1 ? W(victim_address) : 0;
}
static void turn_length_of_name(unsigned n)
{
	raced_message.name = W(victim_address);
	*(volatile uint32_t *)&raced_message.namelen = n & 1 ? victim_address->len : 0;
}

/* The family: none, which dissolves a connection, says the one. */
static void turn_family(unsigned n) { *(volatile sa_family_t *)&raced->any.sa_family = n & 1 ? AF_INET : AF_UNSPEC; }
static void host_of_victim(void)
{
	addresses("10.77.0.3");
	*raced = *victim_address;
}
/* One byte says whether the address is IPv4 that is mapped, on which a rule for IPv4 decides. */
static void mapped(void)
{
	raced = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | 0x40, -1, 0);
	decoy = inet("::ffff:10.77.0.2", DECOY);
	*raced = *decoy;
}
static void turn_mapped(unsigned n) { *((volatile char *)&raced->in6.sin6_addr + 15) = n & 1 ? 3 : 2; }
static void connects6(void)
{
	int s = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CONNECT(s, raced, decoy->len);
	quick(s);
}

/* Unix names. */
static int kind_of_unix = SOCK_STREAM;
static void connects_unix(void)
{
	int s = socket(AF_UNIX, kind_of_unix | SOCK_NONBLOCK, 0);
	if (CONNECT(s, raced, raced->len) == 0)
		write(s, text, TEXT);
	close(s);
}
static void unix_at(struct address *a)
{
	raced = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | 0x40, -1, 0);
	decoy = a;
	*raced = *a;
	raced_vec = (struct vec){W(text), TEXT};
	raced_message = (struct msg){.name = W(raced), .namelen = raced->len, .iov = W(&raced_vec), .iovlen = 1};
	for (int i = 0; i < 4; i++)
		raced_many[i].m = raced_message;
}
/* ALLOW/0/x is VICTIM's, ALLOW/1/x harmless. */
static void two_directories(void)
{
	mkdir("1", 0755);
	symlink(victim, "0");
	symlink("../decoy-stream", "1/stream");
	symlink("../decoy-dgram", "1/dgram");
}
static void path_bytes(void)
{
	two_directories();
	unix_at(unix_path("1/stream"));
}
static void path_bytes_dgram(void)
{
	two_directories();
	unix_at(unix_path("1/dgram"));
}
static void turn_path(unsigned n) { *(volatile char *)raced->un.sun_path = n & 1 ? '0' : '1'; }
static void path_dgram_sent(void) { SENDTO(dgram(), text, TEXT, 0, raced, raced->len); }
static void path_link(void)
{
	unlink("t");
	symlink("decoy-stream", "t");
	unix_at(unix_path("t"));
}
static void path_link_dgram(void)
{
	unlink("t");
	symlink("decoy-dgram", "t");
	unix_at(unix_path("t"));
}
static void retarget(const char *to)
{
	unlink("v");
	symlink(to, "v");
	rename("v", "t");
}
static void turn_link(unsigned n) { retarget(n & 1 ? V("stream") : "decoy-stream"); }
static void turn_link_dgram(unsigned n) { retarget(n & 1 ? V("dgram") : "decoy-dgram"); }
static void path_directory(void)
{
	two_directories();
	symlink("1", "d");
	symlink("0", "e");
	unix_at(unix_path("d/stream"));
}
static void swap_directories(unsigned n) { syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 2 /* RENAME_EXCHANGE */); }
static void path_cwd(void)
{
	two_directories();
	DO(chdir("1"));
	unix_at(unix_path("stream"));
}
static void move_cwd(unsigned n) { chdir(n & 1 ? victim : A("1")); }
static void path_number(void)
{
	two_directories();
	DO(dup2(DO(open("1", O_PATH | O_DIRECTORY)), 50));
	DO(dup2(DO(open("0", O_PATH | O_DIRECTORY)), 51));
	DO(dup2(50, 52));
	unix_at(unix_path("/proc/self/fd/52/stream"));
}
static void renumber_directory(unsigned n) { dup2(n & 1 ? 51 : 50, 52); }
/* Abstract or not. */
static void abstract_bytes(void)
{
	unix_at(abstract_name("decoy-stream"));
	raced->len = decoy->len;
}
static void turn_abstract(unsigned n)
{
	/* decoy-stream, victim-stream: the longer one is cut to nobody's name by the length, so both have the same. */
	static const char names[2][16] = {"decoy-stream", "victim-strea"};
	memcpy(raced->un.sun_path + 1, names[n & 1], 12);
}
static void abstract_length(void)
{
	/* A harmless name is the beginning of the victim's. */
	ask("take unix @decoy-stream-of-victim");
	unix_at(abstract_name("decoy-stream-of-victim"));
	kind_of_unix = SOCK_STREAM;
}

/* The descriptor: what is judged of one socket is done to another. */
enum { SLOT = 60 };
static int one = -1, other = -1;
static void two_protocols(void)
{
	/* The tree has the port for datagrams, an outsider for streams. */
	struct address *a = inet("127.0.0.1", 5555);
	static int asked;
	raced = a;
	decoy = a;
	int server = DO(socket(AF_INET, SOCK_DGRAM, 0));
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	DO(bind(server, &a->any, a->len));
	if (!asked++)
		ask("take tcp 127.0.0.1:5555");
	one = DO(socket(AF_INET, SOCK_DGRAM, 0));
	other = DO(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	DO(dup2(one, SLOT));
}
static void renumber(unsigned n) { dup2(n & 1 ? other : one, SLOT); }
static void connects_slot(void) { CONNECT(SLOT, raced, decoy->len); }
static void connected_or_not(void)
{
	/* What a stream is sent needs no address, and one that is there means nothing; for datagrams it does. */
	int pair[2];
	static char room[1 << 16];
	host_pointers();
	DO(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int));
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	one = pair[0];
	other = DO(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	DO(dup2(one, SLOT));
	DO(dup2(pair[1], SLOT + 1));
	raced_message.name = W(victim_address);
	raced_message.namelen = victim_address->len;
	for (int i = 0; i < 4; i++)
		raced_many[i].m = raced_message;
}
static void drained(void)
{
	static char room[1 << 16];
	while (read(SLOT + 1, room, sizeof room) > 0)
		;
}
static void sends_message_in_slot(void)
{
	SENDMSG(SLOT, &raced_message, MSG_NOSIGNAL);
	drained();
}
static void sends_many_in_slot(void)
{
	SENDMMSG(SLOT, raced_many, 2, MSG_NOSIGNAL);
	drained();
}
static void two_listeners(void)
{
	/* listen(2) on a unix socket needs no judgement; on one of the internet it takes a port of every address. */
	one = DO(socket(AF_UNIX, SOCK_STREAM, 0));
	other = DO(socket(AF_INET, SOCK_STREAM, 0));
	DO(dup2(one, SLOT));
}
static void listens_in_slot(void)
{
	LISTEN(SLOT, 4);
	int port = port_of(other);
	if (port != 0) {
		fcntl(other, F_SETFL, O_NONBLOCK);
		ask("probe tcp 10.77.0.1:%d", port);
	}
}

/* Binding. */
static void bind_host(void)
{
	raced = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | 0x40, -1, 0);
	decoy = inet("127.0.0.1", 0);
	*raced = *decoy;
}
static void turn_bind_host(unsigned n) { *(volatile uint32_t *)&raced->in.sin_addr = n & 1 ? 0 : htonl(INADDR_LOOPBACK); }
static void binds(void)
{
	struct address is;
	socklen_t len = sizeof is.room;
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (BIND(s, raced, decoy->len) == 0 && getsockname(s, &is.any, &len) == 0 && is.in.sin_addr.s_addr == 0 &&
	    LISTEN(s, 4) == 0)
		ask("probe tcp 10.77.0.1:%d", ntohs(is.in.sin_port));
	close(s);
}

/* A control message that reroutes, or none; or one of another level, which nobody reads. */
static struct cmsg control;
static unsigned control_size(void) { return (control.len + sizeof(word) - 1) & -sizeof(word); }
static void message_with_control(void)
{
	static const unsigned char route[8] = {1, 131 /* loose */, 7, 4, 10, 77, 0, 3};
	host();
	control = (struct cmsg){.level = IPPROTO_IP, .type = IP_RETOPTS, .len = offsetof(struct cmsg, data) + sizeof route};
	memcpy(control.data, route, sizeof route);
	raced_message.control = W(&control);
	raced_message.controllen = control_size();
}
static void turn_control(unsigned n) { *(volatile word *)&raced_message.controllen = n & 1 ? control_size() : 0; }
static void turn_control_level(unsigned n) { *(volatile int *)&control.level = n & 1 ? IPPROTO_IP : 999; }

#if MULTIPLEXED
static struct {
	unsigned char next, length, kind, left, last, flags;
	unsigned short tag;
	struct in6_addr hops[2];
} segments;

/* The block of socketcall(2). */
static unsigned args[6];
static void argument_block(void)
{
	host_pointers();
	args[1] = W(decoy);
	args[2] = decoy->len;
}
static void turn_argument(unsigned n) { *(volatile unsigned *)&args[1] = n & 1 ? W(victim_address) : W(decoy); }
static void connects_by_block(void)
{
	args[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
#ifdef INT80
	S(socketcall, SYS_CONNECT, args);
#else
	syscall(SYS_socketcall, SYS_CONNECT, args);
#endif
	quick(args[0]);
}
static void sent_block(void)
{
	host_pointers();
	args[0] = DO(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	args[1] = W(text), args[2] = TEXT, args[3] = 0, args[4] = W(decoy), args[5] = decoy->len;
}
static void turn_sent(unsigned n) { *(volatile unsigned *)&args[4] = n & 1 ? W(victim_address) : W(decoy); }
static void turn_having_sent(unsigned n) { *(volatile unsigned *)&args[4] = n & 1 ? W(victim_address) : 0; }
static void sends_by_block(void)
{
#ifdef INT80
	S(socketcall, SYS_SENDTO, args);
#else
	syscall(SYS_socketcall, SYS_SENDTO, args);
#endif
}
static void fast_block(void)
{
	/* Whether it opens a connection: a register for all others. */
	host_pointers();
	args[1] = W(text), args[2] = TEXT, args[4] = W(victim_address), args[5] = decoy->len;
}
static void turn_flags(unsigned n) { *(volatile unsigned *)&args[3] = MSG_NOSIGNAL | (n & 1 ? MSG_FASTOPEN : 0); }
static void opens_fast_by_block(void)
{
	args[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sends_by_block();
	quick(args[0]);
}
/* An option that reroutes, or one that means nothing: the option's number is a register for all others. */
static void option_block(void)
{
	decoy = raced = inet("fd77::2", DECOY);
	fd = DO(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	segments.length = 4, segments.kind = 4, segments.left = 1, segments.last = 1;
	inet_pton(AF_INET6, "fd77::3", &segments.hops[1]);
	args[0] = fd, args[1] = IPPROTO_IPV6, args[2] = 999, args[3] = W(&segments), args[4] = sizeof segments;
}
static void turn_option(unsigned n) { *(volatile unsigned *)&args[2] = n & 1 ? 57 /* IPV6_RTHDR */ : 999; }
static void sets_option(void)
{
#ifdef INT80
	S(socketcall, SYS_SETSOCKOPT, args);
#else
	syscall(SYS_socketcall, SYS_SETSOCKOPT, args);
#endif
	sends_to();
}
static void connected_block(void)
{
	connected_message();
	args[0] = fd, args[1] = W(text), args[2] = TEXT, args[3] = 0, args[4] = 0, args[5] = decoy->len;
}
#endif

static const struct race races[] = {
#define ROW(name, kind, prepare, turn, go, flags) {#name, "race narrow " kind, prepare, turn, go, flags}
	ROW(connect_host, "needs=pinning", host, turn_host, connects, CLONE_THREAD),
	ROW(connect_port, "needs=pinning", host, turn_port, connects, CLONE_THREAD),
	ROW(connect_host_by_process, "needs=pinning", host, turn_host, connects, 0),
	ROW(connect_host_by_mem, "needs=pinning", host, poke_host, connects, 0),
	ROW(connect_host_of_udp, "needs=pinning", host, turn_host, connects_udp, CLONE_THREAD),
	ROW(connect_mapped, "ipv6 needs=pinning", mapped, turn_mapped, connects6, CLONE_THREAD),
	ROW(connect_family, "needs=pinning", host_of_victim, turn_family, connects, CLONE_THREAD),
	ROW(sendto_host, "needs=pinning", host, turn_host, sends_to, CLONE_THREAD),
	ROW(sendto_port, "needs=pinning", host, turn_port, sends_to, CLONE_THREAD),
	ROW(sendmsg_host, "needs=pinning", host, turn_host, sends_message, CLONE_THREAD),
	ROW(sendmsg_name, "needs=pinning", host_pointers, turn_name, sends_message, CLONE_THREAD),
	ROW(sendmsg_having_name, "needs=pinning", connected_message, turn_having_name, sends_message, CLONE_THREAD),
	ROW(sendmsg_length_of_name, "needs=pinning", connected_message, turn_length_of_name, sends_message, CLONE_THREAD),
	ROW(sendmmsg_host, "needs=pinning", host, turn_host, sends_many, CLONE_THREAD),
	ROW(sendmmsg_name, "needs=pinning", host_pointers, turn_name, sends_many, CLONE_THREAD),
	ROW(sendmmsg_having_name, "needs=pinning", connected_message, turn_having_name, sends_many, CLONE_THREAD),
	ROW(fastopen_host, "needs=pinning", host, turn_host, opens_fast, CLONE_THREAD),
	ROW(fastopen_sendmsg_name, "needs=pinning", host_pointers, turn_name, opens_fast_by_message, CLONE_THREAD),
	ROW(path_byte, "needs=pinning", path_bytes, turn_path, connects_unix, CLONE_THREAD),
	ROW(path_byte_sendto, "needs=pinning", path_bytes_dgram, turn_path, path_dgram_sent, CLONE_THREAD),
	ROW(path_byte_sendmsg, "needs=pinning", path_bytes_dgram, turn_path, sends_message, CLONE_THREAD),
	ROW(path_link, "needs=pinning", path_link, turn_link, connects_unix, CLONE_THREAD),
	ROW(path_link_sendto, "needs=pinning", path_link_dgram, turn_link_dgram, path_dgram_sent, CLONE_THREAD),
	ROW(path_directory, "needs=pinning", path_directory, swap_directories, connects_unix, 0),
	ROW(path_cwd, "needs=pinning", path_cwd, move_cwd, connects_unix, CLONE_FS | CLONE_VM),
	ROW(path_number, "needs=pinning", path_number, renumber_directory, connects_unix, CLONE_THREAD),
	ROW(control_length, "root needs=routing+net_admin", message_with_control, turn_control, sends_message, CLONE_THREAD),
	ROW(control_level, "root needs=routing+net_admin", message_with_control, turn_control_level, sends_message,
	    CLONE_THREAD),
	ROW(slot_connected_or_not, "", connected_or_not, renumber, sends_message_in_slot, CLONE_THREAD),
	ROW(slot_connected_or_not_by_process, "", connected_or_not, renumber, sends_message_in_slot,
	    CLONE_FILES | CLONE_VM),
	ROW(slot_connected_or_not_of_many, "", connected_or_not, renumber, sends_many_in_slot, CLONE_THREAD),
#undef ROW
#define ROW(name, words, prepare, turn, go, flags) {#name, "race " words, prepare, turn, go, flags}
	ROW(slot_of_another_protocol, "build needs=owned", two_protocols, renumber, connects_slot, CLONE_THREAD),
	ROW(slot_listens, "bind", two_listeners, renumber, listens_in_slot, CLONE_THREAD),
	ROW(bind_host, "bind", bind_host, turn_bind_host, binds, CLONE_THREAD),
#if MULTIPLEXED
	ROW(block_connect, "narrow needs=pinning", argument_block, turn_argument, connects_by_block, CLONE_THREAD),
	ROW(block_sendto, "narrow needs=pinning", sent_block, turn_sent, sends_by_block, CLONE_THREAD),
	ROW(block_flags, "narrow needs=pinning", fast_block, turn_flags, opens_fast_by_block, CLONE_THREAD),
	ROW(block_option, "narrow ipv6", option_block, turn_option, sets_option, CLONE_THREAD),
	ROW(block_having_address, "narrow needs=pinning", connected_block, turn_having_sent, sends_by_block, CLONE_THREAD),
#endif
};

int extra_tricks(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof races / sizeof *races; i++)
		if (argc == 2)
			printf("%s %s\n", races[i].name, races[i].words);
		else if (strcmp(races[i].name, argv[1]) == 0) {
			race = &races[i];
			run();
			return 0;
		}
	return argc == 2 ? 0 : 2;
}
