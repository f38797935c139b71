//go:build !amd64 && !386

package tracer

// entryResult is a result that no register holds: only x86 and riscv64 announce an entry stop by -ENOSYS.
const entryResult = 1 << 62
