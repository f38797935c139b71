/*
 * The other direction: to be called by somebody outside. The accomplice at far tries the address that it is told, and says
 * whether it got in. Under `bind` only the loopback may be bound; under `local` any address, and nobody outside may be
 * heard there.
 */
#include "net.h"
#include <linux/filter.h>

enum { PORT = 5555 };
static int on = 1;

static int stream_at(const char *host, int port)
{
	struct address *a = inet(host, port);
	int fd = new_socket(a->any.sa_family, SOCK_STREAM, 0);
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 16));
	return fd;
}
/* Whoever gets in is told, as a judge who only saw a handshake would not know by whom. */
static void admit(int fd, const char *host)
{
	DO(fcntl(fd, F_SETFL, O_NONBLOCK));
	ask("probe tcp %s:%d", host, port_of(fd));
}
static int dgram_at(const char *host, int port)
{
	struct address *a = inet(host, port);
	int fd = new_socket(a->any.sa_family, SOCK_DGRAM, 0);
	DO(BIND(fd, a, a->len));
	return fd;
}
static void hear(int fd, const char *host)
{
	char buf[64];
	DO(fcntl(fd, F_SETFL, O_NONBLOCK));
	ask("probe udp %s:%d", host, port_of(fd));
	DO(recv(fd, buf, sizeof buf, 0));
	close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644)));
}

TRICK(wildcard, "bind local to=0.0.0.0:5555") { admit(stream_at("0.0.0.0", PORT), "10.77.0.1"); }
TRICK(wildcard6, "bind local ipv6 to=[::]:5555") { admit(stream_at("::", PORT), "[fd77::1]"); }
TRICK(wildcard6_by_ipv4, "bind local ipv6 sample to=[::]:5555") { admit(stream_at("::", PORT), "10.77.0.1"); }
TRICK(wildcard_any_port, "bind local sample") { admit(stream_at("0.0.0.0", 0), "10.77.0.1"); }
TRICK(address, "bind local to=10.77.0.1:5555") { admit(stream_at("10.77.0.1", PORT), "10.77.0.1"); }
TRICK(address6, "bind local ipv6 sample to=[fd77::1]:5555") { admit(stream_at("fd77::1", PORT), "[fd77::1]"); }
TRICK(address_mapped, "bind local ipv6 sample to=10.77.0.1:5555") { admit(stream_at("::ffff:10.77.0.1", PORT), "10.77.0.1"); }
TRICK(address_scoped, "bind local ipv6 sample to=[fe80::1%wire]:5555")
{
	admit(stream_at("fe80::1%wire", PORT), "[fe80::1%%wire]");
}
TRICK(listen_alone, "bind local")
{
	/* The kernel picks a port, on every address. */
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(LISTEN(fd, 16));
	admit(fd, "10.77.0.1");
}
TRICK(listen_alone6, "bind local ipv6 sample")
{
	int fd = new_socket(AF_INET6, SOCK_STREAM, 0);
	DO(LISTEN(fd, 16));
	admit(fd, "[fd77::1]");
}
TRICK(listen_after_dup, "bind local sample")
{
	int fd = dup2(new_socket(AF_INET, SOCK_STREAM, 0), 200);
	DO(LISTEN(fd, 16));
	admit(fd, "10.77.0.1");
}
TRICK(unspec, "bind local sample to=0.0.0.0:5555")
{
	/* An address of IPv4 without a family is one if it is the wildcard (inet_bind). */
	struct address *a = inet("0.0.0.0", PORT);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	a->any.sa_family = AF_UNSPEC;
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 16));
	admit(fd, "10.77.0.1");
}
TRICK(no_port_yet, "bind local sample")
{
	struct address *a = inet("0.0.0.0", 0);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(SETSOCKOPT(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 16));
	admit(fd, "10.77.0.1");
}
TRICK(rebound_by_dissolving, "bind local sample")
{
	/* Connected from the loopback, dissolved, and listening on every address. */
	static struct address nobody = {.any = {AF_UNSPEC}, .len = 16};
	int server = stream_at("127.0.0.1", PORT), fd = new_socket(AF_INET, SOCK_STREAM, 0);
	struct address *a = inet("127.0.0.1", PORT);
	DO(CONNECT(fd, a, a->len));
	DO(CONNECT(fd, &nobody, nobody.len));
	DO(LISTEN(fd, 16));
	close(server);
	admit(fd, "10.77.0.1");
}
TRICK(dgram_wildcard, "bind local to=0.0.0.0:5555") { hear(dgram_at("0.0.0.0", PORT), "10.77.0.1"); }
TRICK(dgram_wildcard6, "bind local ipv6 sample to=[::]:5555") { hear(dgram_at("::", PORT), "[fd77::1]"); }
TRICK(dgram_address, "bind local sample to=10.77.0.1:5555") { hear(dgram_at("10.77.0.1", PORT), "10.77.0.1"); }
TRICK(dgram_any_port, "bind sample") { hear(dgram_at("0.0.0.0", 0), "10.77.0.1"); }
/* Whoever may reach somebody outside asks from such a port, and hears the answer. Nobody else does. */
TRICK(dgram_any_port_of_builds, "build silent sample") { hear(dgram_at("0.0.0.0", 0), "10.77.0.1"); }
TRICK(wildcard_of_builds, "build silent") { admit(stream_at("0.0.0.0", PORT), "10.77.0.1"); }
TRICK(dgram_dissolved, "bind local sample to=0.0.0.0:5555")
{
	/* Dissolving a connection takes a socket off its interface, and a filter of its own keeps another away. */
	static struct address nobody = {.any = {AF_UNSPEC}, .len = 16};
	static struct sock_filter all = {BPF_RET | BPF_K, 0, 0, 0xffffffff};
	static struct sock_fprog program = {1, &all};
	struct address *a = inet("0.0.0.0", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	SETSOCKOPT(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
	SETSOCKOPT(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on);
	DO(BIND(fd, a, a->len));
	DO(CONNECT(fd, &nobody, nobody.len));
	hear(fd, "10.77.0.1");
}
TRICK(dgram_multicast, "bind local sample to=224.0.0.77:5555")
{
	int fd = dgram_at("224.0.0.77", PORT);
	struct ip_mreqn group = {.imr_ifindex = if_nametoindex("wire")};
	inet_pton(AF_INET, "224.0.0.77", &group.imr_multiaddr);
	DO(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
	hear(fd, "224.0.0.77");
}
TRICK(dgram_sends_first, "build silent")
{
	/* Sending binds it: to a port of every address. Who may reach somebody outside has to hear what that answers. */
	struct address *a = inet("127.0.0.1", PORT);
	dgram_at("127.0.0.1", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(SENDTO(fd, text, TEXT, 0, a, a->len));
	hear(fd, "10.77.0.1");
}
TRICK(dgram_sends_first6, "build ipv6 silent sample")
{
	struct address *a = inet("::1", PORT);
	dgram_at("::1", PORT);
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0);
	DO(SENDTO(fd, text, TEXT, 0, a, a->len));
	hear(fd, "[fd77::1]");
}
TRICK(dgram_connects_first, "build silent sample")
{
	static struct address nobody = {.any = {AF_UNSPEC}, .len = 16};
	struct address *a = inet("127.0.0.1", PORT), *any = inet("0.0.0.0", PORT + 1);
	dgram_at("127.0.0.1", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(CONNECT(fd, a, a->len));
	DO(CONNECT(fd, &nobody, nobody.len));
	DO(SENDTO(fd, text, TEXT, 0, a, a->len));
	hear(fd, "10.77.0.1");
}

/* What keeps a socket to the machine is a filter on it: another one, or none. */
static struct sock_filter everything[] = {{BPF_RET | BPF_K, 0, 0, 0xffffffff}};
static struct {
	unsigned short len;
	word filter;
} accept_all;
static long attach(int fd)
{
	accept_all.len = 1;
	accept_all.filter = W(everything);
	return SETSOCKOPT(fd, SOL_SOCKET, SO_ATTACH_FILTER, &accept_all, sizeof accept_all);
}
static void must_attach(int fd)
{
	if (attach(fd) != 0 && errno == EPERM)
		impossible("filters on sockets take privileges here");
}
TRICK(filter_locked_before, "local")
{
	struct address *a = inet("0.0.0.0", PORT);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	must_attach(fd);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 16));
	admit(fd, "10.77.0.1");
}
TRICK(filter_locked_before_listening, "local")
{
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	must_attach(fd);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on));
	DO(LISTEN(fd, 16));
	admit(fd, "10.77.0.1");
}
TRICK(filter_replaced, "local silent needs=muffled")
{
	int fd = stream_at("0.0.0.0", PORT);
	attach(fd);
	admit(fd, "10.77.0.1");
}
TRICK(filter_removed, "local silent needs=muffled")
{
	int fd = stream_at("0.0.0.0", PORT);
	SETSOCKOPT(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on);
	admit(fd, "10.77.0.1");
}
TRICK(filter_replaced_udp, "local silent needs=muffled sample")
{
	int fd = dgram_at("0.0.0.0", PORT);
	attach(fd);
	hear(fd, "10.77.0.1");
}
TRICK(filter_unlocked, "local silent needs=muffled sample")
{
	static int off = 0;
	int fd = stream_at("0.0.0.0", PORT);
	SETSOCKOPT(fd, SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof off);
	attach(fd);
	admit(fd, "10.77.0.1");
}
ALSO_BY_SOCKETCALL
