package deputy

// This call sets file flags by name.
var _ = register(map[string]doer{"file_setattr": setFileFlags})

// fileAttrSize is the size of struct file_attr (linux/fs.h) in its first version, Linux 6.17.
const fileAttrSize = 24

// setFileFlags is file_setattr(2). Its structure is not judged, so it is read now, once.
func setFileFlags(d *Deputy, c *call) Outcome {
	attr := d.block[:fileAttrSize]
	if errno := d.readStruct(c, c.inv.Pointer(2), c.inv.Args[3], attr); errno != 0 {
		return done(errno)
	}
	if out, ok := d.ready(c); !ok {
		return out
	}
	fd, owned, out, ok := d.object(c, 0)
	if !ok {
		return out
	}
	errno := setFlagsAt(d.fds, d.pin(fd), attr)
	if owned {
		closeFD(fd)
	}
	return done(errno)
}
