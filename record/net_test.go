package record

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"sydbox/sandbox/probetest"
)

// A program that reaches and offers addresses in every way. What it prints are the numbers that the kernel chose.
const networker = `#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <fcntl.h>
#include <linux/netlink.h>

static struct sockaddr_in in(const char *ip, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_aton(ip, &a.sin_addr);
	return a;
}
#define ADDR(a) (struct sockaddr *)&a, sizeof a
int main(void)
{
	struct sockaddr_in any = in("127.0.0.1", 0), closed = in("127.0.0.1", 1), sink = in("127.0.0.1", 9), far = in("127.0.0.2", 9);
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "./dir/../socket"}, name = {.sun_family = AF_UNIX};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int tcp = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	bind(tcp, ADDR(any));
	listen(tcp, 5);
	socklen_t n = sizeof any;
	getsockname(tcp, (void *)&any, &n);
	printf("%d\n", ntohs(any.sin_port));
	fflush(stdout);
	connect(client, ADDR(any));
	send(client, "x", 1, 0);
	connect(socket(AF_INET, SOCK_STREAM, 0), ADDR(closed));
	for (int i = 0; i < 100; i++)
		sendto(udp, "x", 1, 0, ADDR(sink));
	struct iovec v = {"x", 1};
	struct mmsghdr m[2] = {{{&sink, sizeof sink, &v, 1}}, {{&far, sizeof far, &v, 1}}};
	sendmmsg(udp, m, 2, 0);
	int u = socket(AF_UNIX, SOCK_STREAM, 0), w = socket(AF_UNIX, SOCK_DGRAM, 0);
	bind(u, ADDR(path));
	listen(u, 5);
	connect(socket(AF_UNIX, SOCK_STREAM, 0), ADDR(path));
	memcpy(name.sun_path, "\0a\nb", 4);
	bind(w, (void *)&name, 2 + 4);
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&name, 2 + 2);
	bind(socket(AF_NETLINK, SOCK_RAW, 0), ADDR(kernel));
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	connect(client, &none, sizeof none);
	connect(99, ADDR(closed));
	connect(client, (void *)8, 16);
	return 0;
}`

func TestReaches(t *testing.T) {
	probetest.Needs(t, "pidfd_getfd")
	programs := map[string]string{"64 bits": compiled(t, networker)}
	if program, err := compiledAs(t, networker, "-m32"); err == nil {
		programs["32 bits"] = program // whose sockets are made by socketcall(2)
	}
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out, err := exec.Command("sh", "-c", "cd "+dir+" && mkdir dir").CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			tr := recordOf(t, program+` >port`, func(c *Cmd) { c.Dir = dir })
			text, err := exec.Command("cat", dir+"/port").Output()
			if err != nil {
				t.Fatal(err)
			}
			port := "127.0.0.1:" + strings.TrimSpace(string(text))
			want := []string{
				"bind 127.0.0.1:0 tcp", "listen " + port + " tcp", "connect " + port + " tcp", "connect 127.0.0.1:1 tcp ECONNREFUSED",
				"send 127.0.0.1:9 udp", "send 127.0.0.2:9 udp",
				"bind unix:" + dir + "/socket stream", "connect unix:" + dir + "/socket stream",
				"bind abstract:a\nb dgram", "connect abstract:a stream ECONNREFUSED",
			}
			if got := reachesOf(tr, ""); !slices.Equal(got, want) {
				t.Errorf("%q\nwant %q", got, want)
			}
		})
	}
}
