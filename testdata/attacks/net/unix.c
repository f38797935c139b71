/* Unix sockets of outsiders: by every name that leads to them, and every way to send. */
#include "net.h"

struct kind {
	const char *name;
	int type;
};
static const struct kind stream = {"stream", SOCK_STREAM}, dgram = {"dgram", SOCK_DGRAM},
			 seqpacket = {"seqpacket", SOCK_SEQPACKET},
			 /* the kernel makes a datagram socket of it (unix_create) */
			 plain = {"dgram", SOCK_RAW};

static void talk(struct address *to, const struct kind *k)
{
	int fd = new_socket(AF_UNIX, k->type, 0);
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
static char *at(const struct kind *k) { return V(k->name); }

/* ways of naming it */
static struct address *absolute(const struct kind *k) { return unix_path(at(k)); }
static struct address *relative(const struct kind *k) { return unix_path(str("../victim/%s", k->name)); }
static struct address *noise(const struct kind *k) { return unix_path(str("..//./victim/.//%s", k->name)); }
static struct address *linked(const struct kind *k)
{
	DO(symlink(at(k), "link"));
	return unix_path("link");
}
static struct address *linked_twice(const struct kind *k)
{
	DO(symlink("second", "link"));
	DO(symlink(at(k), "second"));
	return unix_path("link");
}
static struct address *linked_directory(const struct kind *k)
{
	DO(symlink(victim, "link"));
	return unix_path(str("link/%s", k->name));
}
static struct address *by_number(const struct kind *k)
{
	return unix_path(str("/proc/self/fd/%d", (int)DO(open(at(k), O_PATH))));
}
static struct address *by_directory(const struct kind *k)
{
	return unix_path(str("/proc/self/fd/%d/%s", (int)DO(open(victim, O_PATH | O_DIRECTORY)), k->name));
}
static struct address *by_cwd(const struct kind *k)
{
	DO(chdir(victim));
	return unix_path(str("/proc/self/cwd/%s", k->name));
}
static struct address *by_root(const struct kind *k) { return unix_path(str("/proc/self/root%s", at(k))); }
static struct address *hard_link(const struct kind *k)
{
	DO(link(at(k), "linked"));
	return unix_path("linked");
}
static struct address *moved(const struct kind *k)
{
	DO(rename(at(k), "moved"));
	return unix_path("moved");
}
static struct address *not_terminated(const struct kind *k)
{
	/* The length says where the name ends (unix(7)). */
	struct address *a = unix_path(at(k));
	a->len--;
	return a;
}
static struct address *more_behind(const struct kind *k)
{
	struct address *a = unix_path(at(k));
	strcpy(a->un.sun_path + strlen(a->un.sun_path) + 1, "decoy");
	a->len = sizeof a->un;
	return a;
}
static struct address *full(const struct kind *k)
{
	/* All of sun_path, without a NUL anywhere. */
	struct address *a = unix_path(at(k));
	size_t n = strlen(at(k)), room = sizeof a->un.sun_path;
	char *slash = strrchr(a->un.sun_path, '/');
	memmove(slash + room - n, slash, strlen(slash));
	memset(slash, '/', room - n);
	a->len = sizeof a->un;
	return a;
}
static struct address *from_deep(const struct kind *k)
{
	/* A working directory that is deeper than any path may be long. */
	char name[256];
	memset(name, 'd', 255);
	name[255] = 0;
	DO(symlink(victim, "link"));
	int there = DO(open("link", O_PATH | O_DIRECTORY));
	for (int i = 0; i < 20; i++) {
		DO(mkdir(name, 0755));
		DO(chdir(name));
	}
	DO(symlink(at(k), "link"));
	close(there);
	return unix_path("link");
}
static struct address *hidden(const struct kind *k)
{
	static char name[32];
	snprintf(name, sizeof name, "victim-%s", k->name);
	return abstract_name(name);
}

#define NAMED(how, words)                                                                                              \
	TRICK(stream_##how, words " to=unix:VICTIM/stream") { talk(how(&stream), &stream); }                           \
	TRICK(seqpacket_##how, words " sample to=unix:VICTIM/seqpacket") { talk(how(&seqpacket), &seqpacket); }        \
	TRICK(dgram_##how, words " sample to=unix:VICTIM/dgram") { talk(how(&dgram), &dgram); }
NAMED(absolute, "narrow build")
NAMED(relative, "narrow build sample")
NAMED(noise, "narrow build sample")
NAMED(linked, "narrow build")
NAMED(linked_twice, "narrow build sample")
NAMED(linked_directory, "narrow build sample")
NAMED(by_number, "narrow build")
NAMED(by_directory, "narrow build sample")
NAMED(by_cwd, "narrow build sample")
NAMED(by_root, "narrow build sample")
NAMED(not_terminated, "narrow build sample")
NAMED(more_behind, "narrow build sample")
NAMED(full, "narrow build sample")
NAMED(from_deep, "narrow build")

#define ELSEWHERE(how, words)                                                                                          \
	TRICK(stream_##how, words) { talk(how(&stream), &stream); }                                                    \
	TRICK(dgram_##how, words " sample") { talk(how(&dgram), &dgram); }
/* Another name of the same socket. */
ELSEWHERE(hard_link, "narrow build to=unix:ALLOW/linked")
ELSEWHERE(moved, "narrow build to=unix:ALLOW/moved")

TRICK(stream_abstract, "narrow build to=abstract:victim-stream") { talk(hidden(&stream), &stream); }
TRICK(seqpacket_abstract, "narrow build to=abstract:victim-seqpacket") { talk(hidden(&seqpacket), &seqpacket); }
TRICK(dgram_abstract, "narrow build to=abstract:victim-dgram") { talk(hidden(&dgram), &dgram); }

/* A datagram needs no connection. */
static void send_to(struct address *to)
{
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0);
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void send_message(struct address *to)
{
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0);
	DO(SENDMSG(fd, message(to), 0));
}
static struct address *decoy(void) { return unix_path("decoy-dgram"); }
static struct mmsg many[4];
static void send_many(struct address *to)
{
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0);
	for (int i = 0; i < 3; i++)
		many[i].m = *message(decoy());
	many[3].m = *message(to);
	for (int sent = 0; sent < 4;)
		sent += DO(SENDMMSG(fd, many + sent, 4 - sent, 0));
}
static void send_despite_connection(struct address *to)
{
	struct address *d = decoy();
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0);
	DO(CONNECT(fd, d, d->len));
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void send_after_pair(struct address *to)
{
	/* A pair is nobody's but the tree's; each end is a socket like any other. */
	int pair[2];
	DO(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	DO(SENDTO(pair[0], text, TEXT, 0, to, to->len));
}
static void connect_after_pair(struct address *to)
{
	int pair[2];
	DO(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	DO(CONNECT(pair[0], to, to->len));
	DO(write(pair[0], text, TEXT));
}
static void send_autobound(struct address *to)
{
	static int on = 1;
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0);
	DO(SETSOCKOPT(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	DO(SENDTO(fd, text, TEXT, 0, to, to->len));
}
static void send_descriptor(struct address *to)
{
	/* A descriptor with it: what the outsider gets is more than words. */
	static struct cmsg c = {.level = SOL_SOCKET, .type = SCM_RIGHTS};
	int fd = new_socket(AF_UNIX, SOCK_DGRAM, 0), own = DO(open(".", O_RDONLY | O_DIRECTORY));
	struct msg *m = message(to);
	c.len = offsetof(struct cmsg, data) + sizeof own;
	memcpy(c.data, &own, sizeof own);
	m->control = W(&c);
	m->controllen = c.len;
	DO(SENDMSG(fd, m, 0));
}
#define SENT(how, words)                                                                                               \
	TRICK(how##_path, words " to=unix:VICTIM/dgram") { how(absolute(&dgram)); }                                    \
	TRICK(how##_abstract, words " sample to=abstract:victim-dgram") { how(hidden(&dgram)); }                       \
	TRICK(how##_link, words " sample to=unix:VICTIM/dgram") { how(linked(&dgram)); }
SENT(send_to, "narrow build")
SENT(send_message, "narrow build")
SENT(send_many, "narrow build")
SENT(send_despite_connection, "narrow sample")
SENT(send_after_pair, "narrow build sample")
SENT(connect_after_pair, "narrow build sample")
SENT(send_autobound, "narrow build sample")
SENT(send_descriptor, "narrow build sample")

TRICK(raw_absolute, "narrow build sample to=unix:VICTIM/dgram") { talk(absolute(&plain), &plain); }
TRICK(raw_abstract, "narrow sample to=abstract:victim-dgram") { talk(hidden(&plain), &plain); }
TRICK(nonblocking, "narrow build sample to=unix:VICTIM/stream")
{
	struct address *to = absolute(&stream);
	int fd = new_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
/* Names of one's own beside those that are the outsider's. */
TRICK(bound_first, "narrow build sample to=unix:VICTIM/stream")
{
	struct address *own = unix_path("own.sock"), *to = absolute(&stream);
	int fd = new_socket(AF_UNIX, SOCK_STREAM, 0);
	DO(BIND(fd, own, own->len));
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
TRICK(chroot_, "narrow build root sample")
{
	struct address *to = unix_path("/stream");
	int fd = new_socket(AF_UNIX, SOCK_STREAM, 0);
	DO(chroot(victim));
	DO(CONNECT(fd, to, to->len));
	DO(write(fd, text, TEXT));
}
ALSO_BY_SOCKETCALL
