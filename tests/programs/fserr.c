/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls on names of files, and their order: tables with one
 * row for each error of a manual page. Where two errors are possible, the row
 * says which one is told.
 *
 * Source: the ERRORS sections of the calls' manual pages (section 2).
 */
#include "t_rows.h"
#include <sys/mount.h>
#include <utime.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

#define USER 1001

static char long_name[300], long_path[5000];
/* Pairs of seconds and nanoseconds (or microseconds), 32 bits each, as the calls that are asked here take them. */
static long omit_both[] = { 0, UTIME_OMIT, 0, UTIME_OMIT };
static long bad_time[] = { 0, 1000000000, 0, 0 };
static long some_time[] = { 1, 0, 1, 0 };
static long bad_timeval[] = { 0, 1000000, 0, 0 };
static char buf[256];

static void make(const char *name, int mode)
{
	SYS(close(SYS(open(name, O_WRONLY | O_CREAT, 0600))));
	SYS(chmod(name, mode));
}

/*
 * What the rows speak of. f: a file; d: a directory with f in it; e: an empty one; l, dl, dangling, loop: symbolic links; all of root.
 * ro: a directory that the user cannot write; closed: one that the user cannot search; sticky: one of mode 01777; open: one of mode 0777.
 */
static void prepare(void)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	memset(long_path, '/', sizeof(long_path) - 1);
	umask(022);
	SYS(chmod(".", 0755));
	make("f", 0644);
	SYS(mkdir("d", 0755));
	make("d/f", 0644);
	SYS(mkdir("e", 0755));
	SYS(symlink("f", "l"));
	SYS(symlink("d", "dl"));
	SYS(symlink("none", "dangling"));
	SYS(symlink("loop", "loop"));
	SYS(mkfifo("fifo", 0644));
	SYS(mkdir("ro", 0755));
	make("ro/f", 0666);
	SYS(mkdir("ro/d", 0777));
	SYS(mkdir("closed", 0700));
	make("closed/f", 0666);
	SYS(mkdir("sticky", 0777));
	SYS(chmod("sticky", 01777));
	make("sticky/f", 0666);
	SYS(mkdir("sticky/d", 0777));
	SYS(mkdir("open", 0777));
	SYS(chmod("open", 0777));
	make("open/f", 0666);
	make("open/secret", 0600);
	SYS(mkdir("open/d", 0755));
	rows_fds("f");
}

static void become_user(void)
{
	SYS(setgid(USER));
	SYS(setuid(USER));
}

TEST_ROOT(opens)
{
	static const struct row rows[] = {
		ROW(open, EFAULT, BAD, O_RDONLY),
		ROW(open, ENOENT, S(""), O_RDONLY),
		ROW(open, ENOENT, S("none"), O_RDONLY),
		ROW(open, ENOENT, S("none/x"), O_RDONLY | O_CREAT, 0600),
		ROW(open, ENOTDIR, S("f/x"), O_RDONLY),
		ROW(open, ENOTDIR, S("f/"), O_RDONLY),
		ROW(open, ENOTDIR, S("l/"), O_RDONLY),
		ROW(open, ENOTDIR, S("f/."), O_RDONLY),
		ROW(open, ENAMETOOLONG, S(long_name), O_RDONLY),
		ROW(open, ENAMETOOLONG, S(long_path), O_RDONLY),
		ROW(open, ELOOP, S("loop"), O_RDONLY),
		ROW(open, ELOOP, S("l"), O_RDONLY | O_NOFOLLOW),
		ROW(open, ELOOP, S("dangling"), O_RDWR | O_CREAT | O_NOFOLLOW, 0600),
		ROW(open, ENOTDIR, S("l"), O_RDONLY | O_NOFOLLOW | O_DIRECTORY),
		ROW(open, ENOTDIR, S("f"), O_RDONLY | O_DIRECTORY),
		ROW(open, ENOTDIR, S("f"), O_PATH | O_DIRECTORY),
		ROW(open, EISDIR, S("d"), O_WRONLY),
		ROW(open, EISDIR, S("d"), O_RDONLY | O_TRUNC),
		ROW(open, EISDIR, S("d"), O_RDONLY | O_CREAT, 0600),
		ROW(open, EISDIR, S("dl"), O_RDONLY | O_CREAT, 0600),
		ROW(open, EISDIR, S("new/"), O_RDWR | O_CREAT, 0600),
		ROW(open, EISDIR, S("f/"), O_RDWR | O_CREAT, 0600),
		ROW(open, EISDIR, S("d/"), O_RDONLY | O_CREAT | O_EXCL, 0600),
		ROW(open, EISDIR, S("."), O_RDONLY | O_CREAT, 0600),
		ROW(open, EEXIST, S("."), O_RDONLY | O_CREAT | O_EXCL, 0600),
		ROW(open, EEXIST, S("/"), O_RDONLY | O_CREAT | O_EXCL, 0600),
		ROW(open, EEXIST, S("f"), O_RDONLY | O_CREAT | O_EXCL, 0600),
		ROW(open, EEXIST, S("d"), O_RDONLY | O_CREAT | O_EXCL, 0600),
		ROW(open, EEXIST, S("dangling"), O_RDONLY | O_CREAT | O_EXCL, 0600),
		ROW(open, EINVAL, S("f"), O_RDONLY | O_CREAT | O_DIRECTORY, 0600),
		ROW(open, EINVAL, BAD, O_RDONLY | O_CREAT | O_DIRECTORY, 0600),
		ROW(open, EINVAL, S("d"), O_RDONLY | O_TMPFILE, 0600),
		ROW(open, EINVAL, BAD, O_RDONLY | O_TMPFILE, 0600),
		ROW(open, EINVAL, S("d"), O_RDWR | (O_TMPFILE & ~O_DIRECTORY), 0600),
		ROW(open, ENOENT, S("none"), O_RDWR | O_TMPFILE, 0600),
		ROW(open, ENOTDIR, S("f"), O_RDWR | O_TMPFILE, 0600),
		ROW(open, ENXIO, S("fifo"), O_WRONLY | O_NONBLOCK),
		ROW(openat, EBADF, FD_CLOSED, S("f"), O_RDONLY),
		ROW(openat, ENOTDIR, FD_RD, S("f"), O_RDONLY),
		ROW(openat, ENOENT, FD_RD, S(""), O_RDONLY),
		ROW(openat, EFAULT, FD_CLOSED, BAD, O_RDONLY),
		ROW(creat, EISDIR, S("d"), 0600),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(opens_of_a_user)
{
	static const struct row rows[] = {
		ROW(open, EACCES, S("f"), O_WRONLY),
		ROW(open, EACCES, S("f"), O_RDONLY | O_TRUNC),
		ROW(open, EACCES, S("closed/f"), O_RDONLY),
		ROW(open, EACCES, S("closed/none"), O_RDONLY),
		ROW(open, EACCES, S("ro/new"), O_RDWR | O_CREAT, 0600),
		ROW(open, EEXIST, S("ro/f"), O_RDWR | O_CREAT | O_EXCL, 0600),
		ROW(open, EPERM, S("f"), O_RDONLY | O_NOATIME),
		ROW(open, EACCES, S("open/secret"), O_RDONLY | O_NOATIME),
		ROW(open, EACCES, S("ro"), O_RDWR | O_TMPFILE, 0600),
	};

	prepare();
	become_user();
	ROWS(rows);
}

TEST_ROOT(names_made)
{
	static const struct row rows[] = {
		ROW(mkdir, EFAULT, BAD, 0700),
		ROW(mkdir, ENOENT, S(""), 0700),
		ROW(mkdir, ENOENT, S("none/x"), 0700),
		ROW(mkdir, ENOTDIR, S("f/x"), 0700),
		ROW(mkdir, EEXIST, S("f"), 0700),
		ROW(mkdir, EEXIST, S("f/"), 0700),
		ROW(mkdir, EEXIST, S("dangling"), 0700),
		ROW(mkdir, EEXIST, S("."), 0700),
		ROW(mkdir, EEXIST, S("d/.."), 0700),
		ROW(mkdir, EEXIST, S("/"), 0700),
		ROW(mkdir, ENAMETOOLONG, S(long_name), 0700),
		ROW(mkdir, ELOOP, S("loop/x"), 0700),
		ROW(mkdirat, EBADF, FD_CLOSED, S("x"), 0700),
		ROW(mkdirat, ENOTDIR, FD_RD, S("x"), 0700),
		ROW(mknod, EPERM, S("new"), S_IFDIR | 0700, 0),
		ROW(mknod, EPERM, BAD, S_IFDIR | 0700, 0),
		ROW(mknod, EINVAL, BAD, 0170000, 0),
		ROW(mknod, EEXIST, S("f"), S_IFREG, 0),
		ROW(mknod, ENOENT, S("new/"), S_IFREG, 0),
		ROW(mknod, EEXIST, S("f/"), S_IFREG, 0),
		ROW(symlink, ENOENT, S(""), S("new")),
		ROW(symlink, EFAULT, BAD, S("new")),
		ROW(symlink, EEXIST, S("x"), S("f")),
		ROW(symlink, ENOENT, S("x"), S("new/")),
		ROW(symlink, ENAMETOOLONG, S(long_path), S("new")),
		ROW(symlinkat, EBADF, S("x"), FD_CLOSED, S("y")),
		ROW(symlinkat, ENOTDIR, S("x"), FD_RD, S("y")),
		ROW(link, ENOENT, S("none"), S("new")),
		ROW(link, ENOENT, S("none"), S("f")),
		ROW(link, EEXIST, S("f"), S("f")),
		ROW(link, EEXIST, S("f"), S("l")),
		ROW(link, EPERM, S("d"), S("new")),
		ROW(link, EEXIST, S("d"), S("f")),
		ROW(link, ENOENT, S("f"), S("new/")),
		ROW(link, ENOENT, S("f"), S("none/x")),
		ROW(link, EEXIST, S("/proc/self/stat"), S("f")),
		ROW(link, EXDEV, S("/proc/self/stat"), S("new")),
		ROW(linkat, EINVAL, AT_FDCWD, S("f"), AT_FDCWD, S("new"), 1),
		ROW(linkat, EBADF, FD_CLOSED, S("f"), AT_FDCWD, S("new"), 0),
		ROW(linkat, ENOENT, AT_FDCWD, S(""), AT_FDCWD, S("new"), 0),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(names_made_by_a_user)
{
	static const struct row rows[] = {
		ROW(mkdir, EACCES, S("ro/new"), 0700),
		ROW(mkdir, EEXIST, S("ro/f"), 0700),
		ROW(mkdir, EACCES, S("closed/new"), 0700),
		ROW(mknod, EPERM, S("open/new"), S_IFCHR, 0x103),
		ROW(mknod, EACCES, S("ro/new"), S_IFCHR, 0x103),
		ROW(mknod, EEXIST, S("ro/f"), S_IFCHR, 0x103),
		ROW(mknod, ENOENT, S("none/new"), S_IFBLK, 0x103),
		ROW(mknod, EACCES, S("ro/new"), S_IFIFO, 0),
		ROW(symlink, EACCES, S("x"), S("ro/new")),
		ROW(symlink, EEXIST, S("x"), S("ro/f")),
		ROW(link, EACCES, S("open/f"), S("ro/new")),
		ROW(link, EXDEV, S("/proc/self/stat"), S("ro/new")),
		ROW(link, EPERM, S("ro/d"), S("open/new")),
	};

	prepare();
	become_user();
	ROWS(rows);
}

TEST_ROOT(names_removed)
{
	static const struct row rows[] = {
		ROW(unlink, EFAULT, BAD),
		ROW(unlink, ENOENT, S("")),
		ROW(unlink, ENOENT, S("none")),
		ROW(unlink, ENOENT, S("none/")),
		ROW(unlink, ENOTDIR, S("f/x")),
		ROW(unlink, ENOTDIR, S("f/")),
		ROW(unlink, ENOTDIR, S("l/")),
		ROW(unlink, EISDIR, S("d")),
		ROW(unlink, EISDIR, S("d/")),
		ROW(unlink, EISDIR, S(".")),
		ROW(unlink, EISDIR, S("..")),
		ROW(unlink, EISDIR, S("/")),
		ROW(rmdir, ENOENT, S("none")),
		ROW(rmdir, ENOTDIR, S("f")),
		ROW(rmdir, ENOTDIR, S("dl")),
		ROW(rmdir, ENOTDIR, S("dl/")),
		ROW(rmdir, ENOTEMPTY, S("d")),
		ROW(rmdir, EINVAL, S("e/.")),
		ROW(rmdir, ENOTEMPTY, S("e/..")),
		ROW(rmdir, EBUSY, S("/")),
		ROW(rmdir, EBUSY, S("/proc")),
		ROW(unlinkat, EINVAL, AT_FDCWD, S("f"), 1),
		ROW(unlinkat, EINVAL, FD_CLOSED, S("f"), 1),
		ROW(unlinkat, EBADF, FD_CLOSED, S("f"), 0),
		ROW(unlinkat, ENOTDIR, FD_RD, S("f"), 0),
		ROW(rename, ENOENT, S("none"), S("f")),
		ROW(rename, ENOENT, S("f"), S("none/x")),
		ROW(rename, EBUSY, S("."), S("x")),
		ROW(rename, EBUSY, S("f"), S("d/.")),
		ROW(rename, EBUSY, S("d/.."), S("x")),
		ROW(rename, EISDIR, S("f"), S("e")),
		ROW(rename, ENOTDIR, S("e"), S("f")),
		ROW(rename, ENOTEMPTY, S("e"), S("d")),
		ROW(rename, ENOTDIR, S("f/"), S("x")),
		ROW(rename, ENOTDIR, S("f"), S("x/")),
		ROW(rename, EINVAL, S("d"), S("d/x")),
		ROW(rename, ENOTEMPTY, S("d/f"), S("d")),
		ROW(rename, EXDEV, S("f"), S("/proc/x")),
		ROW(rename, EXDEV, S("none"), S("/proc/x")),
		ROW(rename, ENAMETOOLONG, S("f"), S(long_name)),
		ROW(renameat2, EEXIST, AT_FDCWD, S("f"), AT_FDCWD, S("d"), RENAME_NOREPLACE),
		ROW(renameat2, EEXIST, AT_FDCWD, S("f"), AT_FDCWD, S("."), RENAME_NOREPLACE),
		ROW(renameat2, ENOENT, AT_FDCWD, S("none"), AT_FDCWD, S("d"), RENAME_NOREPLACE),
		ROW(renameat2, EINVAL, AT_FDCWD, BAD, AT_FDCWD, S("d"), 8),
		ROW(renameat2, EINVAL, AT_FDCWD, S("f"), AT_FDCWD, S("d"), RENAME_NOREPLACE | RENAME_EXCHANGE),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(names_removed_by_a_user)
{
	static const struct row rows[] = {
		ROW(unlink, EACCES, S("ro/f")),
		ROW(unlink, EACCES, S("ro/d")),
		ROW(unlink, ENOENT, S("ro/none")),
		ROW(unlink, EPERM, S("sticky/f")),
		ROW(unlink, EPERM, S("sticky/d")),
		ROW(rmdir, EACCES, S("ro/d")),
		ROW(rmdir, EACCES, S("ro/f")),
		ROW(rmdir, EPERM, S("sticky/d")),
		ROW(rmdir, EPERM, S("sticky/f")),
		ROW(rename, EACCES, S("ro/f"), S("open/x")),
		ROW(rename, EACCES, S("open/f"), S("ro/x")),
		ROW(rename, EACCES, S("open/f"), S("ro/f")),
		ROW(rename, EPERM, S("sticky/f"), S("sticky/x")),
		ROW(rename, EPERM, S("open/f"), S("sticky/f")),
		ROW(rename, EACCES, S("open/d"), S("sticky/x")),
		ROW(rename, 0, S("ro/f"), S("ro/f")),
	};

	prepare();
	become_user();
	ROWS(rows);
}

TEST_ROOT(attributes)
{
	static const struct row rows[] = {
		ROW(chmod, EFAULT, BAD, 0600),
		ROW(chmod, ENOENT, S("dangling"), 0600),
		ROW(fchmod, EBADF, FD_CLOSED, 0600),
		ROW(fchmod, EBADF, FD_PATH, 0600),
		ROW(chown, ENOENT, S("none"), 0, 0),
		ROW(fchown, EBADF, FD_PATH, 0, 0),
		ROW(fchownat, EINVAL, AT_FDCWD, S("f"), 0, 0, 1),
		ROW(fchownat, EINVAL, FD_CLOSED, BAD, 0, 0, 1),
		ROW(utimensat, EINVAL, AT_FDCWD, S("f"), S(bad_time), 0),
		ROW(utimensat, ENOENT, AT_FDCWD, S("none"), S(bad_time), 0),
		ROW(utimensat, EINVAL, AT_FDCWD, S("f"), 0, 1),
		ROW(utimensat, EFAULT, AT_FDCWD, S("none"), BAD, 1),
		ROW(utimensat, 0, AT_FDCWD, S("none"), S(omit_both), 0),
		ROW(utimensat, 0, FD_CLOSED, S("none"), S(omit_both), 1),
		ROW(utimensat, EFAULT, AT_FDCWD, 0, 0, 0),
		ROW(utimensat, EBADF, FD_CLOSED, 0, 0, 0),
		ROW(utimensat, EBADF, FD_PATH, 0, 0, 0),
		ROW(utimensat, EINVAL, FD_RD, 0, 0, AT_SYMLINK_NOFOLLOW),
		ROW(futimesat, EINVAL, AT_FDCWD, S("none"), S(bad_timeval)),
		ROW(utimes, EINVAL, S("none"), S(bad_timeval)),
		ROW(utime, EFAULT, S("none"), BAD),
		ROW(truncate, EINVAL, BAD, -1),
		ROW(truncate, EISDIR, S("d"), 0),
		ROW(truncate, EINVAL, S("fifo"), 0),
		ROW(truncate, ENOENT, S("none"), 0),
		ROW(ftruncate, EINVAL, FD_CLOSED, -1),
		ROW(ftruncate, EBADF, FD_CLOSED, 0),
		ROW(ftruncate, EBADF, FD_PATH, 0),
		ROW(ftruncate, EINVAL, FD_RD, 0),
		ROW(ftruncate, EINVAL, FD_DIR, 0),
		ROW(ftruncate, EINVAL, FD_PIPE_W, 0),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(attributes_by_a_user)
{
	static const struct row rows[] = {
		ROW(chmod, EPERM, S("ro/f"), 0600),
		ROW(chmod, EACCES, S("closed/f"), 0600),
		ROW(chown, EPERM, S("ro/f"), USER, -1),
		ROW(chown, EPERM, S("ro/f"), -1, USER),
		ROW(utimensat, EPERM, AT_FDCWD, S("ro/f"), S(some_time), 0),
		ROW(utimensat, EINVAL, AT_FDCWD, S("f"), S(bad_time), 0),
		ROW(utimensat, EACCES, AT_FDCWD, S("f"), 0, 0),
		ROW(utimensat, 0, AT_FDCWD, S("ro/f"), 0, 0),
		ROW(truncate, EACCES, S("f"), 0),
		ROW(truncate, EISDIR, S("ro"), 0),
		ROW(chroot, EPERM, S("d")),
		ROW(chroot, ENOTDIR, S("f")),
		ROW(chroot, EACCES, S("closed")),
		ROW(chroot, ENOENT, S("none")),
	};

	prepare();
	become_user();
	ROWS(rows);
}

TEST_ROOT(questions)
{
	static const struct row rows[] = {
		ROW(access, EINVAL, BAD, 8),
		ROW(access, EFAULT, BAD, 0),
		ROW(access, ENOTDIR, S("f/"), 0),
		ROW(access, EACCES, S("f"), X_OK),
		ROW(faccessat2, EINVAL, FD_CLOSED, BAD, 0, 1),
		ROW(faccessat2, EBADF, FD_CLOSED, S("f"), 0, 0),
		ROW(chdir, ENOTDIR, S("f")),
		ROW(chdir, ENOENT, S("none")),
		ROW(chdir, EFAULT, BAD),
		ROW(fchdir, EBADF, FD_CLOSED),
		ROW(fchdir, ENOTDIR, FD_RD),
		ROW(fchdir, ENOTDIR, FD_PATH),
		ROW(readlink, EINVAL, S("none"), S(buf), 0),
		ROW(readlink, EINVAL, BAD, S(buf), -1),
		ROW(readlink, EINVAL, S("f"), S(buf), 9),
		ROW(readlink, ENOENT, S(""), S(buf), 9),
		ROW(readlink, EFAULT, S("l"), BAD, 9),
		ROW(readlink, EINVAL, S("dl/"), S(buf), 9),
		ROW(readlinkat, ENOENT, FD_RD, S(""), S(buf), 9),
		ROW(readlinkat, ENOENT, AT_FDCWD, S(""), S(buf), 9),
		ROW(readlinkat, EBADF, FD_CLOSED, S("l"), S(buf), 9),
		ROW(stat64, EFAULT, S("f"), BAD),
		ROW(stat64, ENOENT, S("none"), BAD),
		ROW(stat64, ENOTDIR, S("f/"), S(buf)),
		ROW(lstat64, ENOTDIR, S("l/"), S(buf)),
		ROW(fstat64, EBADF, FD_CLOSED, BAD),
		ROW(fstatat64, EINVAL, FD_CLOSED, S("f"), BAD, 1),
		ROW(fstatat64, ENOENT, AT_FDCWD, S(""), S(buf), 0),
		ROW(statx, EINVAL, AT_FDCWD, S("f"), 0x6000, 0, S(buf)),
		ROW(statx, EINVAL, AT_FDCWD, S("f"), 0, 0x80000000, S(buf)),
		ROW(statx, EINVAL, AT_FDCWD, S("f"), 1, 0, S(buf)),
		ROW(statx, EFAULT, AT_FDCWD, S("f"), 0, 0, BAD),
		ROW(statfs64, EINVAL, S("f"), 1, S(buf)),
		ROW(statfs64, EINVAL, S("none"), 1, S(buf)),
		ROW(fstatfs64, EINVAL, FD_CLOSED, 1, S(buf)),
		ROW(getcwd, ERANGE, S(buf), 1),
		ROW(getcwd, EFAULT, BAD, 256),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(mounts)
{
	static const struct row rows[] = {
		ROW(umount2, EINVAL, BAD, 0x80),
		ROW(umount2, ENOENT, S("none"), 0),
		ROW(umount2, EINVAL, S("f"), 0),
		ROW(mount, ENOENT, S("none"), S("none"), S("tmpfs"), 0, 0),
		ROW(mount, ENODEV, S("none"), S("d"), S("nosuchfs"), 0, 0),
		ROW(mount, EFAULT, S("none"), S("d"), BAD, 0, 0),
		ROW(mount, EFAULT, S("none"), BAD, S("tmpfs"), 0, 0),
		ROW(mount, EINVAL, S("none"), S("d"), 0, 0, 0),
		ROW(mount, ENOTDIR, S("none"), S("f"), S("tmpfs"), 0, 0),
		ROW(mount, EINVAL, S("none"), S("d"), S("tmpfs"), MS_REMOUNT, 0),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(mounts_of_a_user)
{
	static const struct row rows[] = {
		ROW(umount2, EINVAL, BAD, 0x80),
		ROW(umount2, ENOENT, S("none"), 0),
		ROW(umount2, EPERM, S("f"), 0),
		ROW(mount, ENOENT, S("none"), S("none"), S("tmpfs"), 0, 0),
		ROW(mount, EFAULT, S("none"), BAD, S("tmpfs"), 0, 0),
		ROW(mount, EPERM, S("none"), S("d"), S("nosuchfs"), 0, 0),
		ROW(mount, EPERM, S("none"), S("f"), S("tmpfs"), 0, 0),
	};

	prepare();
	become_user();
	ROWS(rows);
}

/* A size limit is for what grows. */
TEST_ROOT(truncate_to_the_limit)
{
	struct rlimit rl = { 1000, 1000 };
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	prepare();
	fd = SYS(open("f", O_RDWR));
	SYS(ftruncate(fd, 5000));
	SYS(setrlimit(RLIMIT_FSIZE, &rl));
	SYS(ftruncate(fd, 4000));
	SYS(truncate("f", 3000));
	SYS(ftruncate(fd, 3000));
	CHECK_ERR(ftruncate(fd, 3001), EFBIG);
	CHECK_ERR(truncate("f", 4000), EFBIG);
	SYS(ftruncate(fd, 10));
	SYS(ftruncate(fd, 1000));
	CHECK_ERR(ftruncate(fd, 1001), EFBIG);
}

T_NO_HOOK
