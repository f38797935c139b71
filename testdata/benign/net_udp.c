/* Datagrams on the loopback: connected and not, one and many, large and empty, and how it fails. */
/* variants: static m32 */
#include "net.h"

static char large[65536], buf[65536];

static struct msghdr *message(union address *to, void *data, size_t n)
{
	static struct iovec iov;
	static struct msghdr m;
	iov = (struct iovec){data, n};
	m = (struct msghdr){.msg_name = to, .msg_namelen = to ? size_of(to) : 0, .msg_iov = &iov, .msg_iovlen = 1};
	return &m;
}

static void echo(const char *where)
{
	int server = bound(SOCK_DGRAM, where), client = socket(strchr(where, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	union address a = host(where, port_of(server)), from;
	socklen_t len = sizeof from;
	IS(sendto(client, "one", 3, 0, &a.any, size_of(&a)), 3);
	IS(recvfrom(server, buf, sizeof buf, 0, &from.any, &len), 3);
	IS(ntohs(from.in.sin_port), port_of(client));
	/* Back to whom the kernel gave a port as it sent. */
	IS(sendto(server, "back", 4, 0, &from.any, len), 4);
	IS(recv(client, buf, sizeof buf, 0), 4);
	IS(sendmsg(client, message(&a, "two", 3), 0), 3);
	IS(recv(server, buf, sizeof buf, 0), 3);
	IS(connect(client, &a.any, size_of(&a)), 0);
	IS(send(client, "three", 5, 0), 5);
	IS(write(client, "four", 4), 4);
	IS(sendmsg(client, message(NULL, "five", 4), 0), 4);
	for (int i = 0; i < 3; i++)
		CHECK(recv(server, buf, sizeof buf, 0) >= 4);
	/* Another address than the one it is connected to, for once. */
	int other = bound(SOCK_DGRAM, where);
	union address b = host(where, port_of(other));
	IS(sendto(client, "aside", 5, 0, &b.any, size_of(&b)), 5);
	IS(recv(other, buf, sizeof buf, 0), 5);
	IS(sendmsg(client, message(&b, "again", 5), 0), 5);
	IS(recv(other, buf, sizeof buf, 0), 5);
	/* Only its peer is heard now. */
	IS(sendto(other, "no", 2, 0, &from.any, len), 2);
	FAILS(recv(client, buf, sizeof buf, MSG_DONTWAIT), EAGAIN);
	/* Connected anew, dissolved. */
	IS(connect(client, &b.any, size_of(&b)), 0);
	IS(send(client, "b", 1, 0), 1);
	IS(recv(other, buf, sizeof buf, 0), 1);
	union address none = {.any = {AF_UNSPEC}};
	IS(connect(client, &none.any, sizeof none.any), 0);
	FAILS(send(client, "x", 1, 0), EDESTADDRREQ);
	FAILS(sendmsg(client, message(NULL, "x", 1), 0), EDESTADDRREQ);
	/* Nothing, and as much as there may be. */
	IS(sendto(client, NULL, 0, 0, &a.any, size_of(&a)), 0);
	IS(recv(server, buf, sizeof buf, 0), 0);
	memset(large, 'l', sizeof large);
	IS(sendto(client, large, 65507, 0, &a.any, size_of(&a)), 65507);
	IS(recv(server, buf, sizeof buf, 0), 65507);
	CHECK(memcmp(buf, large, 65507) == 0);
	FAILS(sendto(client, large, 65536, 0, &a.any, size_of(&a)), EMSGSIZE);
	close(server);
	close(client);
	close(other);
}

static void in_pieces(void)
{
	int server = bound(SOCK_DGRAM, "127.0.0.1"), client = socket(AF_INET, SOCK_DGRAM, 0);
	union address a = host("127.0.0.1", port_of(server));
	struct iovec iov[1024];
	for (int i = 0; i < 1024; i++)
		iov[i] = (struct iovec){"ab" + i % 2, i % 3 == 0 ? 0 : 1};
	struct msghdr m = {.msg_name = &a, .msg_namelen = sizeof a.in, .msg_iov = iov, .msg_iovlen = 1024};
	IS(sendmsg(client, &m, 0), 682);
	IS(recv(server, buf, sizeof buf, 0), 682);
	m.msg_iovlen = 1025;
	FAILS(sendmsg(client, &m, 0), EMSGSIZE);
	m.msg_iovlen = 0;
	IS(sendmsg(client, &m, 0), 0);
	IS(recv(server, buf, sizeof buf, 0), 0);
	/* More to come. */
	IS(sendto(client, "be", 2, MSG_MORE, &a.any, sizeof a.in), 2);
	IS(sendto(client, "gin", 3, 0, &a.any, sizeof a.in), 3);
	IS(recv(server, buf, sizeof buf, 0), 5);
	/* IPv4 without saying so. */
	a.any.sa_family = AF_UNSPEC;
	IS(sendto(client, "unspec", 6, 0, &a.any, sizeof a.in), 6);
	IS(recv(server, buf, sizeof buf, 0), 6);
	close(server);
	close(client);
}

static void many(void)
{
	enum { N = 20 };
	int server = bound(SOCK_DGRAM, "127.0.0.1"), second = bound(SOCK_DGRAM, "127.0.0.1");
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	union address to[2] = {host("127.0.0.1", port_of(server)), host("127.0.0.1", port_of(second))};
	struct mmsghdr m[N];
	struct iovec iov[N];
	memset(m, 0, sizeof m);
	for (int i = 0; i < N; i++) {
		iov[i] = (struct iovec){large, i};
		m[i].msg_hdr = (struct msghdr){.msg_name = &to[i % 2], .msg_namelen = sizeof to[0].in, .msg_iov = &iov[i],
					       .msg_iovlen = 1};
		m[i].msg_len = 99;
	}
	IS(sendmmsg(client, m, N, 0), N);
	for (int i = 0; i < N; i++) {
		IS(m[i].msg_len, i);
		IS(recv(i % 2 ? second : server, buf, sizeof buf, 0), i);
	}
	IS(sendmmsg(client, m, 0, 0), 0);
	/* It stops at the first that fails, and says how many went. */
	m[3].msg_hdr.msg_name = (void *)8;
	IS(sendmmsg(client, m, N, 0), 3);
	FAILS(sendmmsg(client, m + 3, N - 3, 0), EFAULT);
	FAILS(sendmmsg(client, (void *)8, N, 0), EFAULT);
	FAILS(sendmmsg(999, m, N, 0), EBADF);
	/* To whom it is connected, and beside. */
	IS(connect(client, &to[0].any, sizeof to[0].in), 0);
	m[0].msg_hdr.msg_name = NULL, m[0].msg_hdr.msg_namelen = 0;
	IS(sendmmsg(client, m, 2, 0), 2);
	close(server);
	close(second);
	close(client);
}

static void controlled(void)
{
	int server = bound(SOCK_DGRAM, "127.0.0.1"), client = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
	union address a = host("127.0.0.1", port_of(server));
	char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in_pktinfo))] = "";
	IS(setsockopt(server, IPPROTO_IP, IP_RECVTTL, &on, sizeof on), 0);
	IS(setsockopt(server, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
	struct msghdr *m = message(&a, "ttl", 3);
	m->msg_control = room;
	m->msg_controllen = sizeof room;
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int ttl = 17;
	c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_TTL, c->cmsg_len = CMSG_LEN(sizeof ttl);
	memcpy(CMSG_DATA(c), &ttl, sizeof ttl);
	c = CMSG_NXTHDR(m, c);
	struct in_pktinfo info = {.ipi_spec_dst = {htonl(0x7f000002)}};
	c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_PKTINFO, c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	IS(sendmsg(client, m, 0), 3);
	union address from;
	char back[256];
	m = message(NULL, buf, sizeof buf);
	m->msg_name = &from, m->msg_namelen = sizeof from;
	m->msg_control = back, m->msg_controllen = sizeof back;
	IS(recvmsg(server, m, 0), 3);
	IS(ntohl(from.in.sin_addr.s_addr), 0x7f000002);
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_type == IP_TTL)
			IS(*(int *)CMSG_DATA(c), 17);
	/* A length that is no length, and memory that is none. */
	m = message(&a, "x", 1);
	m->msg_control = (void *)8, m->msg_controllen = 64;
	FAILS(sendmsg(client, m, 0), EFAULT);
	close(server);
	close(client);
}

static void fails(void)
{
	int client = socket(AF_INET, SOCK_DGRAM, 0), server = bound(SOCK_DGRAM, "127.0.0.1");
	union address a = host("127.0.0.1", port_of(server)), six = host("::1", 1);
	FAILS(sendto(client, "x", 1, 0, &a.any, 8), EINVAL);
	FAILS(sendto(client, "x", 1, 0, &a.any, 4096), EINVAL);
	FAILS(sendto(client, "x", 1, 0, (void *)8, sizeof a.in), EFAULT);
	FAILS(sendto(client, (void *)8, 1, 0, &a.any, sizeof a.in), EFAULT);
	FAILS(sendto(client, "x", 1, 0, &six.any, sizeof six.in6), EAFNOSUPPORT);
	FAILS(sendto(999, "x", 1, 0, &a.any, sizeof a.in), EBADF);
	FAILS(sendmsg(client, (void *)8, 0), EFAULT);
	FAILS(sendto(client, "x", 1, MSG_OOB, &a.any, sizeof a.in), EOPNOTSUPP);
	FAILS(listen(client, 1), EOPNOTSUPP);
	union address zero = host("127.0.0.1", 0);
	FAILS(sendto(client, "x", 1, 0, &zero.any, sizeof zero.in), EINVAL);
	/* Nobody there: nobody says so to a socket that is not connected. */
	int port = free_port(SOCK_DGRAM);
	union address gone = host("127.0.0.1", port);
	IS(sendto(client, "x", 1, 0, &gone.any, sizeof gone.in), 1);
	close(client);
	client = socket(AF_INET, SOCK_DGRAM, 0); /* nothing of the first can come here */
	IS(connect(client, &gone.any, sizeof gone.in), 0);
	IS(send(client, "x", 1, 0), 1);
	struct pollfd p = {client, POLLIN};
	IS(poll(&p, 1, PATIENCE_MS), 1);
	FAILS(recv(client, buf, 1, 0), ECONNREFUSED);
	IS(send(client, "x", 1, 0), 1);
	close(server);
	close(client);
}

int main(void)
{
	echo("127.0.0.1");
	in_pieces();
	many();
	controlled();
	fails();
	return done();
}
