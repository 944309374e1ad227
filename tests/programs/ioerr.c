/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls whose matter the kernel lacks in part (sockets,
 * extended attributes, splicing), of the forms of calls that are rarely used,
 * and of what descriptors can be asked for.
 *
 * Source: the ERRORS sections of the calls' manual pages (section 2).
 */
#include "t_rows.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>

#define NO_PID 32001 /* of no process, group or session of a test machine, nor of a fresh Linux */
#ifndef F_SETOWN_EX
#define F_SETOWN_EX 15
#define F_GETOWN_EX 16
#endif

static char buf[1024], long_name[300];
static long iov_ok[] = { 0, 5 }, iov_bad[] = { BAD, 5 };
static long long off_negative = -1;
static long bad_timespec[] = { 0, 1000000000 };
static long long bad_timespec64[] = { 0, 1000000000 };
static long empty_lock[4], no_type_lock[8];

static void prepare(void)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	t_put("f", "hello, hello", 12);
	SYS(symlink("f", "l"));
	rows_fds("f");
	iov_ok[0] = (long)buf;
	signal(SIGPIPE, SIG_IGN);
}

TEST(sockets)
{
	static const struct row rows[] = {
		ROW(socket, EAFNOSUPPORT, 999, SOCK_STREAM, 0),
		ROW(socket, EINVAL, 999, 99, 0),
		ROW(socket, EINVAL, AF_UNIX, 0x8000 | SOCK_STREAM, 0),
		ROW(socketpair, EAFNOSUPPORT, 999, SOCK_STREAM, 0, S(buf)),
		ROW(socketpair, EINVAL, 999, 99, 0, BAD),
		ROW(bind, EBADF, FD_CLOSED, BAD, 0),
		ROW(bind, ENOTSOCK, FD_RD, BAD, 0),
		ROW(connect, EBADF, FD_CLOSED, BAD, 0),
		ROW(connect, EFAULT, FD_RD, BAD, 8),
		ROW(connect, ENOTSOCK, FD_RD, S(buf), 8),
		ROW(listen, EBADF, FD_CLOSED, 1),
		ROW(listen, ENOTSOCK, FD_RD, 1),
		ROW(accept4, EINVAL, FD_RD, 0, 0, 1),
		ROW(accept4, EBADF, FD_CLOSED, 0, 0, 0),
		ROW(accept4, ENOTSOCK, FD_RD, 0, 0, 0),
		ROW(getsockopt, EBADF, FD_CLOSED, 1, 1, BAD, BAD),
		ROW(getsockopt, ENOTSOCK, FD_RD, 1, 1, BAD, BAD),
		ROW(setsockopt, EBADF, FD_CLOSED, 1, 1, BAD, 4),
		ROW(setsockopt, ENOTSOCK, FD_RD, 1, 1, BAD, 4),
		ROW(getsockname, EBADF, FD_CLOSED, BAD, BAD),
		ROW(getsockname, ENOTSOCK, FD_RD, BAD, BAD),
		ROW(getpeername, EBADF, FD_CLOSED, BAD, BAD),
		ROW(getpeername, ENOTSOCK, FD_RD, BAD, BAD),
		ROW(sendto, EBADF, FD_CLOSED, S(buf), 1, 0, 0, 0),
		ROW(sendto, ENOTSOCK, FD_RD, S(buf), 1, 0, 0, 0),
		ROW(recvfrom, EBADF, FD_CLOSED, S(buf), 1, 0, 0, 0),
		ROW(recvfrom, ENOTSOCK, FD_RD, S(buf), 1, 0, 0, 0),
		ROW(sendmsg, EBADF, FD_CLOSED, BAD, 0),
		ROW(sendmsg, ENOTSOCK, FD_RD, BAD, 0),
		ROW(recvmsg, EBADF, FD_CLOSED, BAD, 0),
		ROW(recvmsg, ENOTSOCK, FD_RD, BAD, 0),
		ROW(shutdown, EBADF, FD_CLOSED, 9),
		ROW(shutdown, ENOTSOCK, FD_RD, 9),
		ROW(sendmmsg, EBADF, FD_CLOSED, BAD, 1, 0),
		ROW(sendmmsg, ENOTSOCK, FD_RD, BAD, 1, 0),
		ROW(recvmmsg, EFAULT, FD_CLOSED, BAD, 1, 0, BAD),
		ROW(recvmmsg, EINVAL, FD_CLOSED, BAD, 1, 0, S(bad_timespec)),
		ROW(recvmmsg, EBADF, FD_CLOSED, BAD, 1, 0, 0),
		ROW(recvmmsg, ENOTSOCK, FD_RD, BAD, 1, 0, 0),
		ROW(recvmmsg_time64, EFAULT, FD_CLOSED, BAD, 1, 0, BAD),
		ROW(recvmmsg_time64, ENOTSOCK, FD_RD, BAD, 1, 0, 0),
		ROW(socketcall, EINVAL, 0, BAD),
		ROW(socketcall, EINVAL, 99, BAD),
		ROW(socketcall, EFAULT, 1, BAD),
	};

	prepare();
	ROWS(rows);
}

TEST(extended_attributes)
{
	static const struct row rows[] = {
		ROW(setxattr, EINVAL, S("f"), S("user.a"), S(buf), 1, 4),
		ROW(setxattr, ENOENT, S("none"), S("user.a"), S(buf), 1, 0),
		ROW(setxattr, ERANGE, S("f"), S(""), S(buf), 1, 0),
		ROW(setxattr, ERANGE, S("f"), S(long_name), S(buf), 1, 0),
		ROW(setxattr, E2BIG, S("f"), S("user.a"), BAD, 65537, 0),
		ROW(setxattr, EFAULT, S("f"), S("user.a"), BAD, 1, 0),
		ROW(lsetxattr, EFAULT, BAD, S("user.a"), S(buf), 1, 0),
		ROW(lsetxattr, EINVAL, S("l"), S("user.a"), S(buf), 1, 4),
		ROW(fsetxattr, EBADF, FD_CLOSED, BAD, BAD, 1, 4),
		ROW(fsetxattr, EBADF, FD_PATH, S("user.a"), S(buf), 1, 0),
		ROW(fsetxattr, EINVAL, FD_RD, S("user.a"), S(buf), 1, 4),
		ROW(getxattr, ENOENT, S("none"), S("user.a"), S(buf), 8),
		ROW(getxattr, ERANGE, S("f"), S(""), S(buf), 8),
		ROW(getxattr, EFAULT, S("f"), BAD, S(buf), 8),
		ROW(getxattr, EOPNOTSUPP, S("f"), S("none.a"), S(buf), 8),
		ROW(lgetxattr, ENOENT, S(""), S("user.a"), S(buf), 8),
		ROW(lgetxattr, ERANGE, S("l"), S(long_name), S(buf), 8),
		ROW(fgetxattr, EBADF, FD_CLOSED, BAD, S(buf), 8),
		ROW(fgetxattr, EFAULT, FD_RD, BAD, S(buf), 8),
		ROW(listxattr, ENOENT, S("none"), S(buf), 8),
		ROW(listxattr, EFAULT, BAD, S(buf), 8),
		ROW(llistxattr, ENOTDIR, S("f/x"), S(buf), 8),
		ROW(flistxattr, EBADF, FD_PATH, S(buf), 8),
		ROW(removexattr, ENOENT, S("none"), S("user.a")),
		ROW(removexattr, ERANGE, S("f"), S("")),
		ROW(removexattr, EFAULT, S("f"), BAD),
		ROW(lremovexattr, ENOENT, S("none"), BAD),
		ROW(lremovexattr, ERANGE, S("l"), S("")),
		ROW(fremovexattr, EBADF, FD_CLOSED, BAD),
		ROW(fremovexattr, EFAULT, FD_RD, BAD),
	};

	prepare();
	ROWS(rows);
}

TEST(splices)
{
	static const struct row rows[] = {
		ROW(splice, 0, FD_CLOSED, BAD, FD_CLOSED, BAD, 0, 0x100),
		ROW(splice, EINVAL, FD_CLOSED, BAD, FD_CLOSED, BAD, 1, 0x100),
		ROW(splice, EBADF, FD_CLOSED, BAD, FD_PIPE_W, BAD, 1, 0),
		ROW(splice, EBADF, FD_RD, BAD, FD_CLOSED, BAD, 1, 0),
		ROW(splice, ESPIPE, FD_PIPE_R, BAD, FD_WR, BAD, 1, 0),
		ROW(splice, ESPIPE, FD_RD, BAD, FD_PIPE_W, BAD, 1, 0),
		ROW(splice, EFAULT, FD_RD, BAD, FD_PIPE_W, 0, 1, 0),
		ROW(splice, EBADF, FD_WR, 0, FD_PIPE_W, 0, 1, 0),
		ROW(splice, EBADF, FD_PIPE_R, 0, FD_RD, 0, 1, 0),
		ROW(splice, EINVAL, FD_RD, 0, FD_WR, 0, 1, 0),
		ROW(splice, EINVAL, FD_RD, S(&off_negative), FD_PIPE_W, 0, 1, 0),
		ROW(splice, EINVAL, FD_PIPE_R, 0, FD_PIPE_W, 0, 1, 0),
		ROW(splice, EINVAL, FD_PIPE_R, 0, FD_APPEND, 0, 1, 0),
		ROW(tee, EINVAL, FD_CLOSED, FD_CLOSED, 1, 0x100),
		ROW(tee, EINVAL, FD_CLOSED, FD_CLOSED, 0, 0x100),
		ROW(tee, 0, FD_CLOSED, FD_CLOSED, 0, 0),
		ROW(tee, EBADF, FD_CLOSED, FD_PIPE_W, 1, 0),
		ROW(tee, EBADF, FD_WR, FD_PIPE_W, 1, 0),
		ROW(tee, EINVAL, FD_RD, FD_PIPE_W, 1, 0),
		ROW(tee, EINVAL, FD_PIPE_R, FD_PIPE_W, 1, 0),
		ROW(vmsplice, EINVAL, FD_CLOSED, BAD, 1, 0x100),
		ROW(vmsplice, EBADF, FD_CLOSED, BAD, 1, 0),
		ROW(vmsplice, EFAULT, FD_WR, BAD, 1, 0),
		ROW(vmsplice, EINVAL, FD_RD, BAD, 1025, 0),
		ROW(vmsplice, EBADF, FD_WR, S(iov_ok), 1, 0),
		ROW(vmsplice, EBADF, FD_PATH, BAD, 1, 0),
		ROW(vmsplice, EINVAL, FD_PIPE_W, BAD, 1025, 0),
		ROW(vmsplice, EFAULT, FD_PIPE_W, BAD, 1, 0),
		ROW(vmsplice, EFAULT, FD_PIPE_W, S(iov_bad), 1, 0),
		ROW(pwritev2, EBADF, FD_RD, S(iov_ok), 1, 0, 0, 0),
		ROW(pwritev2, EINVAL, FD_WR, S(iov_ok), 1, -2, -1, 0),
		ROW(pwritev2, ESPIPE, FD_PIPE_W, S(iov_ok), 1, 0, 0, 0),
		ROW(pwritev2, EFAULT, FD_WR, BAD, 1, 0, 0, 0),
		ROW(fadvise64, EBADF, FD_CLOSED, 0, 0, 0, 99),
		ROW(fadvise64, ESPIPE, FD_PIPE_R, 0, 0, 0, 99),
		ROW(fadvise64, EINVAL, FD_RD, 0, 0, 0, 99),
	};

	prepare();
	ROWS(rows);
}

TEST(commands)
{
	static const struct row rows[] = {
		ROW(fcntl, EBADF, FD_CLOSED, 9999, 0),
		ROW(fcntl, EBADF, FD_CLOSED, 12, 0), /* F_GETLK64 is fcntl64's */
		ROW(fcntl, EBADF, FD_PATH, 12, BAD),
		ROW(fcntl, EINVAL, FD_RD, 12, BAD),
		ROW(fcntl, EINVAL, FD_RD, 14, S(no_type_lock)),
		ROW(fcntl, EINVAL, FD_RD, 36, BAD), /* F_OFD_GETLK as well */
		ROW(fcntl, EINVAL, FD_RD, 38, S(no_type_lock)),
		ROW(fcntl, EFAULT, FD_RD, 5, BAD),
		ROW(fcntl, EBADF, FD_RD, 6, S(&empty_lock)), /* F_WRLCK, not open for writing */
		ROW(fcntl64, EFAULT, FD_RD, 36, BAD),
		ROW(fcntl64, ESRCH, FD_RD, F_SETOWN, NO_PID),
		ROW(fcntl64, ESRCH, FD_RD, F_SETOWN, -NO_PID),
		ROW(fcntl64, ESRCH, FD_RD, F_SETOWN, 0x7fffffff),
		ROW(fcntl64, EINVAL, FD_RD, F_SETOWN, INT32_MIN),
		ROW(fcntl64, 0, FD_RD, F_SETOWN, 1),
		ROW(fcntl64, 0, FD_RD, F_SETOWN, 0),
		ROW(fcntl64, EBADF, FD_PATH, F_GETOWN, 0),
		ROW(fcntl64, EBADF, FD_PATH, F_GETLK64, BAD),
		ROW(fcntl64, 0, FD_PATH, F_GETFL, 0),
		ROW(flock, 0, FD_CLOSED, 32), /* LOCK_MAND */
		ROW(flock, 0, FD_CLOSED, 32 | 3),
		ROW(flock, EBADF, FD_PATH, 8),
		ROW(memfd_create, EINVAL, BAD, 0x1000),
		ROW(memfd_create, EFAULT, BAD, 0),
		ROW(memfd_create, EINVAL, S(long_name), 0),
	};

	empty_lock[0] = F_WRLCK;
	prepare();
	ROWS(rows);
}

/* A file open for nothing (mode 3) is there for ioctl alone. */
TEST(open_for_nothing)
{
	int fd;

	prepare();
	fd = SYS(open("f", 3));
	CHECK_ERR(read(fd, buf, 1), EBADF);
	CHECK_ERR(write(fd, buf, 1), EBADF);
	CHECK_ERR(syscall(SYS_flock, fd, 1), EBADF);
	CHECK_ERR(syscall(SYS_flock, fd, 2), EBADF);
	CHECK_EQ(syscall(SYS_flock, fd, 8), 0);
	CHECK_ERR(syscall(SYS_flock, fd, 3), EINVAL);
	CHECK_ERR(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE, fd, 0), EACCES);
}

TEST(owners)
{
	int fd = SYS(open(".", O_RDONLY));

	SYS(fcntl(fd, F_SETOWN, getpid()));
	CHECK_EQ(syscall(SYS_fcntl64, fd, F_GETOWN, 0), getpid());
	CHECK_ERR(syscall(SYS_fcntl64, fd, F_SETOWN, NO_PID), ESRCH);
	CHECK_EQ(syscall(SYS_fcntl64, fd, F_GETOWN, 0), getpid());
	SYS(fcntl(fd, F_SETOWN, -getpgrp()));
	SYS(fcntl(fd, F_SETOWN, 0));
	CHECK_EQ(syscall(SYS_fcntl64, fd, F_GETOWN, 0), 0);
}

TEST(old_and_other_forms)
{
	static const struct row rows[] = {
		ROW(stat, EFAULT, S("f"), BAD),
		ROW(stat, ENOENT, S("none"), BAD),
		ROW(lstat, ENOENT, S(""), BAD),
		ROW(lstat, EFAULT, S("l"), BAD),
		ROW(fstat, EBADF, FD_CLOSED, BAD),
		ROW(fstat, EFAULT, FD_RD, BAD),
		ROW(statfs, ENOENT, S("none"), BAD),
		ROW(statfs, EFAULT, S("f"), BAD),
		ROW(statfs, ENOTDIR, S("f/x"), BAD),
		ROW(fstatfs, EBADF, FD_CLOSED, BAD),
		ROW(fstatfs, EFAULT, FD_RD, BAD),
		ROW(truncate64, EINVAL, S("none"), -1, -1),
		ROW(truncate64, ENOENT, S("none"), 0, 0),
		ROW(truncate64, EISDIR, S("."), 0, 0),
		ROW(ftruncate64, EINVAL, FD_CLOSED, -1, -1),
		ROW(ftruncate64, EBADF, FD_CLOSED, 0, 0),
		ROW(ftruncate64, EINVAL, FD_RD, 0, 0),
		ROW(lchown, ENOENT, S("none"), 0, 0),
		ROW(lchown32, EFAULT, BAD, 0, 0),
		ROW(chown32, ENOTDIR, S("f/x"), 0, 0),
		ROW(fchown32, EBADF, FD_CLOSED, 0, 0),
		ROW(fchown32, EBADF, FD_PATH, 0, 0),
		ROW(fchmodat, EBADF, FD_CLOSED, S("f"), 0),
		ROW(fchmodat, ENOTDIR, FD_RD, S("f"), 0),
		ROW(fchmodat, ENOENT, AT_FDCWD, S(""), 0),
		ROW(faccessat, EINVAL, FD_CLOSED, BAD, 8),
		ROW(faccessat, EFAULT, FD_CLOSED, BAD, 0),
		ROW(faccessat, EBADF, FD_CLOSED, S("f"), 0),
		ROW(faccessat, ENOTDIR, FD_RD, S("f"), 0),
		ROW(mknodat, EBADF, FD_CLOSED, S("x"), S_IFREG, 0),
		ROW(mknodat, ENOTDIR, FD_RD, S("x"), S_IFREG, 0),
		ROW(mknodat, EEXIST, AT_FDCWD, S("f"), S_IFREG, 0),
		ROW(renameat, EBADF, FD_CLOSED, S("f"), AT_FDCWD, S("x")),
		ROW(renameat, EBADF, AT_FDCWD, S("f"), FD_CLOSED, S("x")),
		ROW(renameat, ENOTDIR, FD_RD, S("f"), AT_FDCWD, S("x")),
		ROW(renameat, ENOENT, AT_FDCWD, S("none"), AT_FDCWD, S("x")),
		ROW(old_select, EFAULT, BAD),
		ROW(pselect6_time64, EFAULT, 0, 0, 0, 0, BAD, 0),
		ROW(pselect6_time64, EFAULT, 0, 0, 0, 0, S(bad_timespec64), BAD),
		ROW(pselect6_time64, EINVAL, 0, 0, 0, 0, S(bad_timespec64), 0),
		ROW(pselect6_time64, EINVAL, -1, 0, 0, 0, 0, 0),
		ROW(ppoll_time64, EFAULT, BAD, 1, BAD, 0, 0),
		ROW(ppoll_time64, EINVAL, BAD, 1, S(bad_timespec64), BAD, 9),
		ROW(ppoll_time64, EINVAL, BAD, 1, 0, BAD, 9),
		ROW(ppoll_time64, EFAULT, BAD, 1, 0, 0, 0),
		ROW(umount, ENOENT, S("none")),
		ROW(umount, EFAULT, BAD),
		ROW(umount2, EINVAL, S("f"), 4 | 1),
		ROW(fstatat64, 0, AT_FDCWD, S("f"), S(buf), 0x2000),
		ROW(fstatat64, EINVAL, AT_FDCWD, S("f"), S(buf), AT_SYMLINK_FOLLOW),
	};

	prepare();
	ROWS(rows);
}

T_NO_HOOK
