/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls on descriptors, and their order: one row for each
 * error of a manual page. Where two errors are possible, the row says which
 * one is told.
 *
 * Source: the ERRORS sections of the calls' manual pages (section 2).
 */
#include "t_rows.h"
#include <poll.h>
#include <sys/ioctl.h>

static char buf[256];
static long iov_ok[] = { 0, 5 }; /* address (0: set at run time), length */
static long iov_negative[] = { 0, -1 };
static long long off_0 = 0, off_negative = -1;
static long off32_negative = -1;
static int pair[2];
static long bad_timespec[] = { 0, 1000000000 };
static long negative_timespec[] = { -1, 0 };
static long mask_arg[] = { 0, 4 };
static struct pollfd one_fd = { -1, 0, 0 };
#define UNUSED_FD 20 /* not open, and in the smallest table of descriptors */
static unsigned char set_closed[128];
static long no_time[] = { 0, 0 };

static void prepare(void)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0644));

	CHECK_EQ(write(fd, "hello, hello", 12), 12);
	SYS(close(fd));
	rows_fds("f");
	iov_ok[0] = iov_negative[0] = (long)buf;
	mask_arg[0] = (long)buf;
	set_closed[UNUSED_FD / 8] |= 1 << UNUSED_FD % 8;
	signal(SIGPIPE, SIG_IGN);
}

TEST(reads_and_writes)
{
	static const struct row rows[] = {
		ROW(read, EBADF, FD_CLOSED, BAD, 1),
		ROW(read, EBADF, FD_WR, BAD, 1),
		ROW(read, EBADF, FD_PATH, S(buf), 1),
		ROW(read, EFAULT, FD_RD, BAD, 1),
		ROW(read, EISDIR, FD_DIR, S(buf), 1),
		ROW(read, EBADF, FD_PIPE_W, S(buf), 1),
		ROW(write, EBADF, FD_RD, BAD, 1),
		ROW(write, EBADF, FD_DIR, S(buf), 1),
		ROW(write, EFAULT, FD_RW, BAD, 1),
		ROW(write, EBADF, FD_PIPE_R, S(buf), 1),
		ROW(pread64, EINVAL, FD_CLOSED, S(buf), 1, -1, -1),
		ROW(pread64, EBADF, FD_CLOSED, S(buf), 1, 0, 0),
		ROW(pread64, ESPIPE, FD_PIPE_R, S(buf), 1, 0, 0),
		ROW(pread64, ESPIPE, FD_PIPE_W, S(buf), 1, 0, 0),
		ROW(pread64, EBADF, FD_WR, S(buf), 1, 0, 0),
		ROW(pread64, EBADF, FD_PATH, S(buf), 1, 0, 0),
		ROW(pwrite64, EINVAL, FD_PIPE_W, S(buf), 1, -1, -1),
		ROW(pwrite64, ESPIPE, FD_PIPE_W, S(buf), 1, 0, 0),
		ROW(pwrite64, ESPIPE, FD_PIPE_R, BAD, 1, 0, 0),
		ROW(pwrite64, EBADF, FD_RD, S(buf), 1, 0, 0),
		ROW(readv, EBADF, FD_CLOSED, S(iov_ok), 1025),
		ROW(readv, EBADF, FD_CLOSED, BAD, 1),
		ROW(readv, EINVAL, FD_RD, S(iov_ok), 1025),
		ROW(readv, EINVAL, FD_RD, S(iov_ok), -1),
		ROW(readv, EINVAL, FD_RD, S(iov_negative), 1),
		ROW(readv, EFAULT, FD_RD, BAD, 1),
		ROW(readv, 0, FD_RD, BAD, 0),
		ROW(readv, EBADF, FD_WR, S(iov_ok), 1),
		ROW(writev, EBADF, FD_RD, S(iov_ok), 1),
		ROW(pwritev, EBADF, FD_RD, S(iov_ok), 1, 0, 0),
		ROW(writev, EINVAL, FD_WR, BAD, 1025),
		ROW(writev, EFAULT, FD_WR, BAD, 1024),
		ROW(preadv, EINVAL, FD_CLOSED, BAD, 1, -1, -1),
		ROW(preadv, EBADF, FD_CLOSED, BAD, 1, 0, 0),
		ROW(preadv, ESPIPE, FD_PIPE_W, BAD, 1, 0, 0),
		ROW(preadv2, EBADF, FD_CLOSED, S(iov_ok), 1, 0, 0),
	};

	prepare();
	ROWS(rows);
	/* The flags come after all else. */
	CHECK_ERR(syscall(SYS_preadv2, rows_fd[0], iov_ok, 1, 0, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_preadv2, 99, iov_ok, 1, 0, 0, 0x40000000), EBADF);
	CHECK_ERR(syscall(SYS_preadv2, rows_fd[0], iov_ok, 1025, 0, 0, 0x40000000), EINVAL);
}

/* Linux before 6.9 tells of a bad vector first. */
TEST_REPRISE(descriptors_before_vectors)
{
	static const struct row rows[] = {
		ROW(readv, EBADF, FD_WR, BAD, 1),
		ROW(readv, EBADF, FD_WR, S(iov_ok), 1025),
		ROW(writev, EBADF, FD_RD, BAD, 1025),
		ROW(pwritev, EBADF, FD_RD, BAD, 1, 0, 0),
	};

	prepare();
	ROWS(rows);
}

TEST(positions)
{
	static const struct row rows[] = {
		ROW(lseek, EBADF, FD_CLOSED, 0, 9),
		ROW(lseek, EBADF, FD_PATH, 0, 0),
		ROW(lseek, EINVAL, FD_PIPE_R, 0, 9),
		ROW(lseek, ESPIPE, FD_PIPE_R, 0, 0),
		ROW(lseek, EINVAL, FD_RD, 0, 9),
		ROW(lseek, EINVAL, FD_RD, -1, SEEK_SET),
		ROW(lseek, ENXIO, FD_RD, 1000, SEEK_DATA),
		ROW(lseek, ENXIO, FD_RD, 1000, SEEK_HOLE),
		ROW(lseek, ENXIO, FD_RD, -1, SEEK_DATA),
		ROW(lseek, EINVAL, FD_NULL, 0, 9),
		ROW(_llseek, EINVAL, FD_RD, 0, 0, BAD, 9),
		ROW(_llseek, EFAULT, FD_RD, 0, 0, BAD, SEEK_SET),
		ROW(_llseek, EINVAL, FD_RD, -1, -1, BAD, SEEK_SET),
		ROW(getdents64, EBADF, FD_CLOSED, S(buf), 256),
		ROW(getdents64, EBADF, FD_PATH, S(buf), 256),
		ROW(getdents64, ENOTDIR, FD_RD, S(buf), 256),
		ROW(getdents64, ENOTDIR, FD_WR, S(buf), 256),
		ROW(getdents64, EINVAL, FD_DIR, S(buf), 1),
		ROW(getdents64, EFAULT, FD_DIR, BAD, 256),
		ROW(getdents, ENOTDIR, FD_PIPE_R, S(buf), 256),
	};

	prepare();
	ROWS(rows);
}

TEST(storage)
{
	static const struct row rows[] = {
		ROW(fsync, EBADF, FD_CLOSED),
		ROW(fsync, EBADF, FD_PATH),
		ROW(fsync, EINVAL, FD_PIPE_R),
		ROW(fdatasync, EINVAL, FD_NULL),
		ROW(syncfs, EBADF, FD_CLOSED),
		ROW(syncfs, EBADF, FD_PATH),
		ROW(sync_file_range, EBADF, FD_CLOSED, 0, 0, 0, 0, 8),
		ROW(sync_file_range, EBADF, FD_PATH, 0, 0, 0, 0, 0),
		ROW(sync_file_range, EINVAL, FD_RD, 0, 0, 0, 0, 8),
		ROW(sync_file_range, EINVAL, FD_PIPE_R, 0, 0, 0, 0, 8),
		ROW(sync_file_range, EINVAL, FD_RD, -1, -1, 0, 0, 0),
		ROW(sync_file_range, ESPIPE, FD_PIPE_R, 0, 0, 0, 0, 0),
		ROW(sync_file_range, ESPIPE, FD_NULL, 0, 0, 0, 0, 0),
		ROW(fadvise64_64, EBADF, FD_CLOSED, 0, 0, 0, 0, 99),
		ROW(fadvise64_64, EBADF, FD_PATH, 0, 0, 0, 0, 0),
		ROW(fadvise64_64, ESPIPE, FD_PIPE_R, 0, 0, 0, 0, 99),
		ROW(fadvise64_64, EINVAL, FD_RD, 0, 0, 0, 0, 99),
		ROW(fadvise64_64, EINVAL, FD_RD, 0, 0, -1, -1, 0),
		ROW(readahead, EBADF, FD_WR, 0, 0, 1),
		ROW(readahead, EBADF, FD_CLOSED, 0, 0, 1),
		ROW(readahead, EINVAL, FD_PIPE_R, 0, 0, 1),
		ROW(fallocate, EBADF, FD_CLOSED, 0, 0, 0, 0, 0),
		ROW(fallocate, EINVAL, FD_RD, 0, -1, -1, 1, 0),
		ROW(fallocate, EINVAL, FD_RW, 0, 0, 0, 0, 0),
		ROW(fallocate, EBADF, FD_RD, 0, 0, 0, 1, 0),
		ROW(fallocate, EINVAL, FD_RW, 0x1000, 0, 0, 0, 0),
		ROW(fallocate, EOPNOTSUPP, FD_RD, 0x1000, 0, 0, 1, 0),
		ROW(fallocate, ESPIPE, FD_PIPE_W, 0, 0, 0, 1, 0),
		ROW(fallocate, EBADF, FD_DIR, 0, 0, 0, 1, 0),
		ROW(fallocate, ENODEV, FD_NULL, 0, 0, 0, 1, 0),
		ROW(fallocate, EFBIG, FD_RW, 0, -1, 0x7fffffff, 1, 0),
	};

	prepare();
	ROWS(rows);
}

TEST(copies)
{
	static const struct row rows[] = {
		ROW(copy_file_range, EBADF, FD_CLOSED, BAD, FD_CLOSED, BAD, 1),
		ROW(copy_file_range, EBADF, FD_RD, BAD, FD_CLOSED, BAD, 1),
		ROW(copy_file_range, EFAULT, FD_WR, BAD, FD_RD, 0, 1),
		ROW(copy_file_range, EFAULT, FD_RD, 0, FD_WR, BAD, 1),
		ROW(copy_file_range, EISDIR, FD_DIR, 0, FD_RD, 0, 1),
		ROW(copy_file_range, EINVAL, FD_PIPE_W, 0, FD_WR, 0, 1),
		ROW(copy_file_range, EINVAL, FD_RD, 0, FD_PIPE_R, 0, 1),
		ROW(copy_file_range, EBADF, FD_WR, 0, FD_WR, 0, 1),
		ROW(copy_file_range, EBADF, FD_RD, 0, FD_RD, 0, 1),
		ROW(copy_file_range, EBADF, FD_RD, 0, FD_APPEND, 0, 1),
		ROW(copy_file_range, EINVAL, FD_RD, S(&off_0), FD_WR, S(&off_0), 1),
		ROW(sendfile, EFAULT, FD_CLOSED, FD_CLOSED, BAD, 1),
		ROW(sendfile, EBADF, FD_WR, FD_CLOSED, 0, 1),
		ROW(sendfile, EBADF, FD_CLOSED, FD_RD, 0, 1),
		ROW(sendfile, EBADF, FD_WR, FD_WR, 0, 1),
		ROW(sendfile, EBADF, FD_RD, FD_RD, 0, 1),
		ROW(sendfile, EINVAL, FD_APPEND, FD_RD, 0, 1),
		ROW(sendfile, EINVAL, FD_WR, FD_RD, S(&off32_negative), 1),
		ROW(sendfile64, ESPIPE, FD_WR, FD_PIPE_R, S(&off_0), 1),
		ROW(sendfile64, EBADF, FD_WR, FD_PIPE_W, S(&off_0), 1),
		ROW(sendfile64, EINVAL, FD_CLOSED, FD_RD, S(&off_negative), 1),
	};

	prepare();
	ROWS(rows);
	CHECK_ERR(syscall(SYS_copy_file_range, rows_fd[0], NULL, rows_fd[1], NULL, 1, 1), EINVAL);
	CHECK_ERR(syscall(SYS_copy_file_range, 99, NULL, rows_fd[1], NULL, 1, 1), EBADF);
}

/* Ranges of one file that would only overlap behind its end do not. */
TEST(copy_within_a_file)
{
	int fd = SYS(open("g", O_RDWR | O_CREAT, 0644));
	long long in = 0, out = 100;

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(syscall(SYS_copy_file_range, fd, &in, fd, &out, 1000, 0), 10);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 110);
	in = 0;
	out = 5;
	CHECK_ERR(syscall(SYS_copy_file_range, fd, &in, fd, &out, 1000, 0), EINVAL);
	in = 200;
	CHECK_EQ(syscall(SYS_copy_file_range, fd, &in, fd, &out, 1000, 0), 0);
}

TEST(descriptors)
{
	static const struct row rows[] = {
		ROW(dup, EBADF, FD_CLOSED),
		ROW(dup2, EBADF, FD_CLOSED, FD_CLOSED),
		ROW(dup2, EBADF, FD_RD, -1),
		ROW(dup2, EBADF, FD_RD, 100000000),
		ROW(dup3, EINVAL, FD_CLOSED, FD_CLOSED, 0),
		ROW(dup3, EINVAL, FD_CLOSED, -1, 1),
		ROW(dup3, EBADF, FD_CLOSED, 98, 0),
		ROW(close, EBADF, FD_CLOSED),
		ROW(close_range, EINVAL, 98, 97, 0),
		ROW(close_range, EINVAL, 98, 99, 1),
		ROW(fcntl64, EBADF, FD_CLOSED, 9999, 0),
		ROW(fcntl64, EINVAL, FD_RD, 9999, 0),
		ROW(fcntl64, EBADF, FD_PATH, F_SETFL, 0),
		ROW(fcntl64, EBADF, FD_PATH, 9999, 0),
		ROW(fcntl64, EINVAL, FD_RD, F_DUPFD, -1),
		ROW(fcntl64, EINVAL, FD_RD, F_DUPFD, 100000000),
		ROW(fcntl64, EINVAL, FD_PIPE_R, F_SETPIPE_SZ + 100, 0),
		ROW(fcntl64, EBADF, FD_RD, F_GETPIPE_SZ, 0),
		ROW(fcntl64, EFAULT, FD_RD, F_GETLK64, BAD),
		ROW(fcntl64, EINVAL, FD_RD, F_SETSIG, 1000),
		ROW(fcntl64, EINVAL, FD_RD, F_SETOWN, 0x80000000),
		ROW(flock, EINVAL, FD_CLOSED, 16),
		ROW(flock, EBADF, FD_CLOSED, 1),
		ROW(flock, EINVAL, FD_RD, 3),
		ROW(flock, EBADF, FD_PATH, 1),
		ROW(ioctl, EBADF, FD_CLOSED, FIONREAD, BAD),
		ROW(ioctl, EBADF, FD_PATH, FIONREAD, BAD),
		ROW(ioctl, EFAULT, FD_RD, FIONREAD, BAD),
		ROW(ioctl, EFAULT, FD_PIPE_R, FIONREAD, BAD),
		ROW(ioctl, EFAULT, FD_RD, FIONBIO, BAD),
		ROW(ioctl, ENOTTY, FD_RD, TIOCGWINSZ, BAD),
		ROW(ioctl, ENOTTY, FD_DIR, TIOCGWINSZ, BAD),
		ROW(pipe2, EINVAL, BAD, 1),
		ROW(pipe2, EFAULT, BAD, O_CLOEXEC),
		ROW(pipe, EFAULT, BAD),
		ROW(pipe, EFAULT, S(pair) + 0x7fffffff),
	};

	prepare();
	ROWS(rows);
}

TEST(waits)
{
	static const struct row rows[] = {
		ROW(poll, EINVAL, BAD, 100000000, 0),
		ROW(poll, EFAULT, BAD, 1, 0),
		ROW(ppoll, EINVAL, BAD, 100000000, S(bad_timespec), 0, 0),
		ROW(ppoll, EFAULT, BAD, 100000000, BAD, 0, 0),
		ROW(ppoll, EINVAL, S(&one_fd), 1, S(negative_timespec), BAD, 9),
		ROW(ppoll, EINVAL, BAD, 1, 0, BAD, 9),
		ROW(ppoll, EFAULT, S(&one_fd), 1, 0, BAD, 8),
		ROW(_newselect, EINVAL, -1, BAD, 0, 0, 0),
		ROW(_newselect, EFAULT, 10, BAD, 0, 0, 0),
		ROW(_newselect, EINVAL, -1, 0, 0, 0, S(negative_timespec)),
		ROW(_newselect, EFAULT, -1, 0, 0, 0, BAD),
		ROW(_newselect, EBADF, UNUSED_FD + 1, S(set_closed), 0, 0, S(no_time)),
		ROW(pselect6, EFAULT, 0, 0, 0, 0, S(bad_timespec), BAD),
		ROW(pselect6, EINVAL, 0, 0, 0, 0, S(bad_timespec), S(mask_arg)),
		ROW(pselect6, EINVAL, 0, 0, 0, 0, 0, S(mask_arg)),
		ROW(pselect6, EFAULT, 0, 0, 0, 0, BAD, 0),
	};

	prepare();
	ROWS(rows);
}

T_NO_HOOK
