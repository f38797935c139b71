// On an emulated machine (SYDBOX_TEST_SLOW) a tracer needs longer for one signal than is between two of them elsewhere,
// and calls that start over at each never come to their end.

// spaced is how far signals are apart that come all the time, in microseconds.
static inline long spaced(long us) { return getenv("SYDBOX_TEST_SLOW") && us < 5000 ? 30 * us : us; }

// often is how often something is done that is the same each time.
static inline int often(int times) { return getenv("SYDBOX_TEST_SLOW") && times >= 50 ? times / 10 : times; }

// eased is called at the nth signal of a timer that goes off all the time, and gives it twice as long after each ten
// thousand: a machine may be so busy that a tracer is slower than the timer for minutes.
static inline void eased(int n) {
	struct itimerval it;
	if (n % 10000 || getitimer(ITIMER_REAL, &it)) return;
	long us = 2 * it.it_interval.tv_usec;
	if (us == 0 || us > 200000) return;
	it.it_interval.tv_usec = it.it_value.tv_usec = us;
	setitimer(ITIMER_REAL, &it, 0);
}
