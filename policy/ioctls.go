package policy

import (
	"sync"
	"syscall"

	"sydbox/syscalls"
)

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
	{"tiocsti", 0x4b4b, "KDSKBDIACR"},
	{"tiocsti", 0x4b4d, "KDSETKEYCODE"},
	{"tiocsti", 0x4bfb, "KDSKBDIACRUC"},

	// What the kernel and others write to the console comes to this terminal from then on.
	{"tiocsti", 0x541d, "TIOCCONS"},

	// The call vhangup for any terminal.
	{"vhangup", 0x5437, "TIOCVHANGUP"},

	// A mounted file system without a path, from /dev/autofs.
	{"mount", 0x9374, "AUTOFS_DEV_IOCTL_OPENMOUNT"},

	// Keys of encrypted directories: taking one away closes its files to everybody.
	{"keys", 0x6617, "FS_IOC_ADD_ENCRYPTION_KEY"},
	{"keys", 0x6618, "FS_IOC_REMOVE_ENCRYPTION_KEY"},
	{"keys", 0x6619, "FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS"},

	// open_by_handle_at and its kin by another name.
	{"handles", 0x586b, "XFS_IOC_OPEN_BY_HANDLE"},
	{"handles", 0x586c, "XFS_IOC_READLINK_BY_HANDLE"},
	{"handles", 0x587a, "XFS_IOC_ATTRLIST_BY_HANDLE"},
	{"handles", 0x587b, "XFS_IOC_ATTRMULTI_BY_HANDLE"},
	// Files by numbers, or as a stream of everything.
	{"handles", 0x9411, "BTRFS_IOC_TREE_SEARCH"},
	{"handles", 0x9426, "BTRFS_IOC_SEND"},
	// Names that are made and removed by paths in memory.
	{"handles", 0x6f04, "OCFS2_IOC_REFLINK"},
	{"handles", 0xbc10, "BCH_IOCTL_SUBVOLUME_CREATE"},
	{"handles", 0xbc11, "BCH_IOCTL_SUBVOLUME_DESTROY"},
	{"handles", 0xbc40, "BCHFS_IOC_REINHERIT_ATTRS"},

	// Whole disks and file systems.
	{"disks", 0x2285, "SG_IO"},
	{"disks", 0x4e41, "NVME_IOCTL_ADMIN_CMD"},
	{"disks", 0x4e42, "NVME_IOCTL_SUBMIT_IO"},
	{"disks", 0x4e43, "NVME_IOCTL_IO_CMD"},
	{"disks", 0x4e44, "NVME_IOCTL_RESET"},
	{"disks", 0x4e45, "NVME_IOCTL_SUBSYS_RESET"},
	{"disks", 0x4e47, "NVME_IOCTL_ADMIN64_CMD"},
	{"disks", 0x4e48, "NVME_IOCTL_IO64_CMD"},
	{"disks", 0x0001, "SCSI_IOCTL_SEND_COMMAND"},
	{"disks", 0x5393, "CDROM_SEND_PACKET"},
	{"disks", 0x031d, "HDIO_DRIVE_TASKFILE"},
	{"disks", 0x031e, "HDIO_DRIVE_TASK"},
	{"disks", 0x031f, "HDIO_DRIVE_CMD"},
	{"disks", 0x125d, "BLKROSET"},
	{"disks", 0x125f, "BLKRRPART"},
	{"disks", 0x1269, "BLKPG"},
	{"disks", 0x1271, "BLKBSZSET"},
	{"disks", 0x4c00, "LOOP_SET_FD"},
	{"disks", 0x4c01, "LOOP_CLR_FD"},
	{"disks", 0x4c02, "LOOP_SET_STATUS"},
	{"disks", 0x4c04, "LOOP_SET_STATUS64"},
	{"disks", 0x4c06, "LOOP_CHANGE_FD"},
	{"disks", 0x4c07, "LOOP_SET_CAPACITY"},
	{"disks", 0x4c08, "LOOP_SET_DIRECT_IO"},
	{"disks", 0x4c09, "LOOP_SET_BLOCK_SIZE"},
	{"disks", 0x4c0a, "LOOP_CONFIGURE"},
	{"disks", 0x4c80, "LOOP_CTL_ADD"},
	{"disks", 0x4c81, "LOOP_CTL_REMOVE"},
	{"disks", 0xfd01, "DM_REMOVE_ALL"},
	{"disks", 0xfd03, "DM_DEV_CREATE"},
	{"disks", 0xfd04, "DM_DEV_REMOVE"},
	{"disks", 0xfd05, "DM_DEV_RENAME"},
	{"disks", 0xfd06, "DM_DEV_SUSPEND"},
	{"disks", 0xfd09, "DM_TABLE_LOAD"},
	{"disks", 0xfd0a, "DM_TABLE_CLEAR"},
	{"disks", 0xfd0e, "DM_TARGET_MSG"},
	{"disks", 0x0920, "CLEAR_ARRAY"},
	{"disks", 0x0921, "ADD_NEW_DISK"},
	{"disks", 0x0922, "HOT_REMOVE_DISK"},
	{"disks", 0x0923, "SET_ARRAY_INFO"},
	{"disks", 0x0928, "HOT_ADD_DISK"},
	{"disks", 0x0929, "SET_DISK_FAULTY"},
	{"disks", 0x0930, "RUN_ARRAY"},
	{"disks", 0x0932, "STOP_ARRAY"},
	{"disks", 0x0933, "STOP_ARRAY_RO"},
	{"disks", 0xab00, "NBD_SET_SOCK"},
	{"disks", 0xab03, "NBD_DO_IT"},
	{"disks", 0xab04, "NBD_CLEAR_SOCK"},
	{"disks", 0xab08, "NBD_DISCONNECT"},
	{"disks", 0x5877, "FIFREEZE"},
	{"disks", 0x5878, "FITHAW"},
	{"disks", 0x5879, "FITRIM"},
	{"disks", 0x9432, "FS_IOC_SETFSLABEL"},
	{"disks", 0x587d, "FS_IOC_SHUTDOWN"},
	{"disks", 0x583c, "XFS_IOC_SCRUB_METADATA"},
	{"disks", 0x5840, "XFS_IOC_SCRUBV_METADATA"},
	{"disks", 0x5870, "XFS_IOC_FSGROWFSRT"},
	{"disks", 0x5872, "XFS_IOC_SET_RESBLKS"},
	{"disks", 0x586e, "XFS_IOC_FSGROWFSDATA"},
	{"disks", 0x586f, "XFS_IOC_FSGROWFSLOG"},
	{"disks", 0x6607, "EXT4_IOC_GROUP_EXTEND"},
	{"disks", 0x6608, "EXT4_IOC_GROUP_ADD"},
	{"disks", 0x6610, "EXT4_IOC_RESIZE_FS"},
	{"disks", 0x662b, "EXT4_IOC_CHECKPOINT"},
	{"disks", 0x662c, "EXT4_IOC_SETFSUUID"},
	{"disks", 0x6880, "HFSPLUS_IOC_BLESS"},
	{"disks", 0x662e, "EXT4_IOC_SET_TUNE_SB_PARAM"},
	{"disks", 0x6e80, "NILFS_IOCTL_CHANGE_CPMODE"},
	{"disks", 0x6e81, "NILFS_IOCTL_DELETE_CHECKPOINT"},
	{"disks", 0x6e88, "NILFS_IOCTL_CLEAN_SEGMENTS"},
	{"disks", 0x6e8b, "NILFS_IOCTL_RESIZE"},
	{"disks", 0xf510, "F2FS_IOC_RESIZE_FS"},
	{"disks", 0x9403, "BTRFS_IOC_RESIZE"},
	{"disks", 0x9405, "BTRFS_IOC_FORGET_DEV"},
	{"disks", 0x940c, "BTRFS_IOC_BALANCE"},
	{"disks", 0x941b, "BTRFS_IOC_SCRUB"},
	{"disks", 0x9420, "BTRFS_IOC_BALANCE_V2"},
	{"disks", 0x9421, "BTRFS_IOC_BALANCE_CTL"},
	{"disks", 0x9439, "BTRFS_IOC_SET_FEATURES"},
	{"quota", 0x9428, "BTRFS_IOC_QUOTA_CTL"},
	{"quota", 0x9429, "BTRFS_IOC_QGROUP_ASSIGN"},
	{"quota", 0x942a, "BTRFS_IOC_QGROUP_CREATE"},
	{"quota", 0x942b, "BTRFS_IOC_QGROUP_LIMIT"},
	{"quota", 0x942c, "BTRFS_IOC_QUOTA_RESCAN"},
	{"disks", 0x940a, "BTRFS_IOC_ADD_DEV"},
	{"disks", 0x940b, "BTRFS_IOC_RM_DEV"},
	{"disks", 0x9435, "BTRFS_IOC_DEV_REPLACE"},
	{"disks", 0x943a, "BTRFS_IOC_RM_DEV_V2"},
}

// ioctlConditions are the refusals of ioctl that are the same on every machine.
var ioctlConditions = sync.OnceValue(func() (list []condition) {
	for _, r := range refusedIoctls {
		c := condition{refusal: r.refusal, tests: tests(syscalls.Test{Arg: 1, Mask: requestMask, Value: r.request})}
		if r.refusal == "keys" {
			c.errno = syscall.ENOTTY // as a file system without encryption; ENOSYS is for calls
		}
		list = append(list, c)
	}
	return list
})

// ioctlNames is how people call the requests that are refused.
func ioctlNames() []value {
	names := []value{
		{requestMask, "type and number"},
		{0x5412, "TIOCSTI"}, {0x541c, "TIOCLINUX"}, {0x5472, "TIOCSTI"}, {0x5483, "TIOCLINUX"}, {0x80017472, "TIOCSTI"},
		{0x5452, "FIOASYNC"}, {0x667d, "FIOASYNC"}, {0x8901, "FIOSETOWN"}, {0x667c, "FIOSETOWN"}, {0x8902, "SIOCSPGRP"},
		{0x7308, "SIOCSPGRP"},
	}
	for _, r := range refusedIoctls {
		names = append(names, value{r.request, r.name})
	}
	return names
}
