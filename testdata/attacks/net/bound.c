/*
 * Laundering: what the tree has bound it may reach, so these make an outsider's socket look as if it were the tree's, or
 * the tree's as if nobody else could hear it. PORT and names are nobody's until a trick or the accomplice takes them.
 */
#include "net.h"

enum { PORT = 5555 };
static int on = 1;

static int bound(int type, const char *host, int port)
{
	struct address *a = inet(host, port);
	int fd = new_socket(a->any.sa_family, type, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	return fd;
}
static int listening(const char *host, int port)
{
	int fd = bound(SOCK_STREAM, host, port);
	DO(LISTEN(fd, 64));
	return fd;
}
static void call(const char *host, int port)
{
	struct address *a = inet(host, port);
	int fd = new_socket(a->any.sa_family, SOCK_STREAM, 0);
	DO(CONNECT(fd, a, a->len));
	DO(write(fd, text, TEXT));
	close(fd);
}
static void send_to(const char *host, int port)
{
	struct address *a = inet(host, port);
	int fd = new_socket(a->any.sa_family, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
	DO(SENDTO(fd, text, TEXT, 0, a, a->len));
	close(fd);
}

/* The port is given up, and an outsider takes it. */
TRICK(port_given_up, "build needs=owned to=127.0.0.1:5555")
{
	close(listening("127.0.0.1", PORT));
	ask("take tcp 127.0.0.1:%d", PORT);
	call("127.0.0.1", PORT);
}
TRICK(port_given_up_in_use, "build needs=owned sample to=127.0.0.1:5555")
{
	/* Used before it is given up. */
	int fd = listening("127.0.0.1", PORT);
	call("127.0.0.1", PORT);
	close(accept(fd, NULL, NULL));
	close(fd);
	ask("take tcp 127.0.0.1:%d", PORT);
	call("127.0.0.1", PORT);
}
TRICK(port_given_up_udp, "build needs=owned to=127.0.0.1:5555")
{
	close(bound(SOCK_DGRAM, "127.0.0.1", PORT));
	ask("take udp 127.0.0.1:%d", PORT);
	send_to("127.0.0.1", PORT);
}
TRICK(port_of_the_dead, "build needs=owned sample to=127.0.0.1:5555")
{
	IN_CHILD(pid)
	listening("127.0.0.1", PORT);
	ask("take tcp 127.0.0.1:%d", PORT);
	call("127.0.0.1", PORT);
}
TRICK(port_of_the_other_protocol, "build needs=owned to=127.0.0.1:5555")
{
	bound(SOCK_DGRAM, "127.0.0.1", PORT);
	ask("take tcp 127.0.0.1:%d", PORT);
	call("127.0.0.1", PORT);
}
TRICK(port_of_the_other_protocol_udp, "build needs=owned sample to=127.0.0.1:5555")
{
	listening("127.0.0.1", PORT);
	ask("take udp 127.0.0.1:%d", PORT);
	send_to("127.0.0.1", PORT);
}
TRICK(port_of_another_host, "build needs=owned sample to=127.0.0.2:5555")
{
	listening("127.0.0.1", PORT);
	ask("take tcp 127.0.0.2:%d", PORT);
	call("127.0.0.2", PORT);
}
TRICK(bound_and_not_listening, "build needs=owned sample to=127.0.0.1:5555")
{
	/* It is bound, and somebody else is called: with SO_REUSEPORT both may have it. */
	struct address *a = inet("127.0.0.1", PORT);
	ask("take tcp 127.0.0.1:%d shared", PORT);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	call("127.0.0.1", PORT);
}
/* Both may have it, and one of them is called. */
TRICK(port_shared, "build needs=owned to=127.0.0.1:5555")
{
	struct address *a = inet("127.0.0.1", PORT);
	ask("take tcp 127.0.0.1:%d shared", PORT);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 256));
	for (int i = 0; i < 100; i++)
		call("127.0.0.1", PORT);
}
TRICK(port_shared_udp, "build needs=owned to=127.0.0.1:5555")
{
	struct address *a = inet("127.0.0.1", PORT);
	ask("take udp 127.0.0.1:%d shared", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	for (int i = 0; i < 100; i++)
		send_to("127.0.0.1", PORT);
}
/* The tree has it for all hosts, an outsider for this one, and the narrower gets it. */
TRICK(port_of_all_hosts, "build needs=owned to=127.0.0.1:5555")
{
	struct address *a = inet("0.0.0.0", PORT);
	ask("take tcp 127.0.0.1:%d shared", PORT);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 64));
	call("127.0.0.1", PORT);
}
TRICK(port_of_all_hosts_udp, "build needs=owned to=127.0.0.1:5555")
{
	struct address *a = inet("0.0.0.0", PORT);
	ask("take udp 127.0.0.1:%d shared", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	send_to("127.0.0.1", PORT);
}
TRICK(port_of_all_hosts_taken_later, "build needs=owned sample to=127.0.0.1:5555")
{
	struct address *a = inet("0.0.0.0", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	send_to("127.0.0.1", PORT);
	ask("take udp 127.0.0.1:%d shared", PORT);
	send_to("127.0.0.1", PORT);
}
/* IPv6 alone says nothing about IPv4. */
TRICK(port_of_ipv6_alone, "build ipv6 needs=owned to=127.0.0.1:5555")
{
	struct address *a = inet("::", PORT);
	int fd = new_socket(AF_INET6, SOCK_STREAM, 0);
	DO(SETSOCKOPT(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 64));
	ask("take tcp 0.0.0.0:%d", PORT);
	call("127.0.0.1", PORT);
}
TRICK(port_of_ipv6_alone_mapped, "build ipv6 needs=owned sample to=127.0.0.1:5555")
{
	struct address *a = inet("::", PORT);
	int fd = new_socket(AF_INET6, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	ask("take udp 0.0.0.0:%d", PORT);
	send_to("::ffff:127.0.0.1", PORT);
}
TRICK(port_of_ipv4_alone, "build ipv6 needs=owned sample to=[::1]:5555")
{
	listening("0.0.0.0", PORT);
	ask("take tcp [::1]:%d", PORT);
	call("::1", PORT);
}
TRICK(port_of_a_connected_socket, "build needs=owned sample to=127.0.0.1:5555")
{
	/* A connected socket hears nobody but its peer; all others go to whoever has the port besides. */
	struct address *a = inet("127.0.0.1", PORT), *peer = inet("127.0.0.1", PORT + 1);
	bound(SOCK_DGRAM, "127.0.0.1", PORT + 1);
	ask("take udp 0.0.0.0:%d shared", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(CONNECT(fd, peer, peer->len));
	send_to("127.0.0.1", PORT);
}

/* Bound to a device, a socket hears only that; the loopback's is somebody else's. */
TRICK(port_of_a_device, "build refused needs=routing+owned sample to=127.0.0.1:5555")
{
	struct address *a = inet("0.0.0.0", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	if (SETSOCKOPT(fd, SOL_SOCKET, SO_BINDTODEVICE, "wire", 5) != 0)
		impossible("binding to a device needs root here");
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	ask("take udp 127.0.0.1:%d shared", PORT);
	send_to("127.0.0.1", PORT);
}

/* Addresses that can be bound, and are not of this machine alone: what is sent there goes out. */
TRICK(multicast_bound, "build needs=owned to=224.0.0.5:5555")
{
	bound(SOCK_DGRAM, "224.0.0.5", PORT);
	send_to("224.0.0.5", PORT);
}
TRICK(broadcast_bound, "build needs=owned to=10.77.0.255:5555")
{
	bound(SOCK_DGRAM, "10.77.0.255", PORT);
	send_to("10.77.0.255", PORT);
}
TRICK(everybody_bound, "build needs=owned sample to=255.255.255.255:5555")
{
	bound(SOCK_DGRAM, "255.255.255.255", PORT);
	send_to("255.255.255.255", PORT);
}
TRICK(multicast6_bound, "build ipv6 needs=owned sample to=[ff02::5%wire]:5555")
{
	bound(SOCK_DGRAM, "ff02::5%wire", PORT);
	send_to("ff02::5%wire", PORT);
}
TRICK(foreign_bound, "build needs=owned sample to=10.77.0.3:5555")
{
	/* An address that is not this machine's may be bound with IP_FREEBIND. */
	struct address *a = inet("10.77.0.3", PORT);
	int fd = new_socket(AF_INET, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	send_to("10.77.0.3", PORT);
}
TRICK(foreign_bound_stream, "build needs=owned sample to=10.77.0.3:5555")
{
	struct address *a = inet("10.77.0.3", PORT);
	int fd = new_socket(AF_INET, SOCK_STREAM, 0);
	DO(SETSOCKOPT(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on));
	DO(BIND(fd, a, a->len));
	DO(LISTEN(fd, 4));
	ask("take-far tcp 10.77.0.3:%d", PORT);
	call("10.77.0.3", PORT);
}

/* Unix names. */
static int named(int type, struct address *a)
{
	int fd = new_socket(AF_UNIX, type, 0);
	DO(BIND(fd, a, a->len));
	if (type != SOCK_DGRAM)
		DO(LISTEN(fd, 4));
	return fd;
}
static void call_unix(int type, struct address *a)
{
	int fd = new_socket(AF_UNIX, type, 0);
	DO(CONNECT(fd, a, a->len));
	DO(write(fd, text, TEXT));
}
TRICK(name_given_up, "build needs=owned to=abstract:nobody")
{
	close(named(SOCK_STREAM, abstract_name("nobody")));
	ask("take unix @nobody");
	call_unix(SOCK_STREAM, abstract_name("nobody"));
}
TRICK(name_of_another_type, "build needs=owned sample to=abstract:nobody")
{
	/* Names are one for all types (unix_find_abstract looks for the type as well). */
	named(SOCK_DGRAM, abstract_name("nobod"));
	ask("take unix @nobody");
	call_unix(SOCK_STREAM, abstract_name("nobody"));
}
TRICK(path_given_up, "build needs=owned to=unix:ALLOW/own.sock")
{
	close(named(SOCK_STREAM, unix_path("own.sock")));
	DO(unlink("own.sock"));
	ask("take unix %s", A("own.sock"));
	call_unix(SOCK_STREAM, unix_path("own.sock"));
}
TRICK(path_replaced_by_link, "build needs=owned to=unix:VICTIM/stream")
{
	named(SOCK_STREAM, unix_path("own.sock"));
	DO(rename("own.sock", "kept.sock"));
	DO(symlink(V("stream"), "own.sock"));
	call_unix(SOCK_STREAM, unix_path("own.sock"));
}
TRICK(path_replaced, "build needs=owned sample to=unix:ALLOW/own.sock")
{
	/* The socket that is bound to the name is still open; the name leads elsewhere. */
	named(SOCK_DGRAM, unix_path("own.sock"));
	DO(unlink("own.sock"));
	ask("take unix-dgram %s", A("own.sock"));
	call_unix(SOCK_DGRAM, unix_path("own.sock"));
}
ALSO_BY_SOCKETCALL
