/* Servers of both families: one for both, and one for each. */
#include "net.h"

static void stream(void)
{
	int server = listening("::"), port = port_of(server);
	static const char *const callers[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:127.0.0.9"};
	for (int i = 0; i < 4; i++) {
		union address from;
		socklen_t len = sizeof from;
		int client = call(callers[i], port), conn = accept(server, &from.any, &len);
		char text[INET6_ADDRSTRLEN] = "", c;
		inet_ntop(AF_INET6, &from.in6.sin6_addr, text, sizeof text);
		printf("%s is called by %s\n", callers[i], text);
		IS(send(client, "x", 1, 0), 1);
		IS(recv(conn, &c, 1, 0), 1);
		close(client);
		close(conn);
	}
	close(server);
}
static void dgram(void)
{
	int server = bound(SOCK_DGRAM, "::"), client6 = socket(AF_INET6, SOCK_DGRAM, 0);
	int client4 = socket(AF_INET, SOCK_DGRAM, 0), port = port_of(server);
	union address four = host("127.0.0.1", port), six = host("::1", port), mapped = host("::ffff:127.0.0.1", port), from;
	socklen_t len = sizeof from;
	char buf[16];
	IS(sendto(client4, "4", 1, 0, &four.any, sizeof four.in), 1);
	IS(recvfrom(server, buf, sizeof buf, 0, &from.any, &len), 1);
	IS(sendto(server, "back", 4, 0, &from.any, len), 4);
	IS(recv(client4, buf, sizeof buf, 0), 4);
	IS(sendto(client6, "6", 1, 0, &six.any, sizeof six.in6), 1);
	IS(recv(server, buf, sizeof buf, 0), 1);
	IS(sendto(client6, "m", 1, 0, &mapped.any, sizeof mapped.in6), 1);
	IS(recv(server, buf, sizeof buf, 0), 1);
	/* A socket of IPv6 takes an address of IPv4. */
	IS(sendto(client6, "f", 1, 0, &four.any, sizeof four.in), 1);
	IS(recv(server, buf, sizeof buf, 0), 1);
	IS(connect(client6, &six.any, sizeof six.in6), 0);
	IS(send(client6, "c", 1, 0), 1);
	IS(recv(server, buf, sizeof buf, 0), 1);
	FAILS(connect(client4, &six.any, sizeof six.in6), EAFNOSUPPORT);
	FAILS(connect(client6, &six.any, 20), EINVAL);
	close(server);
}
static void each(void)
{
	int on = 1, six = socket(AF_INET6, SOCK_STREAM, 0), four = socket(AF_INET, SOCK_STREAM, 0);
	IS(setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
	union address any6 = host("::", 0), any4 = host("0.0.0.0", 0);
	IS(bind(six, &any6.any, sizeof any6.in6), 0);
	any4.in.sin_port = htons(port_of(six));
	IS(listen(six, 4), 0);
	if (bind(four, &any4.any, sizeof any4.in) != 0)
		return; /* somebody has it for IPv4 */
	IS(listen(four, 4), 0);
	int a = call("::1", port_of(six)), b = call("127.0.0.1", port_of(six));
	CHECK(accept(six, NULL, NULL) >= 0);
	CHECK(accept(four, NULL, NULL) >= 0);
	int alone = socket(AF_INET6, SOCK_STREAM, 0);
	setsockopt(alone, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	union address mapped = host("::ffff:127.0.0.1", port_of(six));
	FAILS(connect(alone, &mapped.any, sizeof mapped.in6), ENETUNREACH);
	close(a);
	close(b);
}

int main(void)
{
	stream();
	dgram();
	each();
	return done();
}
