/* interfaces.c - looks at the network's interfaces in every way that needs no rights: root, too, may look where it may
 * not change anything.
 */
#include "check.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

/* How many messages the kernel answers a dump with (route(7), rtnetlink(7)). */
static int dumped(int kind)
{
	struct { struct nlmsghdr h; struct rtgenmsg g; } ask = {
		.h = { .nlmsg_len = NLMSG_LENGTH(sizeof ask.g), .nlmsg_type = kind,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1 },
		.g = { .rtgen_family = AF_UNSPEC },
	};
	static char in[1 << 16];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), count = 0;

	MUST(fd >= 0);
	MUST(send(fd, &ask, ask.h.nlmsg_len, 0) == (ssize_t)ask.h.nlmsg_len);
	for (;;) {
		int n = recv(fd, in, sizeof in, 0);
		MUST(n > 0);
		for (struct nlmsghdr *h = (void *)in; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE) {
				close(fd);
				return count;
			}
			MUST(h->nlmsg_type != NLMSG_ERROR);
			count++;
		}
	}
}

int main(void)
{
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *list;
	struct ifreq one[16];
	struct ifconf all = { .ifc_len = sizeof one, .ifc_req = one };
	char text[INET6_ADDRSTRLEN];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	MUST(names != NULL && fd >= 0);
	for (struct if_nameindex *n = names; n->if_name; n++) {
		struct ifreq r = { 0 };
		strcpy(r.ifr_name, n->if_name);
		MUST(ioctl(fd, SIOCGIFFLAGS, &r) == 0);
		printf("%u %s %#x", n->if_index, n->if_name, r.ifr_flags & (IFF_UP | IFF_LOOPBACK));
		MUST(ioctl(fd, SIOCGIFMTU, &r) == 0);
		printf(" %d\n", r.ifr_mtu);
	}
	MUST(getifaddrs(&list) == 0);
	for (struct ifaddrs *a = list; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET)
			printf("%s %s\n", a->ifa_name, inet_ntop(AF_INET,
			       &((struct sockaddr_in *)a->ifa_addr)->sin_addr, text, sizeof text));
	MUST(ioctl(fd, SIOCGIFCONF, &all) == 0);
	printf("%d addresses\n", all.ifc_len / (int)sizeof *one);
	printf("%d links, %d addresses, routes: %s\n", dumped(RTM_GETLINK), dumped(RTM_GETADDR),
	       dumped(RTM_GETROUTE) >= 0 ? "yes" : "no");
	return done();
}
