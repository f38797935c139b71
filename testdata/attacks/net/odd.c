/*
 * Ways out that are not one call with an address: sockets that rules cannot speak of, options and control messages that
 * reroute what goes to a harmless place, the kernel's own queues, the tables of the machine.
 */
#include "net.h"
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <net/ethernet.h>
#include <net/route.h>
#include <sys/ioctl.h>

static struct address *far(void) { return inet("10.77.0.3", VICTIM); }
static struct address *harmless(void) { return inet("10.77.0.2", DECOY); }

/* A packet made by hand. */
static char packet[28];
static int made(void)
{
	struct iphdr *ip = (struct iphdr *)packet;
	*ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = 17, .tot_len = htons(sizeof packet)};
	inet_pton(AF_INET, "10.77.0.1", &ip->saddr);
	inet_pton(AF_INET, "10.77.0.3", &ip->daddr);
	return sizeof packet;
}
static void raw_packet(void)
{
	/* What the call says is harmless; what the packet says is where it goes. */
	struct address *to = harmless();
	int fd = new_socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	DO(SENDTO(fd, packet, made(), 0, to, to->len));
}
static void raw_echo(void)
{
	struct address *to = far();
	static char echo[16] = {8, 0, 0xf7, 0xff};
	int fd = new_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	DO(SENDTO(fd, echo, sizeof echo, 0, to, to->len));
}
static void raw6(void)
{
	struct address *to = inet("fd77::3", 0);
	static char echo[16] = {128};
	int fd = new_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	DO(SENDTO(fd, echo, sizeof echo, 0, to, to->len));
}
static void link_layer(void)
{
	struct address *to = new_address();
	struct sockaddr_ll *ll = (struct sockaddr_ll *)to;
	*ll = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6,
				   .sll_ifindex = if_nametoindex("wire")};
	memset(ll->sll_addr, 0xff, 6);
	int fd = new_socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	DO(SENDTO(fd, packet, made(), 0, to, sizeof *ll));
}
static void link_layer_written(void)
{
	struct address *to = new_address();
	struct sockaddr_ll *ll = (struct sockaddr_ll *)to;
	*ll = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				   .sll_ifindex = if_nametoindex("wire")};
	int fd = new_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	static char frame[14 + sizeof packet] = {-1, -1, -1, -1, -1, -1, 2, 2, 2, 2, 2, 2, 8, 0};
	made();
	memcpy(frame + 14, packet, sizeof packet);
	DO(BIND(fd, to, sizeof *ll));
	DO(write(fd, frame, sizeof frame));
}
/* needs: the capability alone holds them where the families are free, and the families where root keeps it */
TRICK(raw, "narrow build root refused needs=sockets+net_admin") { raw_packet(); }
TRICK(raw_echo_, "narrow build root refused sample") { raw_echo(); }
TRICK(raw_ipv6, "narrow build root refused ipv6 sample") { raw6(); }
TRICK(packet_, "narrow build root refused needs=sockets+net_admin") { link_layer(); }
TRICK(packet_written, "narrow build root refused sample needs=sockets+net_admin") { link_layer_written(); }
TRICK(raw_lifted, "narrow build root refused lift=sockets plain") { raw_packet(); }
TRICK(packet_lifted, "narrow build root refused lift=sockets plain") { link_layer(); }

/* Source routes: the harmless place is the last stop, not the first. */
static struct {
	unsigned char nop, kind, length, pointer, hop[8];
} route = {1, 131 /* loose */, 11, 4, {10, 77, 0, 3, 10, 77, 0, 2}};
static void set_route(int fd)
{
	route.length = 7;
	if (SETSOCKOPT(fd, IPPROTO_IP, IP_OPTIONS, &route, 8) == 0)
		return;
	if (errno == EPERM)
		impossible("source routes take privileges here");
	DO(-1);
}
static int routed(int type)
{
	int fd = new_socket(AF_INET, type, 0);
	set_route(fd);
	return fd;
}
TRICK(source_route_sendto, "narrow refused needs=routing+net_admin")
{
	struct address *to = harmless();
	int fd = routed(SOCK_DGRAM);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
TRICK(source_route_connected, "narrow refused sample needs=routing+net_admin")
{
	struct address *to = harmless();
	int fd = routed(SOCK_DGRAM);
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
TRICK(source_route_after_connecting, "narrow refused needs=routing+net_admin")
{
	struct address *to = harmless();
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(CONNECT(fd, to, to->len));
	set_route(fd);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
TRICK(source_route_stream, "narrow refused needs=routing+net_admin vague")
{
	/* Far would not have it; the first packet is enough. */
	struct address *to = harmless();
	int fd = routed(SOCK_STREAM | SOCK_NONBLOCK);
	CONNECT(fd, to, to->len);
	sleep_ms(20);
}
TRICK(source_route_in_message, "narrow refused needs=routing+net_admin")
{
	static struct cmsg c = {.level = IPPROTO_IP, .type = IP_RETOPTS};
	struct msg *m = message(harmless());
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	route.length = 7;
	c.len = offsetof(struct cmsg, data) + 8;
	memcpy(c.data, &route, 8);
	m->control = W(&c);
	m->controllen = c.len;
	if (SENDMSG(fd, m, 0) < 0 && errno == EPERM)
		impossible("source routes take privileges here");
}
/*
 * The same for IPv6, for which no kernel asks privileges: segment routing (type 4), and the header of mobile hosts (type
 * 2) where the kernel has it.
 */
static struct {
	unsigned char next, length, kind, left, last, flags;
	unsigned short tag;
	struct in6_addr hops[2];
} header;
enum { SEGMENTS = 4, MOBILE = 2 };
static int header_size(int kind)
{
	header.kind = kind, header.left = 1, header.length = 2;
	inet_pton(AF_INET6, "fd77::3", &header.hops[0]);
	if (kind == MOBILE)
		return 24;
	header.length = 4, header.last = 1;
	header.hops[1] = header.hops[0]; /* in reverse, and the last stop is filled in */
	return sizeof header;
}
static long header_taken(long r)
{
	if (r < 0 && (errno == EINVAL || errno == ENOPROTOOPT))
		impossible("this kernel has no such header");
	return DO(r);
}
enum { RTHDR = 57, RTHDR_2292 = 5, PKTOPTIONS_2292 = 6 };
static struct address *harmless6(void) { return inet("fd77::2", DECOY); }
static void header_sticks(int kind, int type)
{
	struct address *to = harmless6();
	int fd = new_socket(AF_INET6, type, 0), size = header_size(kind);
	header_taken(SETSOCKOPT(fd, IPPROTO_IPV6, RTHDR, &header, size));
	if (type == SOCK_DGRAM)
		DO(SENDTO(fd, text, TEXT, 0, to, to->len));
	else
		CONNECT(fd, to, to->len);
}
static struct cmsg header_message = {.level = IPPROTO_IPV6};
static int header_control(int kind, int type)
{
	int size = header_size(kind);
	header_message.type = type;
	header_message.len = offsetof(struct cmsg, data) + size;
	memcpy(header_message.data, &header, size);
	return (header_message.len + sizeof(word) - 1) & -sizeof(word);
}
static void header_in_message(int kind, int type)
{
	struct msg *m = message(harmless6());
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0);
	m->controllen = header_control(kind, type);
	m->control = W(&header_message);
	header_taken(SENDMSG(fd, m, 0));
}
TRICK(route_header, "narrow refused ipv6 needs=routing") { header_sticks(SEGMENTS, SOCK_DGRAM); }
TRICK(route_header_stream, "narrow refused ipv6 vague needs=routing")
{
	header_sticks(SEGMENTS, SOCK_STREAM | SOCK_NONBLOCK);
	sleep_ms(20);
}
TRICK(route_header_of_mobile, "narrow refused ipv6 sample needs=routing") { header_sticks(MOBILE, SOCK_DGRAM); }
TRICK(route_header_of_rfc2292, "narrow refused ipv6 sample needs=routing")
{
	/* A control message that sticks. */
	struct address *to = harmless6();
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0), size = header_control(MOBILE, RTHDR_2292);
	header_taken(SETSOCKOPT(fd, IPPROTO_IPV6, PKTOPTIONS_2292, &header_message, size));
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
TRICK(route_header_after_connecting, "narrow refused ipv6 sample needs=routing")
{
	struct address *to = harmless6();
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0);
	DO(CONNECT(fd, to, to->len));
	header_taken(SETSOCKOPT(fd, IPPROTO_IPV6, RTHDR, &header, header_size(SEGMENTS)));
	DO(write(fd, text, TEXT));
}
TRICK(route_header_in_message, "narrow refused ipv6 needs=routing") { header_in_message(SEGMENTS, RTHDR); }
TRICK(route_header_of_mobile_in_message, "narrow refused ipv6 sample needs=routing") { header_in_message(MOBILE, RTHDR); }
TRICK(route_header_of_rfc2292_in_message, "narrow refused ipv6 sample needs=routing") { header_in_message(MOBILE, RTHDR_2292); }
TRICK(route_header_in_message_connected, "narrow refused ipv6 sample needs=routing")
{
	/* To whom it is connected: no address, and a route all the same. */
	struct address *to = harmless6();
	struct msg *m = message(NULL);
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0);
	DO(CONNECT(fd, to, to->len));
	m->controllen = header_control(SEGMENTS, RTHDR);
	m->control = W(&header_message);
	header_taken(SENDMSG(fd, m, 0));
}
/* In the second of two messages, behind another control message. */
TRICK(source_route_hidden, "narrow refused sample needs=routing+net_admin")
{
	static struct {
		struct cmsg c;
	} both[2];
	static char control[128];
	static struct mmsg many[2];
	unsigned at = 0, head = offsetof(struct cmsg, data), ttl = 9;
	struct cmsg first = {.len = head + 4, .level = IPPROTO_IP, .type = IP_TTL};
	struct cmsg second = {.len = head + 8, .level = IPPROTO_IP, .type = IP_RETOPTS};
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	memcpy(first.data, &ttl, 4);
	route.length = 7;
	memcpy(second.data, &route, 8);
	memcpy(control, &first, first.len);
	at = (first.len + sizeof(word) - 1) & -sizeof(word);
	memcpy(control + at, &second, second.len);
	many[0].m = *message(harmless());
	many[1].m = *message(harmless());
	many[1].m.control = W(control);
	many[1].m.controllen = at + second.len;
	for (int sent = 0; sent < 2;) {
		long n = SENDMMSG(fd, many + sent, 2 - sent, 0);
		if (n < 0 && errno == EPERM)
			impossible("source routes take privileges here");
		sent += DO(n);
	}
}

/* io_uring: the kernel connects and sends by itself. */
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
enum { OP_SENDMSG = 9, OP_CONNECT = 16, OP_SEND = 26 };
static long uring_do(struct sqe request)
{
	struct uring_params p;
	memset(&p, 0, sizeof p);
	long ring = syscall(425, 4, &p);
	if (ring < 0 && errno == EPERM)
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
TRICK(io_uring_connect, "narrow build refused plain needs=io_uring")
{
	struct address *to = far();
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(uring_do((struct sqe){.opcode = OP_CONNECT, .fd = fd, .addr = (uintptr_t)to, .off = to->len}));
}
TRICK(io_uring_send_to_path, "narrow build refused plain sample needs=io_uring")
{
	struct address *to = unix_path(V("dgram"));
	struct iovec iov = {text, TEXT};
	struct msghdr m = {.msg_name = to, .msg_namelen = to->len, .msg_iov = &iov, .msg_iovlen = 1};
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0);
	DO(uring_do((struct sqe){.opcode = OP_SENDMSG, .fd = fd, .addr = (uintptr_t)&m, .len = 1}));
}

/* The machine's own tables, which say what is local and where a packet goes. Changed is what the runner looks at. */
struct change {
	struct nlmsghdr head;
	union {
		struct rtmsg route;
		struct ifaddrmsg address;
	};
	char attrs[64];
};
static void attribute(struct change *c, int type, const void *data, int size)
{
	struct rtattr *a = (void *)((char *)c + NLMSG_ALIGN(c->head.nlmsg_len));
	a->rta_type = type;
	a->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(a), data, size);
	c->head.nlmsg_len = NLMSG_ALIGN(c->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
}
static void ask_kernel(struct change *c)
{
	static struct address kernel = {.any = {AF_NETLINK}, .len = 12};
	static struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char room[256];
	} answer;
	int fd = new_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	DO(SENDTO(fd, c, c->head.nlmsg_len, 0, &kernel, kernel.len));
	DO(recv(fd, &answer, sizeof answer, 0));
	if (answer.error.error != 0) {
		errno = -answer.error.error;
		DO(-1);
	}
}
TRICK(route_added, "narrow build root refused tables needs=net_admin plain")
{
	/* The harmless host by way of the other one. */
	static struct change c = {
		.head = {NLMSG_LENGTH(sizeof(struct rtmsg)), RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.route = {AF_INET, 32, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST}};
	struct in_addr to, by;
	inet_pton(AF_INET, "10.77.0.2", &to);
	inet_pton(AF_INET, "10.77.0.3", &by);
	attribute(&c, RTA_DST, &to, 4);
	attribute(&c, RTA_GATEWAY, &by, 4);
	ask_kernel(&c);
}
TRICK(address_added, "narrow build root refused tables needs=net_admin plain sample")
{
	static struct change c = {
		.head = {NLMSG_LENGTH(sizeof(struct ifaddrmsg)), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.address = {AF_INET, 32}};
	struct in_addr own;
	c.address.ifa_index = if_nametoindex("lo");
	inet_pton(AF_INET, "10.88.0.1", &own);
	attribute(&c, IFA_LOCAL, &own, 4);
	ask_kernel(&c);
}
TRICK(address_set_by_ioctl, "narrow build root refused tables needs=net_admin plain sample")
{
	struct ifreq r = {.ifr_name = "lo:x"};
	struct sockaddr_in *in = (struct sockaddr_in *)&r.ifr_addr;
	in->sin_family = AF_INET;
	inet_pton(AF_INET, "10.88.0.1", &in->sin_addr);
	DO(ioctl(new_socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFADDR, &r));
}
TRICK(interface_taken_down, "narrow build root refused tables needs=net_admin plain sample")
{
	struct ifreq r = {.ifr_name = "lo"};
	DO(ioctl(new_socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &r));
}

/* What outsiders gave away. */
TRICK(inherited_connection, "narrow build delegated plain")
{
	/* A connection that was made before is the right to use it. */
	ask("give connected");
	DO(write(taken(), text, TEXT));
}
TRICK(inherited_connection_sendmsg, "narrow build delegated plain sample")
{
	ask("give connected");
	DO(SENDMSG(taken(), message(NULL), 0));
}
TRICK(inherited_listener, "narrow build delegated plain")
{
	ask("give listening");
	int fd = taken();
	ask("call");
	DO(write(DO(accept(fd, NULL, NULL)), text, TEXT));
}
TRICK(inherited_dgram_connected, "narrow build delegated plain sample")
{
	ask("give dgram-connected");
	DO(write(taken(), text, TEXT));
}
/* A socket that leads nowhere yet is a socket like any other, whoever made it. */
TRICK(inherited_dgram, "narrow build to=10.77.0.3:2222")
{
	struct address *to = far();
	ask("give dgram");
	DO(SENDTO(taken(), text, TEXT, 0, to, to->len));
}
TRICK(inherited_dgram_connected_elsewhere, "narrow build sample to=10.77.0.3:2222")
{
	struct address *to = far();
	ask("give dgram-decoy");
	DO(SENDTO(taken(), text, TEXT, 0, to, to->len));
}
TRICK(inherited_stream, "narrow build sample to=10.77.0.3:2222")
{
	struct address *to = far();
	ask("give stream");
	int fd = taken();
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
TRICK(inherited_raw, "narrow build sample to=10.77.0.3:0")
{
	/* Of a kind that it could not make: what is sent by it has an address all the same. */
	struct address *to = inet("10.77.0.3", 0);
	static char echo[16] = {8, 0, 0xf7, 0xff};
	ask("give raw");
	DO(SENDTO(taken(), echo, sizeof echo, 0, to, to->len));
}
TRICK(inherited_packet, "narrow build delegated plain sample")
{
	/* A family that no rule has addresses of. */
	struct address *to = new_address();
	struct sockaddr_ll *ll = (struct sockaddr_ll *)to;
	*ll = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6,
				   .sll_ifindex = if_nametoindex("wire")};
	memset(ll->sll_addr, 0xff, 6);
	ask("give packet");
	DO(SENDTO(taken(), packet, made(), 0, to, sizeof *ll));
}
TRICK(handed_out, "build delegated plain")
{
	/* Its own listener, which an outsider takes and answers at. */
	char c = 'x', room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	struct address *a = inet("127.0.0.1", 5555);
	int on = 1, fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 4));
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	cm->cmsg_level = SOL_SOCKET, cm->cmsg_type = SCM_RIGHTS, cm->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(cm), &fd, sizeof fd);
	ask("receive");
	DO(sendmsg(ACCOMPLICE, &m, 0));
	int client = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(CONNECT(client, a, a->len));
	DO(write(client, text, TEXT));
	ask("answered");
}
ALSO_BY_SOCKETCALL
