/* cross.h - every way of calling towards every place. A program defines ways and places; `WAY.PLACE` is a trick. */
#ifndef CROSS_H
#define CROSS_H
#include "net.h"

struct place {
	const char *name, *host;
	int port;
	const char *words;
	int flags;
};
struct way {
	const char *name;
	void (*go)(struct address *to);
	const char *words;
	int flags; /* V4, AWAY: only there; MANY: there as well */
};
enum {
	V4 = 1,   /* the address is one of IPv4, as written */
	MANY = 2, /* reaches many, which takes SO_BROADCAST or an interface */
	SAMPLE = 4,
	AWAY = 8 /* not on this machine */
};

static int nways;
static const struct way *ways;
static const struct place *towards;

static const struct place everywhere[] = {
	{"v4", "10.77.0.3", VICTIM, "to=10.77.0.3:2222", V4 | SAMPLE | AWAY},
	{"v6", "fd77::3", VICTIM, "ipv6 to=[fd77::3]:2222", SAMPLE | AWAY},
	{"port", "10.77.0.2", VICTIM, "to=10.77.0.2:2222", V4 | AWAY},
	{"host", "10.77.0.3", DECOY, "to=10.77.0.3:1111", V4 | AWAY},
	{"mapped", "::ffff:10.77.0.3", VICTIM, "ipv6 to=10.77.0.3:2222", SAMPLE | AWAY},
	{"scoped", "fe80::3%wire", VICTIM, "ipv6 to=[fe80::3%wire]:2222", AWAY},
	{"loopback", "127.0.0.1", VICTIM, "to=127.0.0.1:2222", V4 | SAMPLE},
	{"loopback6", "::1", VICTIM, "ipv6 to=[::1]:2222", 0},
	/* This machine: by the loopback, or by the address that a connection before has given the socket. */
	{"any", "0.0.0.0", VICTIM, "", V4},
	{"any6", "::", VICTIM, "ipv6", 0},
	{"mapped_loopback", "::ffff:127.0.0.1", VICTIM, "ipv6 to=127.0.0.1:2222", 0},
	{"mapped_any", "::ffff:0.0.0.0", VICTIM, "ipv6", 0},
	{"far_loopback", "127.9.9.9", VICTIM, "to=127.9.9.9:2222", V4},
	{"own", "10.77.0.1", VICTIM, "to=10.77.0.1:2222", V4},
	{"own6", "fd77::1", VICTIM, "ipv6 to=[fd77::1]:2222", 0},
	{"beyond", "203.0.113.9", VICTIM, "to=203.0.113.9:2222", V4 | AWAY},
	{"broadcast", "255.255.255.255", VICTIM, "to=255.255.255.255:2222", V4 | MANY | AWAY},
	{"subnet", "10.77.0.255", VICTIM, "to=10.77.0.255:2222", V4 | MANY | AWAY},
	{"multicast", "224.0.0.1", VICTIM, "to=224.0.0.1:2222", V4 | MANY | AWAY},
	{"multicast6", "ff02::1%wire", VICTIM, "ipv6 to=[ff02::1%wire]:2222", MANY | AWAY},
};

/* Tricks of one run: all but the places for many where a way cannot go there. */
static int each(int argc, char **argv, const char *prefix, const char *more)
{
	for (int w = 0; w < nways; w++)
		for (size_t p = 0; p < sizeof everywhere / sizeof *everywhere; p++) {
			const struct place *at = &everywhere[p];
			if ((ways[w].flags & (V4 | AWAY) & ~at->flags) || (at->flags & MANY & ~ways[w].flags) ||
			    (*prefix && !(at->flags & SAMPLE)))
				continue;
			char *name = str("%s%s.%s", prefix, ways[w].name, at->name);
			if (argc == 2) {
				printf("%s narrow build%s %s %s%s\n", name, at->flags & SAMPLE ? "" : " sample", ways[w].words,
				       at->words, strstr(ways[w].words, "sample") && !(at->flags & SAMPLE) ? " rare" : more);
			} else if (strcmp(name, argv[1]) == 0) {
				towards = at;
				ways[w].go(inet(at->host, at->port));
				return 1;
			}
		}
	return 0;
}

int extra_tricks(int argc, char **argv)
{
	int found = each(argc, argv, "", "");
#if MULTIPLEXED
	if (argc > 2 && !found && strncmp(argv[1], "socketcall.", 11) == 0)
		by_socketcall = 1;
	if (!found)
		found = each(argc, argv, "socketcall.", " sample");
#endif
	return argc == 2 || found ? 0 : 2;
}
#define WAYS(table)                                                                                                    \
	__attribute__((constructor)) static void register_ways(void)                                                   \
	{                                                                                                              \
		ways = table;                                                                                          \
		nways = sizeof table / sizeof *table;                                                                  \
	}
#endif
