package trail

import (
	"strings"

	"sydbox/access"
	"sydbox/event"
)

// Ops returns the operations that rules judge of a use that succeeded: on its path, and on the second one. A rename also
// deletes what had the new name, if anything had, which is not recorded.
func Ops(u *event.Used) (path, to access.Op) {
	switch u.Op {
	case event.OpLook, event.OpEnter:
		return access.Stat, 0
	case event.OpRead, event.OpList:
		return access.Read, 0
	case event.OpWrite:
		return access.Write | reads(u), 0
	case event.OpMake:
		return access.Create | reads(u) | writes(u), 0
	case event.OpDelete:
		return access.Delete, 0
	case event.OpRename:
		if strings.Contains(u.Flags, "RENAME_EXCHANGE") {
			return access.Delete | access.Create, access.Delete | access.Create
		}
		return access.Delete, access.Create
	case event.OpLink:
		return access.Write, access.Create
	case event.OpSymlink:
		return access.Create, 0 // its text is no path yet
	case event.OpAttr:
		return access.Attr, 0
	}
	return 0, 0
}

// reads is access.Read if what is written or made is open for reading, too.
func reads(u *event.Used) access.Op {
	if strings.Contains(u.Flags, "O_RDWR") || strings.Contains(u.Flags, "O_RDONLY") {
		return access.Read
	}
	return 0
}

// writes is access.Write if what is made is open for writing, too. A file may be made by who only reads it: a lock is.
func writes(u *event.Used) access.Op {
	opens := strings.HasPrefix(u.Call, "open") || u.Call == "creat"
	if opens && (!strings.Contains(u.Flags, "O_RDONLY") || strings.Contains(u.Flags, "O_TRUNC")) {
		return access.Write
	}
	return 0
}
