/*
 * loop tcp|udp|connected N: talks to itself on the loopback, N times: a request with a connection of its own each, a
 * datagram with an address and back, a datagram without one. A server in another process answers.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char request[] = "GET / HTTP/1.0\r\n\r\n", answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void must(long r, const char *what)
{
	if (r >= 0)
		return;
	perror(what);
	exit(1);
}
static void serve(int s, int type)
{
	char buf[256];
	struct sockaddr_in from;
	for (;;) {
		socklen_t len = sizeof from;
		if (type == SOCK_STREAM) {
			int c = accept(s, NULL, NULL);
			must(c, "accept");
			must(recv(c, buf, sizeof buf, 0), "receive a request");
			must(send(c, answer, sizeof answer, MSG_NOSIGNAL), "answer");
			close(c);
		} else {
			long n = recvfrom(s, buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
			must(n, "receive");
			must(sendto(s, buf, n, 0, (struct sockaddr *)&from, len), "answer");
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int type = strcmp(argv[1], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM, connected = strcmp(argv[1], "connected") == 0;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof a;
	int s = socket(AF_INET, type, 0);
	must(bind(s, (struct sockaddr *)&a, len), "bind");
	if (type == SOCK_STREAM)
		must(listen(s, 64), "listen");
	must(getsockname(s, (struct sockaddr *)&a, &len), "getsockname");
	pid_t pid = fork();
	must(pid, "fork");
	if (pid == 0)
		serve(s, type);
	int fd = socket(AF_INET, type, 0);
	if (connected)
		must(connect(fd, (struct sockaddr *)&a, len), "connect");
	char buf[256];
	for (int i = atoi(argv[2]); i > 0; i--)
		if (type == SOCK_STREAM) {
			int c = socket(AF_INET, SOCK_STREAM, 0);
			must(connect(c, (struct sockaddr *)&a, len), "connect");
			must(send(c, request, sizeof request, 0), "ask");
			while (recv(c, buf, sizeof buf, 0) > 0)
				;
			close(c);
		} else {
			must(connected ? send(fd, "ping", 4, 0) : sendto(fd, "ping", 4, 0, (struct sockaddr *)&a, len), "send");
			must(recv(fd, buf, sizeof buf, 0), "receive");
		}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
