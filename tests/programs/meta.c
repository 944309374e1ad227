/* SPDX-License-Identifier: MIT */
/* What stat says, and the times of files: when they change by themselves, and when somebody sets them. */
#include "t.h"
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

static struct stat before, after;

static long long ns(struct timespec ts)
{
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/*
 * Waits until the clock that stamps files has moved on. No other clock tells:
 * Linux's is the last tick's, and on a busy host ticks come late.
 */
static void let_time_pass(void)
{
	int fd = SYS(open("clock", O_RDWR | O_CREAT, 0600));
	struct timespec ts = { 0, 5000000 };
	struct stat from, now;

	SYS(futimens(fd, NULL));
	SYS(fstat(fd, &from));
	do {
		CHECK_EQ(nanosleep(&ts, NULL), 0);
		SYS(futimens(fd, NULL));
		SYS(fstat(fd, &now));
	} while (ns(now.st_mtim) == ns(from.st_mtim));
	SYS(close(fd));
}

enum { A = 1, M = 2, C = 4 };

/* Which times of path have moved since the last look. */
static int moved(const char *path)
{
	int r;

	SYS(lstat(path, &after));
	r = (ns(after.st_atim) != ns(before.st_atim) ? A : 0) |
	    (ns(after.st_mtim) != ns(before.st_mtim) ? M : 0) |
	    (ns(after.st_ctim) != ns(before.st_ctim) ? C : 0);
	before = after;
	let_time_pass();
	return r;
}

TEST(what_moves_which_time)
{
	char c;
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0644));

	SYS(fstat(fd, &before));
	CHECK(ns(before.st_mtim) == ns(before.st_ctim));
	let_time_pass();
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_EQ(moved("f") & ~A, M | C);
	CHECK_EQ(write(fd, "", 0), 0);
	CHECK_EQ(moved("f") & ~A, 0);
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(moved("f") & ~A, 0);
	SYS(ftruncate(fd, 2));
	CHECK_EQ(moved("f") & ~A, M | C);
	SYS(fchmod(fd, 0600));
	CHECK_EQ(moved("f") & ~A, C);
	SYS(fchown(fd, -1, getgid()));
	CHECK_EQ(moved("f") & ~(A | C), 0);
	SYS(link("f", "g"));
	CHECK_EQ(moved("f") & ~A, C);
	SYS(rename("g", "h"));
	CHECK_EQ(moved("f") & ~(A | C), 0);
	SYS(unlink("h"));
	CHECK_EQ(moved("f") & ~A, C);
	SYS(mkdir("d", 0755));
	SYS(stat("d", &before));
	let_time_pass();
	SYS(close(SYS(open("d/x", O_CREAT | O_WRONLY, 0644))));
	CHECK_EQ(moved("d") & ~A, M | C);
	SYS(rename("d/x", "d/y"));
	CHECK_EQ(moved("d") & ~A, M | C);
	SYS(unlink("d/y"));
	CHECK_EQ(moved("d") & ~A, M | C);
	SYS(access("d", R_OK));
	CHECK_EQ(moved("d") & ~A, 0);
}

TEST(setting_times)
{
	struct timespec ts[2] = { { 1000000, 123456789 }, { 2000000, 987654321 } };
	struct stat st;

	t_put("f", "x", 1);
	SYS(utimensat(AT_FDCWD, "f", ts, 0));
	SYS(stat("f", &st));
	CHECK(st.st_atim.tv_sec == 1000000 && st.st_mtim.tv_sec == 2000000);
	CHECK(st.st_mtim.tv_nsec == 987654321 || st.st_mtim.tv_nsec == 0);
	CHECK(st.st_ctim.tv_sec > 1700000000);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1] = (struct timespec){ 3000000, 0 };
	SYS(utimensat(AT_FDCWD, "f", ts, 0));
	SYS(stat("f", &st));
	CHECK(st.st_atim.tv_sec == 1000000 && st.st_mtim.tv_sec == 3000000);
	ts[0].tv_nsec = UTIME_NOW;
	ts[1].tv_nsec = UTIME_OMIT;
	SYS(utimensat(AT_FDCWD, "f", ts, 0));
	SYS(stat("f", &st));
	CHECK(st.st_atim.tv_sec > 1700000000 && st.st_mtim.tv_sec == 3000000);
	ts[0].tv_nsec = 1000000000;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	CHECK_ERR(utimensat(AT_FDCWD, "nothing", NULL, 0), ENOENT);
	SYS(utimensat(AT_FDCWD, "f", NULL, 0));
	SYS(stat("f", &st));
	CHECK(st.st_mtim.tv_sec > 1700000000);
	struct utimbuf ub = { 11, 22 };
	SYS(utime("f", &ub));
	SYS(stat("f", &st));
	CHECK(st.st_atime == 11 && st.st_mtime == 22);
	struct timeval tv[2] = { { 33, 0 }, { 44, 0 } };
	SYS(utimes("f", tv));
	SYS(stat("f", &st));
	CHECK(st.st_atime == 33 && st.st_mtime == 44);
	int fd = SYS(open("f", O_RDONLY));
	ts[0] = (struct timespec){ 55, 0 };
	ts[1] = (struct timespec){ 66, 0 };
	SYS(futimens(fd, ts));
	SYS(symlink("f", "l"));
	SYS(utimensat(AT_FDCWD, "l", (struct timespec[]){ { 77, 0 }, { 88, 0 } }, AT_SYMLINK_NOFOLLOW));
	SYS(stat("f", &st));
	CHECK(st.st_atime == 55 && st.st_mtime == 66);
	SYS(lstat("l", &st));
	CHECK(st.st_mtime == 88);
}

TEST(stat_fields)
{
	struct stat st, dev;

	umask(022);
	SYS(mkdir("d", 0777));
	t_put("d/f", "0123456789", 10);
	SYS(stat("d/f", &st));
	CHECK(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0644);
	CHECK(st.st_uid == geteuid() && st.st_gid == getegid() && st.st_nlink == 1 && st.st_size == 10);
	CHECK(st.st_ino != 0 && st.st_blksize >= 512);
	SYS(stat("d", &dev));
	CHECK(S_ISDIR(dev.st_mode) && (dev.st_mode & 07777) == 0755);
	CHECK(dev.st_dev == st.st_dev && dev.st_ino != st.st_ino);
	SYS(stat("/dev/null", &dev));
	CHECK(S_ISCHR(dev.st_mode) && major(dev.st_rdev) == 1 && minor(dev.st_rdev) == 3);
	SYS(stat("/proc/self/stat", &dev));
	CHECK(dev.st_dev != st.st_dev);
	int p[2];
	SYS(pipe(p));
	SYS(fstat(p[0], &dev));
	CHECK(S_ISFIFO(dev.st_mode));
	CHECK_ERR(stat("nothing", &st), ENOENT);
	CHECK_ERR(fstat(999, &st), EBADF);
	CHECK_ERR(stat("d/f/x", &st), ENOTDIR);
}

TEST(blocks_of_sparse_and_full_files)
{
	struct stat st;
	static char data[40960];
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0644));

	memset(data, 1, sizeof(data));
	CHECK_EQ(write(fd, data, sizeof(data)), sizeof(data));
	SYS(fsync(fd));
	SYS(fstat(fd, &st));
	CHECK(st.st_blocks >= 80 && st.st_blocks <= 100);
	SYS(ftruncate(fd, 0));
	SYS(ftruncate(fd, 1 << 20));
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, 0);
	CHECK_EQ(pwrite(fd, data, 1, 500000), 1);
	SYS(fsync(fd));
	SYS(fstat(fd, &st));
	CHECK(st.st_blocks >= 8 && st.st_blocks <= 24);
}

TEST(access_uses_real_ids)
{
	t_put("f", "x", 1);
	SYS(chmod("f", 0400));
	CHECK_EQ(access("f", R_OK), 0);
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_ERR(access("f", 8), EINVAL);
	CHECK_ERR(access("nothing", F_OK), ENOENT);
	SYS(faccessat(AT_FDCWD, "f", R_OK, 0));
	CHECK_ERR(faccessat(AT_FDCWD, "f", R_OK, 0x40000000), EINVAL);
}

TEST(umask_filters)
{
	struct stat st;

	umask(0777);
	CHECK_EQ(umask(027), 0777);
	SYS(close(SYS(open("f", O_CREAT | O_WRONLY, 07777))));
	SYS(stat("f", &st));
	CHECK_EQ(st.st_mode & 0777, 0750);
	SYS(mkfifo("p", 0666));
	SYS(stat("p", &st));
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_EQ(umask(0xffff), 027);
	CHECK_EQ(umask(0), 0777);
}

T_NO_HOOK
