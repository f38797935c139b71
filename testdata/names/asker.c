/* asker HOW RESOLVER NAME [PORT [PREFIX]]: asks RESOLVER (IPv4, port 53) for the address of NAME in one of the ways in
 * which programs do, prints what it is told, and then connects to that at PORT, and says how that went.
 * sandbox/names_net_test.go runs it, honest and not: see the table at the end.
 *
 * variants: dynamic m32 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name;
static struct sockaddr_in resolver;

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

/* A query for the records of NAME, after room for its length. */
static unsigned char query[600];
static int query_len;

static void make_query(int type)
{
	unsigned char *p = query + 2;
	memcpy(p, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
	p += 12;
	for (const char *label = name; *label;) {
		int n = strcspn(label, ".");
		*p++ = n;
		memcpy(p, label, n);
		p += n;
		label += n + (label[n] == '.');
	}
	memcpy(p, (unsigned char[]){0, 0, type, 0, 1}, 5);
	query_len = p + 5 - (query + 2);
	query[0] = query_len >> 8;
	query[1] = query_len;
}

/* The address in an answer is its last four bytes, as our servers send no other records behind it. */
static struct in_addr answer(const unsigned char *msg, int n)
{
	struct in_addr ip = {0};
	if (n < 16 || (msg[3] & 15) || !(msg[6] | msg[7])) {
		printf("no answer\n");
		exit(1);
	}
	memcpy(&ip, msg + n - 4, 4);
	return ip;
}

static int udp(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		fail("socket");
	return s;
}

static void connect_to_resolver(int s)
{
	if (connect(s, (void *)&resolver, sizeof resolver) < 0)
		fail("connect to the resolver");
}

static void await(int s)
{
	struct pollfd p = {.fd = s, .events = POLLIN};
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

static unsigned char reply[65536];

static struct in_addr got(int n)
{
	if (n < 0)
		fail("receive");
	return answer(reply, n);
}

/* The manner of glibc: connect, send, poll, receive. */
static struct in_addr by_send(void)
{
	int s = udp();
	connect_to_resolver(s);
	if (send(s, query + 2, query_len, MSG_NOSIGNAL) < 0)
		fail("send");
	await(s);
	int n = recvfrom(s, reply, sizeof reply, 0, NULL, NULL);
	close(s);
	return got(n);
}

/* Two questions in one call. */
static struct in_addr by_sendmmsg(void)
{
	int s = udp();
	connect_to_resolver(s);
	struct iovec iov = {query + 2, query_len};
	struct msghdr one = {.msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr list[2] = {{.msg_hdr = one}, {.msg_hdr = one}};
	if (sendmmsg(s, list, 2, MSG_NOSIGNAL) < 0)
		fail("sendmmsg");
	struct iovec into = {reply, sizeof reply};
	struct msghdr msg = {.msg_iov = &into, .msg_iovlen = 1};
	await(s);
	return got(recvmsg(s, &msg, 0));
}

/* The manner of Go and others: plain reads and writes. */
static struct in_addr by_write(void)
{
	int s = udp();
	connect_to_resolver(s);
	struct iovec parts[2] = {{query + 2, 5}, {query + 7, query_len - 5}};
	if (writev(s, parts, 2) < 0)
		fail("writev");
	await(s);
	return got(read(s, reply, sizeof reply));
}

/* The manner of musl and busybox: not connected. */
static struct in_addr by_sendto(void)
{
	int s = udp();
	if (sendto(s, query + 2, query_len, 0, (void *)&resolver, sizeof resolver) < 0)
		fail("sendto");
	await(s);
	return got(recvfrom(s, reply, sizeof reply, 0, NULL, NULL));
}

/* Who waits in the receiving call itself. */
static struct in_addr by_waiting(void)
{
	int s = udp();
	connect_to_resolver(s);
	if (send(s, query + 2, query_len, 0) < 0)
		fail("send");
	return got(recv(s, reply, sizeof reply, 0));
}

static void read_all(int s, unsigned char *to, int n)
{
	for (int have = 0, m; have < n; have += m)
		if ((m = read(s, to + have, n - have)) <= 0)
			fail("read");
}

static int tcp(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0)
		fail("socket");
	connect_to_resolver(s);
	if (write(s, query, query_len + 2) < 0)
		fail("write");
	return s;
}

/* By TCP, the length first. */
static struct in_addr by_tcp(void)
{
	int s = tcp();
	read_all(s, reply, 2);
	int n = reply[0] << 8 | reply[1];
	read_all(s, reply, n);
	return got(n);
}

/* One thread connects, another one asks. */
static void *ask_and_receive(void *arg)
{
	int s = *(int *)arg;
	if (send(s, query + 2, query_len, MSG_NOSIGNAL) < 0)
		fail("send");
	await(s);
	return (void *)(long)recv(s, reply, sizeof reply, 0);
}

static struct in_addr by_threads(void)
{
	int s = udp();
	pthread_t thread;
	void *n;
	connect_to_resolver(s);
	pthread_create(&thread, NULL, ask_and_receive, &s);
	pthread_join(thread, &n);
	return got((long)n);
}

/* By the C library. */
static struct in_addr by_library(void)
{
	/* getaddrinfo is in netdb.h, which a static program should not use. */
	static char command[512];
	snprintf(command, sizeof command, "getent ahostsv4 %s", name);
	FILE *f = popen(command, "r");
	char line[64] = "";
	struct in_addr ip;
	if (!f || !fgets(line, sizeof line, f) || !inet_aton(strtok(line, " "), &ip)) {
		printf("no answer\n");
		exit(1);
	}
	pclose(f);
	return ip;
}

/* By systemd-resolved, in the manner of nss-resolve. */
static struct in_addr by_varlink(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/resolve/io.systemd.Resolve"};
	struct in_addr ip = {0};
	unsigned b[4];
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(s, (void *)&to, sizeof to) < 0)
		fail("connect to systemd-resolved");
	dprintf(s, "{\"method\":\"io.systemd.Resolve.ResolveHostname\",\"parameters\":{\"name\":\"%s\"}}%c", name, 0);
	await(s);
	if (read(s, reply, sizeof reply - 1) <= 0)
		fail("read");
	char *at = strstr((char *)reply, "\"address\":[");
	if (at && sscanf(at, "\"address\":[%u,%u,%u,%u]", b, b + 1, b + 2, b + 3) == 4)
		ip.s_addr = htonl(b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
	return ip;
}

/* It only connects, and leaves it at that. */
static struct in_addr by_no_question(void)
{
	connect_to_resolver(udp());
	printf("nothing asked\n");
	exit(0);
}

/* It asks for what it can name no resolver to be asked for. */
static struct in_addr by_nonsense(void)
{
	int s = udp();
	connect_to_resolver(s);
	if (write(s, "\x1b[2Jhello, terminal", 20) < 0)
		fail("write");
	printf("sent\n");
	exit(0);
}

/* ---- From here on they lie: each wants NAME to have the address LIE. ---- */

static struct in_addr lie;

/* An answer that says so, to the question in reply. */
static int forge(unsigned char *msg, int n)
{
	msg[2] |= 0x80;
	msg[7] = 1;
	memcpy(msg + n, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04", 12);
	memcpy(msg + n + 12, &lie, 4);
	return n + 16;
}

/* A resolver of its own, wherever RESOLVER says. */
static struct in_addr by_own_resolver(void)
{
	int server = udp(), pipefd[2];
	char c;
	if (bind(server, (void *)&resolver, sizeof resolver) < 0)
		fail("bind");
	if (pipe(pipefd) < 0)
		fail("pipe");
	if (fork() == 0) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;
		int n = recvfrom(server, reply, 512, 0, (void *)&from, &len);
		n = forge(reply, n);
		sendto(server, reply, n, 0, (void *)&from, len);
		/* Gone before anybody could look who it was that answered. */
		close(server);
		_exit(write(pipefd[1], "x", 1) != 1);
	}
	close(server);
	int s = udp();
	connect_to_resolver(s);
	if (write(s, query + 2, query_len) < 0)
		fail("write");
	if (read(pipefd[0], &c, 1) != 1)
		fail("read");
	return got(recv(s, reply, sizeof reply, 0));
}

/* An answer from somebody else than who was asked. */
static struct in_addr by_spoofing(void)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	socklen_t len = sizeof own;
	int s = udp(), other = udp();
	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(s, (void *)&own, sizeof own) < 0 || getsockname(s, (void *)&own, &len) < 0)
		fail("bind");
	if (sendto(s, query + 2, query_len, 0, (void *)&resolver, sizeof resolver) < 0)
		fail("sendto");
	int n = query_len;
	unsigned char msg[700];
	memcpy(msg, query + 2, n);
	n = forge(msg, n);
	/* Many, so that one of them is looked at whatever else comes. */
	for (int i = 0; i < 3; i++)
		if (sendto(other, msg, n, 0, (void *)&own, len) < 0)
			fail("sendto");
	for (int i = 0; i < 4; i++) {
		await(s);
		got(recv(s, reply, sizeof reply, 0));
	}
	return lie;
}

/* What was received is changed before anybody could look at it: another thread writes into the buffer all the time. */
static void *scribble(void *arg)
{
	static unsigned char msg[700];
	memcpy(msg, query + 2, query_len);
	int n = forge(msg, query_len);
	for (;;) {
		memcpy(reply, msg, n);
		__asm__ volatile("" ::: "memory");
	}
	return arg;
}

static struct in_addr by_scribbling(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, scribble, NULL);
	for (int i = 0; i < 20; i++)
		by_waiting();
	return lie;
}

/* The resolver's answer holds, in a text, what looks like another one: seen from there on it is. */
static struct in_addr by_peeking_within(void)
{
	int s = udp(), off;
	connect_to_resolver(s);
	make_query(16); /* TXT */
	if (send(s, query + 2, query_len, 0) < 0)
		fail("send");
	await(s);
	int n = recv(s, reply, sizeof reply, MSG_PEEK);
	for (off = 12; off < n - 12 && memcmp(reply + off, "\x12\x34\x81\x80", 4); off++)
		;
	for (int i = 0; i < 50; i++) {
		setsockopt(s, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
		recv(s, reply, 1, MSG_PEEK);
	}
	read(s, reply, sizeof reply);
	return lie;
}

static struct in_addr by_reading_within(void)
{
	make_query(16);
	int s = tcp();
	/* Up to that text: the length, the question, a record's head with a name of two bytes, the length of the text. */
	read_all(s, reply, 2 + query_len + 12 + 1);
	if (read(s, reply, sizeof reply) < 12 || memcmp(reply, "\x12\x34\x81\x80", 4))
		fail("the text is elsewhere");
	return lie;
}

static const struct {
	const char *how;
	struct in_addr (*ask)(void);
} ways[] = {
	{"send", by_send}, {"sendmmsg", by_sendmmsg}, {"write", by_write}, {"sendto", by_sendto}, {"waiting", by_waiting},
	{"tcp", by_tcp}, {"threads", by_threads}, {"library", by_library}, {"no-question", by_no_question},
	{"nonsense", by_nonsense}, {"varlink", by_varlink},

	{"own-resolver", by_own_resolver}, {"spoofing", by_spoofing}, {"scribbling", by_scribbling},
	{"peeking-within", by_peeking_within}, {"reading-within", by_reading_within},
};

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	resolver.sin_family = AF_INET;
	resolver.sin_port = htons(53);
	inet_aton(argv[2], &resolver.sin_addr);
	name = argv[3];
	if (argc > 5)
		inet_aton(argv[5], &lie);
	make_query(1);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (strcmp(ways[i].how, argv[1]))
			continue;
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = ways[i].ask()};
		printf("answer: %s\n", inet_ntoa(to.sin_addr));
		if (argc < 5)
			return 0;
		to.sin_port = htons(atoi(argv[4]));
		int s = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(s, (void *)&to, sizeof to) < 0)
			fail("connect");
		printf("connected\n");
		return 0;
	}
	return 2;
}
