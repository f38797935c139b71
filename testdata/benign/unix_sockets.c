/* Unix sockets below the working directory: stream, datagram, pairs, passed descriptors and credentials. */
#include "check.h"

static struct sockaddr_un name_of(const char *path, socklen_t *len)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	strncpy(sun.sun_path, path, sizeof sun.sun_path - 1);
	*len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
	return sun;
}

static int listener(const char *path)
{
	socklen_t len;
	struct sockaddr_un sun = name_of(path, &len);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	IS(bind(s, (struct sockaddr *)&sun, len), 0);
	IS(listen(s, 4), 0);
	return s;
}

static int give(int s, int fd)
{
	char c = 'f', room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof fd);
	return sendmsg(s, &m, 0);
}

static int take(int s)
{
	char c, room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	int fd = -1;
	if (recvmsg(s, &m, 0) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

int main(void)
{
	socklen_t len;
	struct sockaddr_un sun = name_of("sock", &len);
	umask(022);
	int s = listener("sock");
	struct stat st;
	IS(stat("sock", &st), 0);
	CHECK(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0755);
	int other = socket(AF_UNIX, SOCK_STREAM, 0);
	FAILS(bind(other, (struct sockaddr *)&sun, len), EADDRINUSE);
	FAILS(open("sock", O_RDWR), ENXIO);
	pid_t child = fork();
	if (child == 0) {
		int c = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(c, (struct sockaddr *)&sun, len) != 0)
			_exit(1);
		int fd = open("passed", O_RDWR | O_CREAT, 0600);
		if (write(fd, "by descriptor", 13) != 13 || give(c, fd) != 1)
			_exit(2);
		_exit(0);
	}
	int c = accept(s, NULL, NULL);
	CHECK(c >= 0);
	struct ucred cred;
	socklen_t clen = sizeof cred;
	IS(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &clen), 0);
	/* The process that a peer sees is sydbox, where addresses are judged (docs/threat-model.md). */
	CHECK(cred.pid != getpid() && cred.uid == getuid() && cred.gid == getgid());
	int fd = take(c);
	char buf[32] = "";
	IS(pread(fd, buf, sizeof buf, 0), 13);
	IS(fchmod(fd, 0644), 0);
	IS(exited(child), 0);
	/* A directory passed on, and a name below it. */
	int pair[2];
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	mkdir("dir", 0755);
	IS(give(pair[0], open("dir", O_RDONLY | O_DIRECTORY)), 1);
	int dir = take(pair[1]);
	int made = openat(dir, "made", O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(made >= 0 && exists("dir/made"));
	/* Datagrams by name. */
	struct sockaddr_un dsun = name_of("dgram", &len);
	int d = socket(AF_UNIX, SOCK_DGRAM, 0);
	IS(bind(d, (struct sockaddr *)&dsun, len), 0);
	int e = socket(AF_UNIX, SOCK_DGRAM, 0);
	IS(sendto(e, "datagram", 8, 0, (struct sockaddr *)&dsun, len), 8);
	IS(recv(d, buf, sizeof buf, 0), 8);
	/* errnos */
	struct sockaddr_un bad = name_of("missing/sock", &len);
	int f = socket(AF_UNIX, SOCK_STREAM, 0);
	FAILS(bind(f, (struct sockaddr *)&bad, len), ENOENT);
	bad = name_of("passed", &len);
	FAILS(bind(f, (struct sockaddr *)&bad, len), EADDRINUSE);
	FAILS(connect(f, (struct sockaddr *)&bad, len), ECONNREFUSED);
	bad = name_of("passed/x", &len);
	FAILS(bind(f, (struct sockaddr *)&bad, len), ENOTDIR);
	/* A name that fills sun_path without a terminating zero. */
	memset(&bad, 'n', sizeof bad);
	bad.sun_family = AF_UNIX;
	IS(bind(f, (struct sockaddr *)&bad, sizeof bad), 0);
	char full[sizeof bad.sun_path + 1];
	memset(full, 'n', sizeof full - 1);
	full[sizeof full - 1] = 0;
	CHECK(exists(full));
	return done();
}
