/* reach_sockets.c - reaches for sockets outside and for its own, and prints the errno of each attempt:
 * reach_sockets PORT NAME PATH PATH
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int say(const char *what, int failed)
{
	printf("%s %d\n", what, failed ? errno : 0);
	return 0;
}

static int tcp(const char *host, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, host, &a.sin_addr);
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a);
}

static struct sockaddr_un at(const char *name, int abstract, socklen_t *len)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	strncpy(a.sun_path + abstract, name, sizeof a.sun_path - 2);
	*len = offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name) + !abstract;
	return a;
}

static int local(const char *name, int abstract)
{
	socklen_t len;
	struct sockaddr_un a = at(name, abstract, &len);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, len);
}

static int serve(const char *name, int abstract)
{
	socklen_t len;
	struct sockaddr_un a = at(name, abstract, &len);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&a, len) || listen(fd, 1);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char own[100];

	if (argc != 5)
		return 2;
	say("tcp", tcp("127.0.0.1", atoi(argv[1])));
	say("name", local(argv[2], 1));
	say("open", local(argv[3], 0));
	say("shut", local(argv[4], 0));
	say("far", tcp("192.0.2.1", 80));
	say("own-tcp", bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&a, &len) || tcp("127.0.0.1", ntohs(a.sin_port)));
	snprintf(own, sizeof own, "%s-own", argv[2]);
	say("own-name", serve(own, 1) || local(own, 1));
	unlink("own.socket");
	say("own-path", serve("own.socket", 0) || local("own.socket", 0));
	unlink("own.socket");
	return 0;
}
