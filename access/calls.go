package access

import "sydbox/syscalls"

// specOf returns how to read a call; nil for a call that names no file.
func specOf(c *syscalls.Call) *spec { return calls[c.Name] }

// calls has every call that names, opens, makes, moves, changes or executes a file, by the names of asm/unistd.h. The
// numbers behind a name and its twins (chown32, truncate64) differ between ABIs, its arguments do not, save where a
// 64-bit argument comes before a path.
//
// Looking at a descriptor that the process holds is free (fstat, fgetxattr and twins are not here): opening it was
// judged, and reading what it holds costs no stop either. Changing it is not (fchmod, fsetxattr).
var calls = map[string]*spec{
	// Opening.
	"open":    {shape: open, path: a0, flags: a1, extra: a2},
	"openat":  {shape: open, dirfd: a0, path: a1, flags: a2, extra: a3},
	"creat":   {shape: open, path: a0, extra: a1, implied: func(f *openFlags) uint64 { return f.creat | f.trunc | oWronly }},
	"openat2": {shape: openHow, dirfd: a0, path: a1},

	// Names that appear.
	"mkdir":      {shape: makeName, path: a0, rule: newDir},
	"mkdirat":    {shape: makeName, dirfd: a0, path: a1, rule: newDir},
	"mknod":      {shape: makeName, path: a0, rule: newName, extra: a1},
	"mknodat":    {shape: makeName, dirfd: a0, path: a1, rule: newName, extra: a2},
	"spu_create": {shape: makeName, path: a0, rule: newDir},
	"symlink":    {shape: makeLink, path: a1, rule: newName, extra: a0},
	"symlinkat":  {shape: makeLink, dirfd: a1, path: a2, rule: newName, extra: a0},
	"link":       {shape: hardLink, path: a0, path2: a1},
	"linkat":     {shape: hardLink, dirfd: a0, path: a1, dirfd2: a2, path2: a3, flags: a4, at: atLink},

	// Addresses. Binding a unix socket also makes a file.
	"bind":       {shape: socketCall, op: Bind | Create},
	"listen":     {shape: socketCall, op: Bind},
	"connect":    {shape: socketCall, op: Connect},
	"sendto":     {shape: socketCall, op: Connect, flags: a3, path: a4},
	"sendmsg":    {shape: socketCall, op: Connect, flags: a2},
	"sendmmsg":   {shape: socketCall, op: Connect, flags: a3},
	"socketcall": {shape: socketcall, extra: a0, path: a1},

	// Names that go away or move.
	"unlink":    {shape: removeName, path: a0, rule: notDir},
	"unlinkat":  {shape: removeName, dirfd: a0, path: a1, flags: a2, at: atUnlink, rule: unlinkFlags},
	"rmdir":     {shape: removeName, path: a0, rule: emptyDir},
	"rename":    {shape: renameName, path: a0, path2: a1},
	"renameat":  {shape: renameName, dirfd: a0, path: a1, dirfd2: a2, path2: a3},
	"renameat2": {shape: renameName, dirfd: a0, path: a1, dirfd2: a2, path2: a3, extra: a4},

	// Content by name.
	"truncate":   {op: Write, path: a0, follow: true, rule: regular},
	"truncate64": {op: Write, path: a0, follow: true, rule: regular},

	// Mode, owner and times.
	"chmod":            {op: Attr, path: a0, follow: true},
	"fchmod":           {op: Attr, dirfd: a0},
	"fchmodat":         {op: Attr, dirfd: a0, path: a1, follow: true}, // the kernel has no flags here: chmod(2), VERSIONS
	"fchmodat2":        {op: Attr, dirfd: a0, path: a1, flags: a3, at: atPlain, follow: true},
	"chown":            {op: Attr, path: a0, follow: true},
	"chown32":          {op: Attr, path: a0, follow: true},
	"lchown":           {op: Attr, path: a0},
	"lchown32":         {op: Attr, path: a0},
	"fchown":           {op: Attr, dirfd: a0},
	"fchown32":         {op: Attr, dirfd: a0},
	"fchownat":         {op: Attr, dirfd: a0, path: a1, flags: a4, at: atPlain, follow: true},
	"utime":            {op: Attr, path: a0, follow: true},
	"utimes":           {op: Attr, path: a0, follow: true},
	"futimesat":        {op: Attr, dirfd: a0, path: a1, follow: true, null: nullIsFD},
	"utimensat":        {op: Attr, dirfd: a0, path: a1, flags: a3, at: atPlain, follow: true, null: nullIsFD},
	"utimensat_time64": {op: Attr, dirfd: a0, path: a1, flags: a3, at: atPlain, follow: true, null: nullIsFD},

	// Extended attributes. The *at calls (6.13) have their flags before the name of the attribute.
	"setxattr":      {op: Attr, path: a0, follow: true},
	"lsetxattr":     {op: Attr, path: a0},
	"fsetxattr":     {op: Attr, dirfd: a0},
	"setxattrat":    {op: Attr, dirfd: a0, path: a1, flags: a2, at: atPlain, follow: true, null: nullIsEmpty},
	"removexattr":   {op: Attr, path: a0, follow: true},
	"lremovexattr":  {op: Attr, path: a0},
	"fremovexattr":  {op: Attr, dirfd: a0},
	"removexattrat": {op: Attr, dirfd: a0, path: a1, flags: a2, at: atPlain, follow: true, null: nullIsEmpty},
	"getxattr":      {op: Stat, path: a0, follow: true},
	"lgetxattr":     {op: Stat, path: a0},
	"getxattrat":    {op: Stat, dirfd: a0, path: a1, flags: a2, at: atPlain, follow: true, null: nullIsEmpty, held: true},
	"listxattr":     {op: Stat, path: a0, follow: true},
	"llistxattr":    {op: Stat, path: a0},
	"listxattrat":   {op: Stat, dirfd: a0, path: a1, flags: a2, at: atPlain, follow: true, null: nullIsEmpty, held: true},

	// File flags, by name (6.17) and by descriptor.
	"file_setattr": {op: Attr, dirfd: a0, path: a1, flags: a4, at: atPlain, follow: true, null: nullIsEmpty},
	"file_getattr": {op: Stat, dirfd: a0, path: a1, flags: a4, at: atPlain, follow: true, null: nullIsEmpty, held: true},
	"ioctl":        {shape: fileIoctl, dirfd: a0, extra: a1},
	"fcntl":        {shape: fileLease, dirfd: a0, extra: a1},
	"fcntl64":      {shape: fileLease, dirfd: a0, extra: a1},

	// Looking.
	"access":     {op: Stat, path: a0, follow: true},
	"faccessat":  {op: Stat, dirfd: a0, path: a1, follow: true}, // no flags in the kernel: access(2)
	"faccessat2": {op: Stat, dirfd: a0, path: a1, flags: a3, at: atAccess, follow: true},
	"stat":       {op: Stat, path: a0, follow: true},
	"stat64":     {op: Stat, path: a0, follow: true},
	"oldstat":    {op: Stat, path: a0, follow: true},
	"lstat":      {op: Stat, path: a0},
	"lstat64":    {op: Stat, path: a0},
	"oldlstat":   {op: Stat, path: a0},
	"newfstatat": {op: Stat, dirfd: a0, path: a1, flags: a3, at: atStat,
		follow: true, null: nullIsEmpty, held: true},
	"fstatat64": {op: Stat, dirfd: a0, path: a1, flags: a3, at: atStat,
		follow: true, null: nullIsEmpty, held: true},
	"statx": {op: Stat, dirfd: a0, path: a1, flags: a2, at: atStat,
		follow: true, null: nullIsEmpty, held: true},
	"statfs":            {op: Stat, path: a0, follow: true},
	"statfs64":          {op: Stat, path: a0, follow: true},
	"readlink":          {op: Stat, path: a0, extra: a2, rule: symlink},
	"readlinkat":        {op: Stat, dirfd: a0, path: a1, extra: a3, rule: symlink},
	"name_to_handle_at": {op: Stat, dirfd: a0, path: a1, flags: a4, at: atHandle},
	"inotify_add_watch": {op: Stat, path: a1, flags: a2, at: atInotify, follow: true},
	"fanotify_mark":     {op: Stat, dirfd: a3, path: a4, flags: a1, at: atFanotify, follow: true, null: nullIsAnyFD},

	// Where names start.
	"chdir":  {op: Stat, path: a0, follow: true, rule: directory},
	"fchdir": {op: Stat, dirfd: a0, rule: directory},
	"chroot": {op: Stat, path: a0, follow: true, rule: directory},

	// Becoming a program. Execution is not reading: a program may be executable and not readable.
	"execve":   {op: Exec, path: a0, follow: true, rule: executable},
	"execv":    {op: Exec, path: a0, follow: true, rule: executable},
	"execveat": {op: Exec, dirfd: a0, path: a1, flags: a4, at: atExec, follow: true, rule: executable},
	"uselib":   {op: Read, path: a0, follow: true},

	// Refused unless the policy lifts it; then at least the names count.
	"acct":           {op: Write, path: a0, follow: true, null: nullIsNothing},
	"swapon":         {op: Write, path: a0, follow: true},
	"swapoff":        {op: Write, path: a0, follow: true},
	"quotactl":       {op: Write, path: a1, follow: true, null: nullIsNothing},
	"quotactl_fd":    {op: Write, dirfd: a0},
	"mount":          {op: Write, path: a1, follow: true},
	"umount":         {op: Write, path: a0, follow: true},
	"umount2":        {op: Write, path: a0, flags: a1, at: atUmount, follow: true},
	"pivot_root":     {shape: twoObjects, op: Write, path: a0, path2: a1, follow: true},
	"move_mount":     {shape: twoObjects, op: Write, dirfd: a0, path: a1, dirfd2: a2, path2: a3, extra: a4},
	"mount_setattr":  {op: Write, dirfd: a0, path: a1, flags: a2, at: atMount, follow: true},
	"open_tree":      {op: Stat, dirfd: a0, path: a1, flags: a2, at: atTree, follow: true},
	"open_tree_attr": {op: Write, dirfd: a0, path: a1, flags: a2, at: atTree, follow: true},
	"fspick":         {op: Write, dirfd: a0, path: a1, flags: a2, at: atPick, follow: true},
}
