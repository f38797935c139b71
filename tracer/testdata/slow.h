// On an emulated machine (SYDBOX_TEST_SLOW) a tracer needs longer for one signal than is between two of them elsewhere,
// and calls that start over at each never come to their end.

// spaced is how far signals are apart that come all the time, in microseconds.
static inline long spaced(long us) { return getenv("SYDBOX_TEST_SLOW") && us < 5000 ? 30 * us : us; }

// often is how often something is done that is the same each time.
static inline int often(int times) { return getenv("SYDBOX_TEST_SLOW") && times >= 50 ? times / 10 : times; }
