/* Odd addresses: too short, too long, of no family, of another family than the socket's, unspecified. */
/* variants: static m32 */
#include "net.h"

static char buf[64];
/* Being bound to every address takes a copy of the socket (pidfd_getfd, Linux 5.6): where none is to be had it is denied. */
static int everywhere;

/* Where a socket is connected to: its host, or the error. */
static const char *peer(int fd)
{
	static char text[INET6_ADDRSTRLEN];
	union address a;
	socklen_t len = sizeof a;
	if (getpeername(fd, &a.any, &len) != 0)
		return strerror(errno);
	if (a.any.sa_family == AF_INET6)
		return inet_ntop(AF_INET6, &a.in6.sin6_addr, text, sizeof text);
	return inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof text);
}

static int bound_to(const char *where)
{
	return bound(SOCK_DGRAM, where);
}

static int dgram(int family);
/* A port that is had at 127.0.0.1, 127.0.0.2 and ::1, with the sockets of the last two. */
static int same_port(int *two, int *six)
{
	struct timeval patience = {PATIENCE_MS / 1000}; /* what does not come was sent elsewhere */
	for (int on = 1;;) {
		int port = port_of(bound_to("127.0.0.1"));
		union address a = host("127.0.0.2", port), b = host("::1", port);
		*two = dgram(AF_INET), *six = dgram(AF_INET6);
		MUST(setsockopt(*two, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
		MUST(setsockopt(*six, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
		MUST(setsockopt(*six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
		if (bind(*two, &a.any, sizeof a.in) == 0 && bind(*six, &b.any, sizeof b.in6) == 0)
			return port;
		if (errno != EADDRINUSE)
			not_applicable("the loopback lacks an address");
		close(*two), close(*six); /* somebody has the port there */
	}
}

static int dgram(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		not_applicable("no IPv6");
	MUST(fd >= 0);
	return fd;
}

/* Sending binds to every address, too. */
static int sender(int family)
{
	if (!everywhere && family != AF_UNIX)
		return bound_to(family == AF_INET ? "127.0.0.1" : "::1");
	return dgram(family);
}

static void told(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

/* connect(2) with an address of each length. */
static void lengths(int port)
{
	static const int sizes[] = {0, 1, 2, 3, 15, 16, 17, 23, 24, 27, 28, 109, 110, 111, 128, 129, -1, INT_MIN};
	static const char *const hosts[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};
	static char room[256];
	for (int family = 0; family < 3; family++)
		for (int h = 0; h < 3; h++)
			for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
				union address a = host(hosts[h], port);
				int fd = dgram((const int[]){AF_INET, AF_INET6, AF_UNIX}[family]);
				char what[80];
				/* Long enough for an IPv4 address and too short for an IPv6 one: in the box EINVAL for both. */
				if (family == 0 && h > 0 && sizes[i] >= 16 && sizes[i] < 24) {
					close(fd);
					continue;
				}
				memset(room, 0, sizeof room);
				memcpy(room, &a, sizeof a.in6);
				snprintf(what, sizeof what, "connect %d %s of %d", family, hosts[h], sizes[i]);
				told(what, syscall(SYS_connect, fd, room, sizes[i]));
				close(fd);
				/* A socket of ::1 has no way to IPv4, which the kernel says before it looks at the length. */
				if (!everywhere && family == 1 && h == 0 && sizes[i] > 1 && sizes[i] < 16)
					continue;
				fd = sender((const int[]){AF_INET, AF_INET6, AF_UNIX}[family]);
				snprintf(what, sizeof what, "sendto %d %s of %d", family, hosts[h], sizes[i]);
				told(what, syscall(SYS_sendto, fd, "x", 1, 0, room, sizes[i]));
				close(fd);
			}
}

/* What AF_UNSPEC means to connect, to sending, and to bind. */
static void unspec(int port, int four, int six)
{
	union address two = host("127.0.0.2", port), one6 = host("::1", port), none = {.any = {AF_UNSPEC}}, as_two = two;
	int fd = sender(AF_INET);
	as_two.any.sa_family = AF_UNSPEC;
	IS(sendto(fd, "four", 4, 0, &as_two.any, sizeof as_two.in), 4);
	IS(recv(four, buf, sizeof buf, 0), 4);
	FAILS(sendto(fd, "x", 1, 0, &as_two.any, 15), EINVAL);
	IS(connect(fd, &two.any, sizeof two.in), 0);
	IS(connect(fd, &none.any, 2), 0);
	printf("after AF_UNSPEC: %s\n", peer(fd));
	close(fd);
	fd = sender(AF_INET6);
	FAILS(sendto(fd, "x", 1, 0, &as_two.any, sizeof as_two.in), EDESTADDRREQ);
	IS(connect(fd, &one6.any, sizeof one6.in6), 0);
	IS(sendto(fd, "six", 3, 0, &as_two.any, sizeof as_two.in), 3);
	IS(recv(six, buf, sizeof buf, 0), 3);
	IS(sendto(fd, "short", 5, 0, &none.any, 2), 5);
	IS(recv(six, buf, sizeof buf, 0), 5);
	IS(sendto(fd, "none", 4, 0, NULL, 16), 4);
	IS(recv(six, buf, sizeof buf, 0), 4);
	close(fd);
	fd = dgram(AF_INET);
	none = host("0.0.0.0", 0);
	none.any.sa_family = AF_UNSPEC;
	if (everywhere)
		told("bind AF_UNSPEC", bind(fd, &none.any, sizeof none.in));
	close(fd);
	fd = dgram(AF_INET);
	as_two.in.sin_port = 0;
	told("bind AF_UNSPEC of 127.0.0.2", bind(fd, &as_two.any, sizeof as_two.in));
	close(fd);
}

/* Where the unspecified address leads depends on what the socket is bound to. */
static void unspecified(int port)
{
	static const char *const local[] = {"127.0.0.1", "127.0.0.2", "0.0.0.0", "::", "::1", "::ffff:127.0.0.2"};
	static const char *const to[] = {"0.0.0.0", "::", "::ffff:0.0.0.0"};
	for (int l = 0; l < 6; l++)
		for (int i = 0; i < 3 && (everywhere || l / 2 != 1); i++) {
			int fd = bound_to(local[l]);
			union address a = host(to[i], port);
			if (connect(fd, &a.any, size_of(&a)) != 0)
				printf("from %s to %s: %s\n", local[l], to[i], strerror(errno));
			else
				printf("from %s to %s: %s\n", local[l], to[i], peer(fd));
			close(fd);
		}
}

/* Headers of messages whose name is odd. */
static void headers(int port, int four)
{
	union address two = host("127.0.0.2", port);
	struct iovec iov = {"msg", 3};
	int fd = sender(AF_INET);
	struct msghdr m = {.msg_name = &two, .msg_namelen = sizeof two.in, .msg_iov = &iov, .msg_iovlen = 1};
	IS(sendmsg(fd, &m, 0), 3);
	IS(recv(four, buf, sizeof buf, 0), 3);
	m.msg_namelen = sizeof two; /* longer than the kernel takes it: no error */
	IS(syscall(SYS_sendmsg, fd, &m, 0), 3);
	IS(recv(four, buf, sizeof buf, 0), 3);
	m.msg_namelen = 129;
	static char room[256];
	memcpy(room, &two, sizeof two);
	m.msg_name = room;
	IS(syscall(SYS_sendmsg, fd, &m, 0), 3);
	IS(recv(four, buf, sizeof buf, 0), 3);
	m.msg_namelen = -1;
	FAILS(syscall(SYS_sendmsg, fd, &m, 0), EINVAL);
	m.msg_namelen = 15;
	FAILS(syscall(SYS_sendmsg, fd, &m, 0), EINVAL);
	m.msg_iovlen = 1025;
	FAILS(syscall(SYS_sendmsg, fd, &m, 0), EMSGSIZE);
	m.msg_iovlen = 1;
	m.msg_namelen = 0;
	FAILS(syscall(SYS_sendmsg, fd, &m, 0), EDESTADDRREQ);
	IS(connect(fd, &two.any, sizeof two.in), 0);
	IS(syscall(SYS_sendmsg, fd, &m, 0), 3);
	IS(recv(four, buf, sizeof buf, 0), 3);
	m.msg_name = NULL;
	m.msg_namelen = -5; /* of no name */
	IS(syscall(SYS_sendmsg, fd, &m, 0), 3);
	IS(recv(four, buf, sizeof buf, 0), 3);
	/* An address of no bytes is none for a message, and a wrong one for sendto. */
	FAILS(sendto(fd, "x", 1, 0, &two.any, 0), EINVAL);
	IS(syscall(SYS_sendmmsg, fd, (void *)8, 0, 0), 0);
	FAILS(syscall(SYS_sendmmsg, fd, (void *)8, 1, 0), EFAULT);
	close(fd);
}

static void names(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	union address got;
	socklen_t len = sizeof got;
	int fd = dgram(AF_UNIX), to = dgram(AF_UNIX);
	FAILS(connect(to, (struct sockaddr *)&a, 2), EINVAL);
	IS(bind(fd, (struct sockaddr *)&a, 2), 0); /* an abstract name of five digits */
	IS(getsockname(fd, &got.any, &len), 0);
	IS(len, 8);
	IS(connect(to, &got.any, len), 0);
	IS(send(to, "auto", 4, 0), 4);
	IS(recv(fd, buf, sizeof buf, 0), 4);
	/* The length counts, so these are two names. */
	snprintf(a.sun_path, sizeof a.sun_path, "%csydbox %s", 0, unique());
	int one = dgram(AF_UNIX), two = dgram(AF_UNIX);
	IS(bind(one, (struct sockaddr *)&a, 40), 0);
	IS(bind(two, (struct sockaddr *)&a, 41), 0);
	IS(sendto(to, "forty", 5, 0, (struct sockaddr *)&a, 40), 5);
	IS(sendto(to, "more", 4, 0, (struct sockaddr *)&a, 41), 4);
	IS(recv(one, buf, sizeof buf, 0), 5);
	IS(recv(two, buf, sizeof buf, 0), 4);
	/* A path ends at a NUL, or at the length. */
	memset(a.sun_path, 'p', sizeof a.sun_path);
	int full = dgram(AF_UNIX), cut = dgram(AF_UNIX);
	IS(bind(full, (struct sockaddr *)&a, sizeof a), 0);
	strcpy(a.sun_path, "cut");
	IS(bind(cut, (struct sockaddr *)&a, sizeof a), 0);
	FAILS(bind(dgram(AF_UNIX), (struct sockaddr *)&a, 5), EADDRINUSE);
	IS(sendto(to, "cut", 3, 0, (struct sockaddr *)&a, 5), 3);
	IS(recv(cut, buf, sizeof buf, 0), 3);
	a.sun_path[3] = 'x';
	IS(sendto(to, "again", 5, 0, (struct sockaddr *)&a, 5), 5);
	IS(recv(cut, buf, sizeof buf, 0), 5);
	FAILS(sendto(to, "x", 1, 0, (struct sockaddr *)&a, 6), ENOENT);
	memset(a.sun_path, 'p', sizeof a.sun_path);
	IS(sendto(to, "full", 4, 0, (struct sockaddr *)&a, sizeof a), 4);
	IS(recv(full, buf, sizeof buf, 0), 4);
}

static void wrong(int port)
{
	union address a = host("127.0.0.1", port);
	FAILS(connect(-1, &a.any, sizeof a.in), EBADF);
	FAILS(connect(open("/dev/null", O_RDONLY), &a.any, sizeof a.in), ENOTSOCK);
	FAILS(connect(dgram(AF_INET), (void *)8, sizeof a.in), EFAULT);
	FAILS(bind(dgram(AF_INET), (void *)8, sizeof a.in), EFAULT);
	FAILS(sendto(dgram(AF_INET), "x", 1, 0, (void *)8, sizeof a.in), EFAULT);
	int tcp = socket(AF_INET, SOCK_STREAM, 0), tcp6 = socket(AF_INET6, SOCK_STREAM, 0);
	union address a6 = host("::1", port);
	FAILS(connect(tcp, &a6.any, sizeof a6.in6), EAFNOSUPPORT);
	FAILS(connect(tcp6, &a.any, sizeof a6.in6), EAFNOSUPPORT);
	FAILS(connect(tcp6, &a.any, sizeof a.in), EINVAL);
	told("bind inet6 on inet", bind(tcp, &a6.any, sizeof a6.in6));
	a.any.sa_family = 12345;
	told("connect no family", connect(tcp, &a.any, sizeof a.in));
	told("bind no family", bind(tcp, &a.any, sizeof a.in));
}

int main(void)
{
	int port, two, six;
	everywhere = !getenv("NO_COPIES_OF_SOCKETS");
	lengths(same_port(&two, &six));
	/* What of that was long enough goes there, and nobody asks for it. */
	port = same_port(&two, &six);
	unspec(port, two, six);
	unspecified(port);
	headers(port, two);
	names();
	wrong(port);
	return failures != 0;
}
