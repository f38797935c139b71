package access

import (
	"fmt"
	"strings"

	"sydbox/syscalls"
)

// flagName is a flag with its name. A flag of several bits comes before its parts.
type flagName struct {
	bits uint64
	name string
}

// FormatFlags writes the flags of a call that decide what it does to which object, as its source would: for example
// "O_WRONLY|O_CREAT", "AT_SYMLINK_NOFOLLOW", "RENAME_EXCHANGE", "S_IFCHR", "FS_IOC_SETFLAGS", "MSG_FASTOPEN". Empty if
// there is nothing to say. It is for reports and allocates.
func FormatFlags(inv *syscalls.Invocation) string {
	s := specOf(inv.Call)
	if s == nil {
		return ""
	}
	switch s.shape {
	case open:
		if s.flags == none {
			return ""
		}
		return formatOpen(openFlagsOf(inv.ABI), uint64(s.flags.bits(inv)))
	case makeName:
		return formatType(s.extra.bits(inv))
	case renameName:
		return formatBits(uint64(s.extra.bits(inv)), []flagName{
			{renameNoReplace, "RENAME_NOREPLACE"}, {renameExchange, "RENAME_EXCHANGE"}, {renameWhiteout, "RENAME_WHITEOUT"},
		})
	case socketCall:
		return formatBits(uint64(s.flags.bits(inv)), sendFlags)
	case socketcall:
		if m, known := multiplexed[s.extra.bits(inv)]; known {
			return "SYS_" + strings.ToUpper(m.call.Name)
		}
		return ""
	case fileIoctl:
		if r := lookupRequest(inv.ABI, s.extra.bits(inv)); r != nil {
			return r.name
		}
		return fmt.Sprintf("%#x", s.extra.bits(inv))
	case fileLease:
		return leaseName(s.extra.bits(inv))
	}
	if s.at == nil || s.flags == none {
		return ""
	}
	return formatBits(uint64(s.flags.bits(inv)), s.at.names())
}

// sendFlags are the MSG_* of calls that send (linux/socket.h); they are the same on every machine.
var sendFlags = []flagName{
	{0x1, "MSG_OOB"}, {0x4, "MSG_DONTROUTE"}, {0x10, "MSG_PROBE"}, {0x40, "MSG_DONTWAIT"}, {msgEOR, "MSG_EOR"},
	{0x200, "MSG_FIN"}, {0x400, "MSG_SYN"}, {0x800, "MSG_CONFIRM"}, {0x1000, "MSG_RST"}, {0x4000, "MSG_NOSIGNAL"},
	{0x8000, "MSG_MORE"}, {0x40000, "MSG_BATCH"}, {0x4000000, "MSG_ZEROCOPY"}, {0x20000000, "MSG_FASTOPEN"},
}

func formatOpen(f *openFlags, flags uint64) string {
	mode := [...]string{"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"}[flags&oAccmode]
	rest := formatBits(flags&^oAccmode&f.known()&^f.largefile, []flagName{
		{f.tmpfile | f.directory, "O_TMPFILE"}, {f.sync | f.dsync, "O_SYNC"},
		{f.creat, "O_CREAT"}, {f.excl, "O_EXCL"}, {f.noctty, "O_NOCTTY"}, {f.trunc, "O_TRUNC"}, {f.appnd, "O_APPEND"},
		{f.nonblock, "O_NONBLOCK"}, {f.dsync, "O_DSYNC"}, {f.async, "O_ASYNC"}, {f.direct, "O_DIRECT"},
		{f.directory, "O_DIRECTORY"}, {f.nofollow, "O_NOFOLLOW"}, {f.noatime, "O_NOATIME"},
		{f.cloexec, "O_CLOEXEC"}, {f.path, "O_PATH"},
	})
	switch {
	case rest == "":
		return mode
	case flags&f.path != 0:
		return rest // the access mode means nothing
	}
	return mode + "|" + rest
}

// formatType names the type bits of a mknod; a regular file and a mkdir have none worth saying.
func formatType(mode uint32) string {
	switch mode & 0o170000 {
	case 0o020000:
		return "S_IFCHR"
	case 0o060000:
		return "S_IFBLK"
	case 0o010000:
		return "S_IFIFO"
	case 0o140000:
		return "S_IFSOCK"
	}
	return ""
}

// names returns the names of the bits as this call means them.
func (at *atFlags) names() []flagName {
	switch at {
	case atUnlink:
		return []flagName{{atRemoveDir, "AT_REMOVEDIR"}}
	case atUmount:
		return []flagName{{1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"}}
	case atPick:
		return []flagName{{1, "FSPICK_CLOEXEC"}, {2, "FSPICK_SYMLINK_NOFOLLOW"}, {4, "FSPICK_NO_AUTOMOUNT"},
			{8, "FSPICK_EMPTY_PATH"}}
	case atInotify:
		return nil // a mask of events says nothing about the object
	case atFanotify:
		return []flagName{{0x1, "FAN_MARK_ADD"}, {0x2, "FAN_MARK_REMOVE"}, {0x4, "FAN_MARK_DONT_FOLLOW"},
			{0x8, "FAN_MARK_ONLYDIR"}, {0x10, "FAN_MARK_MOUNT"}, {0x80, "FAN_MARK_FLUSH"}, {0x100, "FAN_MARK_FILESYSTEM"}}
	}
	names := []flagName{
		{atNoFollow, "AT_SYMLINK_NOFOLLOW"}, {atFollow, "AT_SYMLINK_FOLLOW"}, {atNoAutomount, "AT_NO_AUTOMOUNT"},
		{atEmptyPath, "AT_EMPTY_PATH"}, {atRecursive, "AT_RECURSIVE"},
	}
	switch at {
	case atAccess:
		names = append(names, flagName{atEaccess, "AT_EACCESS"})
	case atHandle:
		names = append(names, flagName{atHandleFID, "AT_HANDLE_FID"}, flagName{atHandleMntID, "AT_HANDLE_MNT_ID_UNIQUE"},
			flagName{atHandleConnect, "AT_HANDLE_CONNECTABLE"})
	case atExec:
		names = append(names, flagName{atExecveCheck, "AT_EXECVE_CHECK"})
	case atTree:
		names = append(names, flagName{1, "OPEN_TREE_CLONE"})
	case atStat:
		names = append(names, flagName{0x2000, "AT_STATX_FORCE_SYNC"}, flagName{0x4000, "AT_STATX_DONT_SYNC"})
	}
	return names
}

// formatBits joins the names of the bits that are set; bits without a name follow as a number, unless there are no
// names at all.
func formatBits(bits uint64, names []flagName) string {
	if len(names) == 0 {
		return ""
	}
	var parts []string
	for _, n := range names {
		if n.bits != 0 && bits&n.bits == n.bits {
			parts = append(parts, n.name)
			bits &^= n.bits
		}
	}
	if bits != 0 {
		parts = append(parts, fmt.Sprintf("%#x", bits))
	}
	return strings.Join(parts, "|")
}
