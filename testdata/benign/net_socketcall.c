/* The calls that socketcall(2) multiplexes, with every register as it was afterwards. */
/* variants: m32 int80 */
#include "net.h"
#include <linux/net.h>

#if !defined(__i386__) && !defined(INT80)
int main(void) { not_applicable("only i386 multiplexes"); }
#else
enum { SOCKETCALL = 102 };
static unsigned args[6] __attribute__((aligned(64)));
static int on = 1, value;
static unsigned length = sizeof value;
static union address a;

/* The call, and whether it left the registers alone. */
static long multiplexed(int call)
{
	long result;
#ifdef __i386__
	unsigned edx = 0x11111111, esi = 0x22222222, edi = 0x33333333, ecx = (unsigned)args, ebx = call;
	__asm__ volatile("int $0x80" : "=a"(result), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(esi), "+D"(edi)
			 : "a"(SOCKETCALL) : "memory");
	CHECK(ebx == call && ecx == (unsigned)args && edx == 0x11111111 && esi == 0x22222222 && edi == 0x33333333);
#else
	unsigned long rdx = 0x1111111111111111, rsi = 0x2222222222222222, rdi = 0x3333333333333333,
		      rcx = (unsigned long)args | 0x4400000000000000, rbx = call | 0x5500000000000000;
	__asm__ volatile("int $0x80" : "=a"(result), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi)
			 : "a"((long)SOCKETCALL) : "memory", "r8", "r9", "r10", "r11");
	CHECK(rbx == (call | 0x5500000000000000) && rcx == ((unsigned long)args | 0x4400000000000000));
	CHECK(rdx == 0x1111111111111111 && rsi == 0x2222222222222222 && rdi == 0x3333333333333333);
	result = (int)result;
#endif
	return result;
}
static long with(int call, unsigned one, unsigned two, unsigned three, void *four, unsigned five, unsigned six)
{
	unsigned list[6] = {one, two, three, (unsigned)(uintptr_t)four, five, six};
	memcpy(args, list, sizeof args);
	return multiplexed(call);
}
#define P(p) ((unsigned)(uintptr_t)(p))

static void on_segv(int sig) { not_applicable("this kernel has no 32-bit calls"); }

int main(void)
{
	signal(SIGSEGV, on_segv);
	int server = with(SYS_SOCKET, AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
	signal(SIGSEGV, SIG_DFL);
	CHECK(server >= 0);
	/* A number, as often as a program likes. */
	for (int i = 0; i < 300; i++) {
		on = i % 2;
		IS(with(SYS_SETSOCKOPT, server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on, 0), 0);
		IS(with(SYS_GETSOCKOPT, server, SOL_SOCKET, SO_REUSEADDR, &value, P(&length), 0), 0);
		IS(value, on);
	}
	static struct {
		int seconds, microseconds;
	} limit = {50, 0};
	IS(with(SYS_SETSOCKOPT, server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit, 0), 0);
	/* And as it fails. */
	IS(with(SYS_SETSOCKOPT, server, SOL_SOCKET, SO_REUSEADDR, (void *)8, sizeof on, 0), -EFAULT);
	IS(with(SYS_SETSOCKOPT, server, SOL_SOCKET, 9999, &on, sizeof on, 0), -ENOPROTOOPT);
	IS(with(SYS_SETSOCKOPT, server, SOL_SOCKET, SO_REUSEADDR, &on, 1, 0), -EINVAL);
	IS(with(SYS_SETSOCKOPT, 999, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on, 0), -EBADF);
	IS(with(SYS_SETSOCKOPT, server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on, 0), 0);
	/* A filter, whose structure has a pointer in it; some kernels want privileges for that. */
	static struct {
		unsigned short code;
		unsigned char jt, jf;
		unsigned k;
	} pass = {6, 0, 0, -1};
	static struct {
		unsigned short n;
		unsigned filter;
	} program = {1};
	program.filter = P(&pass);
	long r = with(SYS_SETSOCKOPT, server, SOL_SOCKET, 26 /* SO_ATTACH_FILTER */, &program, sizeof program, 0);
	CHECK(r == 0 || r == -EPERM);
	/* The others. */
	a = host("127.0.0.1", 0);
	IS(with(SYS_BIND, server, P(&a), sizeof a.in, NULL, 0, 0), 0);
	IS(with(SYS_LISTEN, server, 4, 0, NULL, 0, 0), 0);
	a = host("127.0.0.1", port_of(server));
	int client = with(SYS_SOCKET, AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
	IS(with(SYS_CONNECT, client, P(&a), sizeof a.in, NULL, 0, 0), 0);
	int conn = with(SYS_ACCEPT, server, 0, 0, NULL, 0, 0);
	CHECK(conn >= 0);
	static char text[] = "through", back[16];
	IS(with(SYS_SENDTO, client, P(text), 7, NULL, 0, 0), 7);
	IS(with(SYS_SEND, client, P(text), 7, NULL, 0, 0), 7);
	IS(with(SYS_RECV, conn, P(back), 14, (void *)MSG_WAITALL, 0, 0), 14);
	static int pair[2];
	IS(with(SYS_SOCKETPAIR, AF_UNIX, SOCK_STREAM, 0, pair, 0, 0), 0);
	IS(write(pair[0], "x", 1), 1);
	int dgram = with(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0, NULL, 0, 0), heard = bound(SOCK_DGRAM, "127.0.0.1");
	a = host("127.0.0.1", port_of(heard));
	IS(with(SYS_SENDTO, dgram, P(text), 7, NULL, P(&a), sizeof a.in), 7);
	IS(recv(heard, back, 16, 0), 7);
	IS(multiplexed(99), -EINVAL);
	return done();
}
#endif
