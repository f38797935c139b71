/*
 * net.h - what hostile programs share that want to be heard by somebody they may not reach.
 *
 * Two machines on one wire, made by the runner (sandbox/net_world_test.go) and thrown away:
 *
 *   near  10.77.0.1  fd77::1   interface "wire"; where this program runs. Its loopback is up. An outsider's servers, TCP
 *                              and UDP, listen there on every address at port VICTIM; those at DECOY do not count.
 *   far   10.77.0.2  fd77::2   where port DECOY is harmless,
 *         10.77.0.3  fd77::3   and this host is not; whatever arrives at far besides 10.77.0.2:DECOY counts.
 *         10.77.0.4  fd77::4   from where an accomplice tries to get in.
 *
 * Unix sockets of outsiders are VICTIM/stream, VICTIM/dgram, VICTIM/seqpacket, and the abstract names victim-stream and
 * so on; ALLOW/decoy-stream … and decoy-stream … are harmless. Who has been heard is what those servers and the wire say,
 * not this program.
 *
 * Words, besides those of attack.h:
 *   narrow build bind local   the policies it is up against, each in turn: only what is harmless may be reached; the
 *                             default profile; only the loopback may be bound; any address may be bound that the machine
 *                             alone hears
 *   to=ADDRESS                what the denial has to name
 *   delegated                 what an outsider gave away of its own will: it must work in the box as without
 *   ipv6                      it needs IPv6
 */
#ifndef NET_H
#define NET_H
#include "../attack.h"
#include <arpa/inet.h>
#include <linux/net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

enum { DECOY = 1111, VICTIM = 2222 };

/* What the runner hands down: a channel to the accomplice, and a pipe that gets a byte when somebody was heard. */
enum { ACCOMPLICE = 3, HEARD = 4 };

/* Calls of sockets on i386 that are not multiplexed (numbers.h has socket and bind). */
enum {
	I386_socketpair = 360, I386_connect = 362, I386_listen = 363, I386_accept4 = 364, I386_getsockopt = 365,
	I386_setsockopt = 366, I386_getsockname = 367, I386_sendto = 369, I386_sendmsg = 370, I386_sendmmsg = 345
};

/* Structures of the ABI that the calls are made in. */
#ifdef INT80
typedef uint32_t word;
#else
typedef uintptr_t word;
#endif
struct vec {
	word base, len;
};
struct msg {
	word name;
	uint32_t namelen;
	word iov, iovlen, control, controllen;
	uint32_t flags;
};
struct mmsg {
	struct msg m;
	uint32_t sent;
};
struct cmsg {
	word len;
	int level, type;
	char data[64];
};
#define W(p) ((word)(uintptr_t)(p))

#if defined(__i386__) || defined(INT80)
#define MULTIPLEXED 1
/* Whether calls are made by socketcall(2), whose arguments lie in memory. */
static int by_socketcall;
static unsigned block[6];
#else
#define MULTIPLEXED 0
#endif
__attribute__((unused)) static long socket_call(int call, long nr, long a, long b, long c, long d, long e, long f)
{
#if MULTIPLEXED
	if (by_socketcall && call != 0) {
		unsigned args[6] = {a, b, c, d, e, f};
		memcpy(block, args, sizeof block);
		return S(socketcall, call, block);
	}
#endif
	return raw(nr, a, b, c, d, e, f);
}
#define N_(call, nr, a, b, c, d, e, f, ...)                                                                            \
	socket_call(call, nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define NET(name, NAME, ...) N_(SYS_##NAME, NR(name), __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CONNECT(...) NET(connect, CONNECT, __VA_ARGS__)
#define BIND(...) NET(bind, BIND, __VA_ARGS__)
#define LISTEN(...) NET(listen, LISTEN, __VA_ARGS__)
#define SENDTO(...) NET(sendto, SENDTO, __VA_ARGS__)
#define SENDMSG(...) NET(sendmsg, SENDMSG, __VA_ARGS__)
#define SENDMMSG(...) NET(sendmmsg, SENDMMSG, __VA_ARGS__)
#define SETSOCKOPT(...) NET(setsockopt, SETSOCKOPT, __VA_ARGS__)
#define SOCKET(...) NET(socket, SOCKET, __VA_ARGS__)

/* Addresses, in static memory. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		char room[128];
	} __attribute__((aligned(8)));
	unsigned len;
};
__attribute__((unused)) static struct address *new_address(void)
{
	static struct address arena[256];
	static int used;
	return &arena[used++];
}
/* HOST may have a zone: fe80::4%wire. */
__attribute__((unused)) static struct address *inet(const char *host, int port)
{
	struct address *a = new_address();
	char plain[64];
	snprintf(plain, sizeof plain, "%s", host);
	char *zone = strchr(plain, '%');
	if (zone)
		*zone++ = 0;
	if (inet_pton(AF_INET, plain, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		a->len = sizeof a->in;
	} else if (inet_pton(AF_INET6, plain, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		a->in6.sin6_scope_id = zone ? if_nametoindex(zone) : 0;
		a->len = sizeof a->in6;
	} else {
		fprintf(stderr, "%s is no address\n", host);
		_exit(2);
	}
	return a;
}
__attribute__((unused)) static struct address *unix_path(const char *path)
{
	struct address *a = new_address();
	if (strlen(path) >= sizeof a->un.sun_path)
		impossible("the path is too long for a socket address");
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, path);
	a->len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
	return a;
}
__attribute__((unused)) static struct address *abstract_name(const char *name)
{
	struct address *a = new_address();
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path + 1, name);
	a->len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	return a;
}

static char text[] __attribute__((unused)) = "heard by an outsider\n";
enum { TEXT = sizeof text - 1 };

/* A message to an address, NULL for none, in static memory. */
__attribute__((unused)) static struct msg *message(struct address *to)
{
	static struct msg arena[256];
	static struct vec vecs[256];
	static int used;
	vecs[used] = (struct vec){W(text), TEXT};
	arena[used] = (struct msg){.name = W(to), .namelen = to ? to->len : 0, .iov = W(&vecs[used]), .iovlen = 1};
	return &arena[used++];
}

__attribute__((unused)) static long new_socket(int family, int type, int protocol)
{
	long fd = SOCKET(family, type, protocol);
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT))
		impossible("this kernel does not have such sockets");
	return DO(fd);
}

/* Asks the accomplice, who is outside, for something; it has to agree. */
__attribute__((unused, format(printf, 1, 2))) static void ask(const char *fmt, ...)
{
	char line[512], answer[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	DO(write(ACCOMPLICE, line, n));
	n = DO(read(ACCOMPLICE, answer, sizeof answer - 1));
	answer[n] = 0;
	if (strncmp(answer, "ok", 2) != 0) {
		fprintf(stderr, "%.*s: %s\n", (int)strcspn(line, "\n"), line, answer);
		_exit(1);
	}
}

/* Takes a descriptor that the accomplice sends. */
__attribute__((unused)) static int taken(void)
{
	char c, room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	int fd = -1;
	DO(recvmsg(ACCOMPLICE, &m, 0));
	if (CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return DO(fd);
}

__attribute__((unused)) static int heard(void)
{
	struct pollfd p = {HEARD, POLLIN};
	return poll(&p, 1, 0) == 1;
}

/* The port that a socket is bound to. */
__attribute__((unused)) static int port_of(int fd)
{
	struct address a;
	socklen_t len = sizeof a.room;
	DO(getsockname(fd, &a.any, &len));
	return ntohs(a.in.sin_port);
}

#if MULTIPLEXED
/* Every trick that is not about socketcall itself is one with it as well. */
__attribute__((unused)) static int tricks_by_socketcall(int argc, char **argv)
{
	static const char prefix[] = "socketcall.";
	if (argc == 2) {
		for (int i = 0; i < ntricks; i++)
			if (strstr(tricks[i].words, "plain") == NULL)
				printf("%s%s %s sample\n", prefix, tricks[i].name, tricks[i].words);
		return 0;
	}
	if (strncmp(argv[1], prefix, sizeof prefix - 1) != 0)
		return 2;
	by_socketcall = 1;
	for (int i = 0; i < ntricks; i++)
		if (strcmp(tricks[i].name, argv[1] + sizeof prefix - 1) == 0) {
			tricks[i].run();
			return 0;
		}
	return 2;
}
#define ALSO_BY_SOCKETCALL                                                                                             \
	int extra_tricks(int argc, char **argv) { return tricks_by_socketcall(argc, argv); }
#else
#define ALSO_BY_SOCKETCALL
#endif
#endif
