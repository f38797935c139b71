package deputy

import "golang.org/x/sys/unix"

// mapLow keeps a task's memory where pointers of 32 bits reach.
const mapLow = unix.MAP_32BIT
