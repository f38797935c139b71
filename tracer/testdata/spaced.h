// spaced is how far signals are apart that come all the time, in microseconds. On an emulated machine a tracer needs longer
// for one than is between two of them here, and calls that start over at each never come to their end.
static long spaced(long us) { return getenv("SYDBOX_TEST_SLOW") ? 30 * us : us; }
