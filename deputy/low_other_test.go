//go:build !amd64

package deputy

// mapLow: only x86-64 can ask for memory where pointers of 32 bits reach.
const mapLow = 0
