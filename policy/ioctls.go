package policy

import "sydbox/syscalls"

// requestMask is the part of an ioctl request that says which one it is: its type and number. The rest is the size and
// direction of its argument, which differ between machines and kernels.
const requestMask = 0xffff

// refusedIoctls are requests that reach around the rules although their descriptor was opened for reading only. Most
// need root, or a device that only root may open.
var refusedIoctls = []struct {
	refusal string
	request uint64 // type and number
	name    string
}{
	// /dev/userfaultfd gives what the call userfaultfd gives.
	{"userfaultfd", 0xaa00, "USERFAULTFD_IOC_NEW"},

	// Redefining keys of a console is typing into it.
	{"tiocsti", 0x4b47, "KDSKBENT"},
	{"tiocsti", 0x4b49, "KDSKBSENT"},

	// open_by_handle_at and its kin by another name.
	{"handles", 0x586b, "XFS_IOC_OPEN_BY_HANDLE"},
	{"handles", 0x586c, "XFS_IOC_READLINK_BY_HANDLE"},
	{"handles", 0x587a, "XFS_IOC_ATTRLIST_BY_HANDLE"},
	{"handles", 0x587b, "XFS_IOC_ATTRMULTI_BY_HANDLE"},

	// Whole disks and file systems.
	{"disks", 0x2285, "SG_IO"},
	{"disks", 0x4e41, "NVME_IOCTL_ADMIN_CMD"},
	{"disks", 0x4e42, "NVME_IOCTL_SUBMIT_IO"},
	{"disks", 0x4e43, "NVME_IOCTL_IO_CMD"},
	{"disks", 0x4e44, "NVME_IOCTL_RESET"},
	{"disks", 0x4e45, "NVME_IOCTL_SUBSYS_RESET"},
	{"disks", 0x4e47, "NVME_IOCTL_ADMIN64_CMD"},
	{"disks", 0x4e48, "NVME_IOCTL_IO64_CMD"},
	{"disks", 0x125d, "BLKROSET"},
	{"disks", 0x1269, "BLKPG"},
	{"disks", 0x4c00, "LOOP_SET_FD"},
	{"disks", 0x4c01, "LOOP_CLR_FD"},
	{"disks", 0x4c02, "LOOP_SET_STATUS"},
	{"disks", 0x4c04, "LOOP_SET_STATUS64"},
	{"disks", 0x4c06, "LOOP_CHANGE_FD"},
	{"disks", 0x4c07, "LOOP_SET_CAPACITY"},
	{"disks", 0x4c0a, "LOOP_CONFIGURE"},
	{"disks", 0xfd03, "DM_DEV_CREATE"},
	{"disks", 0xfd04, "DM_DEV_REMOVE"},
	{"disks", 0xfd09, "DM_TABLE_LOAD"},
	{"disks", 0x587d, "FS_IOC_SHUTDOWN"},
	{"disks", 0x586e, "XFS_IOC_FSGROWFSDATA"},
	{"disks", 0x586f, "XFS_IOC_FSGROWFSLOG"},
	{"disks", 0x6607, "EXT4_IOC_GROUP_EXTEND"},
	{"disks", 0x6608, "EXT4_IOC_GROUP_ADD"},
	{"disks", 0x6610, "EXT4_IOC_RESIZE_FS"},
	{"disks", 0x662c, "EXT4_IOC_SETFSUUID"},
	{"disks", 0x9403, "BTRFS_IOC_RESIZE"},
	{"disks", 0x940a, "BTRFS_IOC_ADD_DEV"},
	{"disks", 0x940b, "BTRFS_IOC_RM_DEV"},
	{"disks", 0x9435, "BTRFS_IOC_DEV_REPLACE"},
	{"disks", 0x943a, "BTRFS_IOC_RM_DEV_V2"},
}

// ioctlConditions are the refusals of ioctl for a machine with these terminal requests.
func ioctlConditions(tiocsti, tioclinux uint32) []condition {
	list := terminalConditions(tiocsti, tioclinux)
	for _, r := range refusedIoctls {
		list = append(list, condition{refusal: r.refusal, tests: tests(
			syscalls.Test{Arg: 1, Mask: requestMask, Value: r.request})})
	}
	return list
}

// ioctlNames is how people call the requests that are refused.
func ioctlNames() []value {
	names := []value{
		{requestMask, "type and number"},
		{0x5412, "TIOCSTI"}, {0x541c, "TIOCLINUX"}, {0x5472, "TIOCSTI"}, {0x5483, "TIOCLINUX"}, {0x80017472, "TIOCSTI"},
	}
	for _, r := range refusedIoctls {
		names = append(names, value{r.request, r.name})
	}
	return names
}
