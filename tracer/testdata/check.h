// What the test programs here end with when something did not come out as it does without a tracer: status 99, and on
// stderr which line.
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define CHECK(x)                                                                                                       \
	do {                                                                                                               \
		if (!(x)) {                                                                                                    \
			dprintf(2, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #x, errno);                                       \
			_exit(99);                                                                                                 \
		}                                                                                                              \
	} while (0)
