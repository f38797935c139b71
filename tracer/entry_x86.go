//go:build amd64 || 386

package tracer

// entryResult is what the result register holds at an entry stop: -ENOSYS (arch/x86/entry).
const entryResult = -38
