package access

// KindOf is what an object is that exists, by its st_mode (inode(7)).
func KindOf(mode uint32) Kind {
	switch mode & 0o170000 {
	case 0o100000:
		return Regular
	case 0o040000:
		return Directory
	case 0o120000:
		return Symlink
	case 0o010000:
		return FIFO
	case 0o140000:
		return Socket
	case 0o020000:
		return CharDevice
	case 0o060000:
		return BlockDevice
	}
	return Anonymous // the anonymous inode of epoll, eventfd and the like has no type before Linux 6.16
}
