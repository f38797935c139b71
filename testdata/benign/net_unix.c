/* Unix sockets of the tree: names of every kind, credentials, descriptors, and how connecting fails. */
/* variants: static m32 */
#include "net.h"
#include <grp.h>

static socklen_t named(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	size_t n = strlen(path);
	memcpy(a->sun_path, path, n);
	return offsetof(struct sockaddr_un, sun_path) + n + (n < sizeof a->sun_path);
}
static socklen_t abstract(struct sockaddr_un *a, const char *name, size_t n)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path + 1, name, n);
	return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}
static int server(int type, struct sockaddr_un *a, socklen_t len)
{
	int fd = socket(AF_UNIX, type, 0);
	IS(bind(fd, (struct sockaddr *)a, len), 0);
	if (type != SOCK_DGRAM)
		IS(listen(fd, 8), 0);
	return fd;
}
static void talk(int type, struct sockaddr_un *a, socklen_t len, int listener)
{
	char buf[8] = "";
	int fd = socket(AF_UNIX, type, 0), conn = listener;
	IS(connect(fd, (struct sockaddr *)a, len), 0);
	if (type != SOCK_DGRAM)
		conn = accept(listener, NULL, NULL);
	IS(send(fd, "ping", 4, 0), 4);
	IS(recv(conn, buf, 8, 0), 4);
	if (type != SOCK_DGRAM)
		close(conn);
	close(fd);
}

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static void by_path(void)
{
	mkdir("dir", 0755);
	mkdir("dir/sub", 0755);
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un a;
		char name[32], path[64];
		sprintf(name, "dir/s%d", i);
		socklen_t len = named(&a, name);
		int s = server(types[i], &a, len);
		talk(types[i], &a, len, s);
		unlink("link");
		symlink(name, "link");
		talk(types[i], &a, named(&a, "link"), s);
		sprintf(path, "./dir/../%s", name);
		talk(types[i], &a, named(&a, path), s);
		int dir = open("dir", O_PATH | O_DIRECTORY);
		sprintf(path, "/proc/self/fd/%d/s%d", dir, i);
		talk(types[i], &a, named(&a, path), s);
		MUST(chdir("dir/sub") == 0);
		sprintf(path, "../s%d", i);
		talk(types[i], &a, named(&a, path), s);
		MUST(chdir("../..") == 0);
		/* Of whom it is connected to, the name is what that was bound to. */
		struct sockaddr_un peer;
		int fd = socket(AF_UNIX, types[i], 0);
		IS(connect(fd, (struct sockaddr *)&a, named(&a, "link")), 0);
		len = sizeof peer;
		IS(getpeername(fd, (struct sockaddr *)&peer, &len), 0);
		printf("peer %s, %d bytes\n", peer.sun_path, (int)len);
		close(fd);
		/* Moved and linked it is still the same. */
		rename(name, "moved");
		IS(link("moved", name), 0);
		talk(types[i], &a, named(&a, "moved"), types[i] == SOCK_DGRAM ? s : (close(accept(s, NULL, NULL)), s));
		close(dir);
		close(s);
		unlink("moved");
	}
}

static void by_name(void)
{
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un a;
		char name[64];
		int n = sprintf(name, "sydbox-benign-%s-%d", unique(), i);
		name[5] = 0; /* a NUL is a byte like any other */
		socklen_t len = abstract(&a, name, n);
		int s = server(types[i], &a, len);
		talk(types[i], &a, len, s);
		/* Another length is another name. */
		int fd = socket(AF_UNIX, types[i], 0);
		FAILS(connect(fd, (struct sockaddr *)&a, len - 1), ECONNREFUSED);
		FAILS(connect(fd, (struct sockaddr *)&a, len + 1), ECONNREFUSED);
		FAILS(bind(fd, (struct sockaddr *)&a, len), EADDRINUSE);
		close(s);
		FAILS(connect(fd, (struct sockaddr *)&a, len), ECONNREFUSED);
		/* A name that the kernel makes up. */
		int made = socket(AF_UNIX, types[i], 0);
		IS(bind(made, (struct sockaddr *)&a, sizeof a.sun_family), 0);
		len = sizeof a;
		IS(getsockname(made, (struct sockaddr *)&a, &len), 0);
		IS(len, offsetof(struct sockaddr_un, sun_path) + 6);
		if (types[i] != SOCK_DGRAM)
			IS(listen(made, 1), 0);
		talk(types[i], &a, len, made);
	}
}

static void fails(void)
{
	struct sockaddr_un a, b;
	socklen_t len = named(&a, "stream.sock");
	int s = server(SOCK_STREAM, &a, len), fd = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
	FAILS(connect(d, (struct sockaddr *)&a, len), EPROTOTYPE);
	FAILS(sendto(d, "x", 1, 0, (struct sockaddr *)&a, len), EPROTOTYPE);
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "none")), ENOENT);
	FAILS(sendto(d, "x", 1, 0, (struct sockaddr *)&b, named(&b, "none")), ENOENT);
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "none/none")), ENOENT);
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "stream.sock/x")), ENOTDIR);
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "stream.sock/")), ENOTDIR);
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, ".")), ECONNREFUSED);
	put("file", "x");
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "file")), ECONNREFUSED);
	symlink("loop", "loop");
	FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "loop")), ELOOP);
	FAILS(connect(fd, (struct sockaddr *)&a, 1), EINVAL);
	FAILS(connect(fd, (struct sockaddr *)&a, sizeof a + 1), EINVAL);
	FAILS(connect(fd, (struct sockaddr *)8, len), EFAULT);
	a.sun_family = AF_INET;
	FAILS(connect(fd, (struct sockaddr *)&a, len), EINVAL);
	a.sun_family = AF_UNIX;
	FAILS(connect(999, (struct sockaddr *)&a, len), EBADF);
	FAILS(listen(d, 1), EOPNOTSUPP);
	FAILS(listen(fd, 1), EINVAL);
	FAILS(send(d, "x", 1, 0), ENOTCONN);
	FAILS(send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
	IS(connect(fd, (struct sockaddr *)&a, len), 0);
	FAILS(connect(fd, (struct sockaddr *)&a, len), EISCONN);
	FAILS(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, len), EISCONN);
	close(accept(s, NULL, NULL));
	FAILS(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
	/* It may not be written. */
	if (getuid() != 0) {
		chmod("stream.sock", 0);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		FAILS(connect(fd, (struct sockaddr *)&a, len), EACCES);
		chmod("stream.sock", 0600);
		mkdir("shut", 0);
		FAILS(connect(fd, (struct sockaddr *)&b, named(&b, "shut/sock")), EACCES);
	}
	/* Its owner has gone. */
	close(s);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FAILS(connect(fd, (struct sockaddr *)&a, len), ECONNREFUSED);
	unlink("stream.sock");
	FAILS(connect(fd, (struct sockaddr *)&a, len), ENOENT);
}

/* As D-Bus does it: whoever calls sends one byte with its credentials, and the server compares. */
static void credentials(void)
{
	struct sockaddr_un a;
	socklen_t len = named(&a, "bus");
	int s = server(SOCK_STREAM, &a, len), on = 1;
	IS(setsockopt(s, SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&a, len) != 0)
			_exit(1);
		struct ucred own = {getpid(), getuid(), getgid()};
		char room[CMSG_SPACE(sizeof own)] = "", zero = 0;
		struct iovec iov = {&zero, 1};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_CREDENTIALS, c->cmsg_len = CMSG_LEN(sizeof own);
		memcpy(CMSG_DATA(c), &own, sizeof own);
		if (sendmsg(fd, &m, 0) != 1)
			_exit(2);
		char buf[4];
		_exit(recv(fd, buf, 2, MSG_WAITALL) == 2 ? 0 : 3);
	}
	int conn = accept(s, NULL, NULL);
	struct ucred peer;
	socklen_t plen = sizeof peer;
	IS(getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &peer, &plen), 0);
	CHECK(peer.uid == geteuid() && peer.gid == getegid());
	char room[CMSG_SPACE(sizeof peer)] = "", byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	IS(recvmsg(conn, &m, 0), 1);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_type == SCM_CREDENTIALS);
	memcpy(&peer, CMSG_DATA(c), sizeof peer);
	CHECK(peer.uid == getuid() && peer.gid == getgid());
	IS(send(conn, "OK", 2, 0), 2);
	IS(exited(pid), 0);
	/* Who forges another's is told. */
	if (getuid() != 0) {
		int pair[2];
		MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
		struct ucred other = {getpid(), 0, 0};
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_CREDENTIALS, c->cmsg_len = CMSG_LEN(sizeof other);
		memcpy(CMSG_DATA(c), &other, sizeof other);
		/* EINVAL where 0 is nobody's number (user_namespaces(7)). */
		CHECK(sendmsg(pair[0], &m, 0) == -1 && (errno == EPERM || errno == EINVAL));
	}
	if (getuid() == 0) {
		/* Root that is somebody else for the moment. */
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		chmod("bus", 0777);
		MUST(setegid(65534) == 0 && seteuid(65534) == 0);
		IS(connect(fd, (struct sockaddr *)&a, len), 0);
		MUST(seteuid(0) == 0 && setegid(0) == 0);
		conn = accept(s, NULL, NULL);
		IS(getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &peer, &plen), 0);
		printf("peer is %d:%d\n", (int)peer.uid, (int)peer.gid);
	}
}

/* Descriptors, to a name. */
static void descriptors(void)
{
	struct sockaddr_un a;
	socklen_t len = named(&a, "takes");
	int s = server(SOCK_DGRAM, &a, len), fd = socket(AF_UNIX, SOCK_DGRAM, 0), pipes[2];
	MUST(pipe(pipes) == 0);
	char room[CMSG_SPACE(2 * sizeof(int))] = "", byte = 'd';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_name = &a, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
			   .msg_controllen = sizeof room};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), pipes, sizeof pipes);
	IS(sendmsg(fd, &m, 0), 1);
	int got[2] = {-1, -1};
	m.msg_name = NULL, m.msg_namelen = 0;
	IS(recvmsg(s, &m, 0), 1);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof got));
	memcpy(got, CMSG_DATA(c), sizeof got);
	IS(write(got[1], "through", 7), 7);
	char buf[8];
	IS(read(pipes[0], buf, 8), 7);
	CHECK(got[0] != pipes[0]);
	/* A number that is none. */
	int none = 999;
	m.msg_name = &a, m.msg_namelen = len, m.msg_controllen = CMSG_SPACE(sizeof none);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof none);
	memcpy(CMSG_DATA(c), &none, sizeof none);
	FAILS(sendmsg(fd, &m, 0), EBADF);
	/* A socket of the internet, made by one process and used by another. */
	int pair[2];
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		int listener = listening("127.0.0.1");
		m = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
				    .msg_controllen = CMSG_SPACE(sizeof listener)};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &listener, sizeof listener);
		_exit(sendmsg(pair[1], &m, 0) == 1 ? 0 : 1);
	}
	m = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(sizeof none)};
	IS(recvmsg(pair[0], &m, 0), 1);
	IS(exited(pid), 0);
	int listener;
	memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof listener);
	int client = call("127.0.0.1", port_of(listener));
	CHECK(accept(listener, NULL, NULL) >= 0);
	close(client);
}

static void pairs(void)
{
	for (int i = 0; i < 3; i++) {
		int pair[2];
		char buf[4];
		struct sockaddr_un a;
		socklen_t len = sizeof a;
		IS(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, pair), 0);
		IS(send(pair[0], "abc", 3, 0), 3);
		IS(recv(pair[1], buf, 4, 0), 3);
		IS(getpeername(pair[0], (struct sockaddr *)&a, &len), 0);
		IS(len, sizeof a.sun_family);
		struct iovec iov = {"xyz", 3};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
		IS(sendmsg(pair[1], &m, 0), 3);
		struct mmsghdr mm[2] = {{m}, {m}};
		IS(sendmmsg(pair[1], mm, 2, 0), 2);
	}
	FAILS(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){}), EOPNOTSUPP);
}

int main(void)
{
	umask(022);
	by_path();
	by_name();
	fails();
	credentials();
	descriptors();
	pairs();
	return done();
}
