/* net.h - what victims share that talk to themselves by the network. */
#ifndef NET_H
#define NET_H
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage room;
};

__attribute__((unused)) static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->in : sizeof a->in6;
}
__attribute__((unused)) static union address host(const char *text, int port)
{
	union address a;
	memset(&a, 0, sizeof a);
	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons(port);
	} else {
		MUST(inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1);
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(port);
	}
	return a;
}
__attribute__((unused)) static int port_of(int fd)
{
	union address a;
	socklen_t len = sizeof a;
	MUST(getsockname(fd, &a.any, &len) == 0);
	return ntohs(a.in.sin_port);
}
/* A socket of its own on any free port. */
__attribute__((unused)) static int bound(int type, const char *where)
{
	union address a = host(where, 0);
	int fd = socket(a.any.sa_family, type, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		not_applicable("no IPv6");
	MUST(fd >= 0);
	if (bind(fd, &a.any, size_of(&a)) != 0 && errno == EADDRNOTAVAIL)
		not_applicable("the loopback has no such address");
	MUST(port_of(fd) != 0);
	return fd;
}
__attribute__((unused)) static int listening(const char *where)
{
	int fd = bound(SOCK_STREAM, where);
	MUST(listen(fd, 256) == 0);
	return fd;
}
/* A port of the loopback that nobody listens on: a socket that hears only itself keeps others from it. */
__attribute__((unused)) static int free_port(int type)
{
	int fd = bound(type, "127.0.0.1"), port = port_of(fd);
	union address a = host("127.0.0.1", port);
	if (type == SOCK_DGRAM)
		MUST(connect(fd, &a.any, sizeof a.in) == 0);
	return port;
}
/* Waits until the other end's going is known. */
__attribute__((unused)) static void hung_up(int fd)
{
	struct pollfd p = {fd, 0};
	IS(poll(&p, 1, PATIENCE_MS), 1);
}
__attribute__((unused)) static int call(const char *where, int port)
{
	union address a = host(where, port);
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	MUST(fd >= 0);
	IS(connect(fd, &a.any, size_of(&a)), 0);
	return fd;
}
#endif
