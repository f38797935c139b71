/* Names that no network is needed for. */
#include "net.h"
#include <netdb.h>

int main(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	int r = getaddrinfo("localhost", "80", &hints, &list);
	printf("localhost: %s\n", r ? gai_strerror(r) : "known");
	for (struct addrinfo *a = r ? NULL : list; a; a = a->ai_next) {
		char text[64] = "";
		getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
		printf("%s %d\n", text, a->ai_socktype);
	}
	hints.ai_flags = AI_NUMERICHOST;
	IS(getaddrinfo("127.0.0.1", "80", &hints, &list), 0);
	IS(getaddrinfo("no number", "80", &hints, &list), EAI_NONAME);
	struct servent *s = getservbyname("domain", "udp");
	printf("domain: %d\n", s ? ntohs(s->s_port) : 0);
	char name[256] = "";
	IS(gethostname(name, sizeof name), 0);
	hints = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	IS(getaddrinfo(NULL, "0", &hints, &list), 0);
	/* As servers do it: the first that can be bound. */
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd < 0 || bind(fd, a->ai_addr, a->ai_addrlen) != 0)
			continue;
		IS(listen(fd, 4), 0);
		int client = call("127.0.0.1", port_of(fd));
		CHECK(accept(fd, NULL, NULL) >= 0);
		close(client);
		break;
	}
	return done();
}
