/* Datagrams: every way to send one. */
#include "cross.h"
#include <netinet/ip_icmp.h>

static long dgram(struct address *to)
{
	static int on = 1;
	int fd = new_socket(to->any.sa_family, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
	return fd;
}
/* The harmless place of the same family: a socket of IPv6 reaches IPv4 by mapped addresses. */
static struct address *decoy(struct address *to)
{
	if (to->any.sa_family == AF_INET)
		return inet("10.77.0.2", DECOY);
	return inet(strchr(towards->host, '.') ? "::ffff:10.77.0.2" : "fd77::2", DECOY);
}

static void connected(struct address *to)
{
	int fd = dgram(to);
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
static void sent_to(struct address *to)
{
	int fd = dgram(to);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void longer(struct address *to)
{
	int fd = dgram(to);
	DO(SENDTO(fd, text, TEXT, 0, to, 128));
}
static void garbage(struct address *to)
{
	const unsigned long high = sizeof(long) > 4 ? (unsigned long)(0x5eULL << 32) : 0;
	int fd = dgram(to);
	DO(SENDTO(fd | high, text, TEXT, high, to, to->len | high));
}
static void message_sent(struct address *to)
{
	int fd = dgram(to);
	DO(SENDMSG(fd, message(to), 0));
}
static struct mmsg many[8];
static void first_of_many(struct address *to)
{
	int fd = dgram(to);
	many[0].m = *message(to);
	many[1].m = *message(decoy(to));
	DO(SENDMMSG(fd, many, 2, 0));
}
static void last_of_many(struct address *to)
{
	int fd = dgram(to);
	for (int i = 0; i < 7; i++)
		many[i].m = *message(decoy(to));
	many[7].m = *message(to);
	/* Each call sends what it can, and is repeated from there. */
	for (int sent = 0; sent < 8;)
		sent += DO(SENDMMSG(fd, many + sent, 8 - sent, 0));
}
static void middle_of_many(struct address *to)
{
	int fd = dgram(to);
	for (int i = 0; i < 8; i++)
		many[i].m = *message(i == 4 ? to : decoy(to));
	if (DO(SENDMMSG(fd, many, 8, 0)) != 8)
		_exit(1);
}
static void despite_connection(struct address *to)
{
	struct address *d = decoy(to);
	int fd = dgram(to);
	DO(CONNECT(fd, d, d->len));
	DO(SENDMSG(fd, message(to), 0));
}
static void sendto_despite_connection(struct address *to)
{
	struct address *d = decoy(to);
	int fd = dgram(to);
	DO(CONNECT(fd, d, d->len));
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void many_despite_connection(struct address *to)
{
	struct address *d = decoy(to);
	int fd = dgram(to);
	DO(CONNECT(fd, d, d->len));
	many[0].m = *message(NULL);
	many[1].m = *message(to);
	for (int sent = 0; sent < 2;)
		sent += DO(SENDMMSG(fd, many + sent, 2 - sent, 0));
}
static void reconnected(struct address *to)
{
	struct address *d = decoy(to);
	int fd = dgram(to);
	DO(CONNECT(fd, d, d->len));
	DO(write(fd, text, TEXT));
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
static void dissolved(struct address *to)
{
	static struct address nobody = {.any = {AF_UNSPEC}, .len = 16};
	struct address *d = decoy(to);
	int fd = dgram(to);
	DO(CONNECT(fd, d, d->len));
	DO(CONNECT(fd, &nobody, nobody.len));
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void insists(struct address *to)
{
	int fd = dgram(to);
	CONNECT(fd, to, to->len);
	SENDTO(fd, text, TEXT, 0, to, to->len);
	SENDMSG(fd, message(NULL), 0);
	DO(write(fd, text, TEXT));
}
/* UDP takes an address without a family for one of IPv4 when it sends (udp_sendmsg). */
static struct address *nameless(struct address *to)
{
	to->any.sa_family = AF_UNSPEC;
	return to;
}
static void unspec_sendto(struct address *to)
{
	int fd = dgram(to);
	nameless(to);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void unspec_sendmsg(struct address *to)
{
	int fd = dgram(to);
	DO(SENDMSG(fd, message(nameless(to)), 0));
}
static void unspec_last_of_many(struct address *to)
{
	int fd = dgram(to);
	many[0].m = *message(decoy(to));
	many[1].m = *message(nameless(to));
	for (int sent = 0; sent < 2;)
		sent += DO(SENDMMSG(fd, many + sent, 2 - sent, 0));
}
static void v4_from_v6(struct address *to)
{
	/* A socket of IPv6 takes an address of IPv4 as well (udpv6_sendmsg). */
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void corked(struct address *to)
{
	static int on = 1, off = 0;
	int fd = dgram(to);
	DO(SETSOCKOPT(fd, IPPROTO_UDP, 1 /* UDP_CORK */, &on, sizeof on));
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
	DO(SETSOCKOPT(fd, IPPROTO_UDP, 1, &off, sizeof off));
}
static void lite(struct address *to)
{
	int fd = new_socket(to->any.sa_family, SOCK_DGRAM, IPPROTO_UDPLITE);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
/* Echo requests, which any group may send that net.ipv4.ping_group_range has. */
static char echo[16] = {8};
static int ping_socket(struct address *to)
{
	echo[0] = to->any.sa_family == AF_INET ? 8 : 128;
	return new_socket(to->any.sa_family, SOCK_DGRAM, to->any.sa_family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}
static void ping(struct address *to)
{
	int fd = ping_socket(to);
	DO(SENDTO(fd, echo, sizeof echo, 0, to, to->len));
}
static void ping_connected(struct address *to)
{
	int fd = ping_socket(to);
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, echo, sizeof echo));
}

static const struct way table[] = {
	{"connect", connected, "", MANY},
	{"sendto", sent_to, "", MANY},
	{"sendto_longer", longer, "sample"},
	{"sendto_garbage", garbage, "sample"},
	{"sendmsg", message_sent, "", MANY},
	{"sendmmsg_first", first_of_many, "", 0},
	{"sendmmsg_last", last_of_many, "", 0},
	{"sendmmsg_middle", middle_of_many, "sample", 0},
	{"connected_sendmsg", despite_connection, "sample"},
	{"connected_sendto", sendto_despite_connection, "sample"},
	{"connected_sendmmsg", many_despite_connection, "sample"},
	{"reconnected", reconnected, "sample"},
	{"connected_unspec_sendto", dissolved, "sample"},
	{"insists", insists, "sample"},
	{"unspec_sendto", unspec_sendto, "", V4},
	{"unspec_sendmsg", unspec_sendmsg, "", V4},
	{"unspec_sendmmsg_last", unspec_last_of_many, "sample", V4},
	{"v4_from_v6", v4_from_v6, "sample ipv6", V4},
	{"corked", corked, "sample"},
	{"udplite", lite, "sample", AWAY},
	{"ping", ping, "sample maybe", AWAY},
	{"ping_connected", ping_connected, "sample maybe", AWAY},
};
WAYS(table)
