/* Streams: every way to make a connection. */
#include "cross.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

static long stream(struct address *to) { return new_socket(to->any.sa_family, SOCK_STREAM, 0); }
static void say_to(int fd) { DO(write(fd, text, TEXT)); }

static void connected(struct address *to)
{
	int fd = stream(to);
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void longer(struct address *to)
{
	/* An address may be longer than its family needs. */
	int fd = stream(to);
	DO(CONNECT(fd, to, 128));
	say_to(fd);
}
static void garbage(struct address *to)
{
	/* Upper halves that the kernel does not look at. */
	const unsigned long high = sizeof(long) > 4 ? (unsigned long)(0x5eULL << 32) : 0;
	int fd = stream(to);
	DO(CONNECT(fd | high, to, to->len | high));
	say_to(fd);
}
static void nonblocking(struct address *to)
{
	int fd = new_socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	socklen_t len = sizeof error;
	if (CONNECT(fd, to, to->len) != 0 && errno != EINPROGRESS)
		DO(-1);
	struct pollfd p = {fd, POLLOUT};
	DO(poll(&p, 1, 50000));
	DO(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	if ((errno = error) != 0)
		DO(-1);
	say_to(fd);
}
static void *thread_connects(void *to) { return connected(to), NULL; }
static void by_thread(struct address *to)
{
	pthread_t t;
	errno = pthread_create(&t, NULL, thread_connects, to);
	DO(errno ? -1 : 0);
	pthread_join(t, NULL);
}
static void by_child(struct address *to)
{
	IN_CHILD(pid)
	connected(to);
}
static void after_dup(struct address *to)
{
	int fd = dup2(stream(to), 200);
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void from_port(struct address *to)
{
	/* From a port of its own: the socket is bound, and so the tree's. */
	struct address *from = inet(to->any.sa_family == AF_INET ? "0.0.0.0" : "::", 0);
	int fd = stream(to);
	DO(BIND(fd, from, from->len));
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void dissolved(struct address *to)
{
	static struct address nobody = {.any = {AF_UNSPEC}, .len = 16};
	int fd = stream(to);
	DO(CONNECT(fd, &nobody, nobody.len));
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void fastopen_sendto(struct address *to)
{
	int fd = stream(to);
	DO(SENDTO(fd, text, TEXT, MSG_FASTOPEN, to, to->len));
}
static void fastopen_sendmsg(struct address *to)
{
	int fd = stream(to);
	DO(SENDMSG(fd, message(to), MSG_FASTOPEN));
}
static void fastopen_sendmmsg(struct address *to)
{
	static struct mmsg m[1];
	int fd = stream(to);
	m[0].m = *message(to);
	DO(SENDMMSG(fd, m, 1, MSG_FASTOPEN));
}
static void fastopen_after(struct address *to)
{
	/* Without MSG_FASTOPEN the address of a stream means nothing, and the call fails. Then with it. */
	int fd = stream(to);
	SENDTO(fd, text, TEXT, MSG_NOSIGNAL, to, to->len);
	DO(SENDTO(fd, text, TEXT, MSG_FASTOPEN, to, to->len));
}
static void fastopen_connect(struct address *to)
{
	static int on = 1;
	int fd = stream(to);
	DO(SETSOCKOPT(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on)); /* since Linux 4.11 */
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void insists(struct address *to)
{
	/* What is denied may leave nothing half done behind: it goes on as if it had not been told. */
	int fd = stream(to);
	CONNECT(fd, to, to->len);
	CONNECT(fd, to, to->len);
	if (write(fd, text, TEXT) == TEXT)
		return;
	SENDTO(fd, text, TEXT, MSG_NOSIGNAL, NULL, 0);
	SENDTO(fd, text, TEXT, MSG_NOSIGNAL, to, to->len);
	DO(SENDMSG(fd, message(to), MSG_NOSIGNAL));
}
static void multipath(struct address *to)
{
	int fd = new_socket(to->any.sa_family, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void sctp(struct address *to)
{
	int fd = new_socket(to->any.sa_family, SOCK_STREAM, IPPROTO_SCTP);
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}
static void dccp(struct address *to)
{
	int fd = new_socket(to->any.sa_family, SOCK_DCCP, IPPROTO_DCCP);
	DO(CONNECT(fd, to, to->len));
	say_to(fd);
}

static const struct way table[] = {
	{"connect", connected, ""},
	{"connect_longer", longer, "sample"},
	{"connect_garbage", garbage, "sample"},
	{"connect_nonblocking", nonblocking, "sample"},
	{"connect_by_thread", by_thread, "sample"},
	{"connect_by_child", by_child, "sample"},
	{"connect_after_dup", after_dup, "sample"},
	{"connect_from_port", from_port, "sample"},
	{"connect_after_unspec", dissolved, "sample"},
	{"connect_insists", insists, "sample"},
	{"fastopen_sendto", fastopen_sendto, ""},
	{"fastopen_sendmsg", fastopen_sendmsg, ""},
	{"fastopen_sendmmsg", fastopen_sendmmsg, ""},
	{"fastopen_after_sendto", fastopen_after, "sample"},
	{"fastopen_connect", fastopen_connect, "refused"},
	{"fastopen_connect_lifted", fastopen_connect, "lift=routing sample"},
	{"mptcp", multipath, "refused sample"},
	{"mptcp_lifted", multipath, "lift=sockets sample"},
	{"sctp", sctp, "refused sample", V4},
	{"dccp", dccp, "refused sample", V4},
};
WAYS(table)
