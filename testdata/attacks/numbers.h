/* Numbers: those of i386 for int $0x80, and -1 for calls that a machine, or its C library's headers, does not have. */
#ifndef NUMBERS_H
#define NUMBERS_H
enum {
	I386_open = 5, I386_creat = 8, I386_link = 9, I386_unlink = 10, I386_execve = 11, I386_chdir = 12, I386_mknod = 14,
	I386_chmod = 15, I386_lchown = 198, I386_utime = 30, I386_access = 33, I386_rename = 38, I386_mkdir = 39,
	I386_rmdir = 40, I386_chroot = 61, I386_symlink = 83, I386_readlink = 85, I386_truncate = 92, I386_fchmod = 94,
	I386_fchown = 207, I386_chown = 212, I386_setxattr = 226, I386_lsetxattr = 227, I386_fsetxattr = 228,
	I386_removexattr = 235, I386_lremovexattr = 236, I386_fremovexattr = 237, I386_utimes = 271, I386_openat = 295,
	I386_mkdirat = 296, I386_mknodat = 297, I386_fchownat = 298, I386_futimesat = 299, I386_unlinkat = 301,
	I386_renameat = 302, I386_linkat = 303, I386_symlinkat = 304, I386_fchmodat = 306, I386_utimensat = 320,
	I386_renameat2 = 353, I386_execveat = 358, I386_socket = 359, I386_bind = 361, I386_openat2 = 437,
	I386_fchmodat2 = 452, I386_setxattrat = 463, I386_removexattrat = 466, I386_file_setattr = 469, I386_ioctl = 54,
	I386_acct = 51, I386_mount = 21, I386_clone = 120, I386_vfork = 190, I386_fork = 2, I386_io_uring_setup = 425,
	I386_clone3 = 435, I386_name_to_handle_at = 341, I386_open_by_handle_at = 342, I386_fchdir = 133,
	I386_truncate64 = 193, I386_chown16 = 182, I386_lchown16 = 16, I386_fchown16 = 95, I386_socketcall = 102,
	I386_utimensat_time64 = 412, I386_unshare = 310, I386_getxattr = 229, I386_readlinkat = 305, I386_statx = 383
};

#ifndef SYS_open
#define SYS_open -1
#define SYS_creat -1
#define SYS_link -1
#define SYS_unlink -1
#define SYS_mknod -1
#define SYS_chmod -1
#define SYS_chown -1
#define SYS_lchown -1
#define SYS_utime -1
#define SYS_utimes -1
#define SYS_futimesat -1
#define SYS_access -1
#define SYS_rename -1
#define SYS_mkdir -1
#define SYS_rmdir -1
#define SYS_symlink -1
#define SYS_readlink -1
#define SYS_vfork -1
#define SYS_fork -1
#endif
#ifndef SYS_utime /* EABI arm has the others */
#define SYS_utime -1
#endif
#ifndef SYS_renameat
#define SYS_renameat -1
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
/* Numbers from here on are the same on every machine. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#endif
