/* SPDX-License-Identifier: MIT */
/*
 * The flags that chattr(1) sets on files: who may, and what an immutable file
 * and one that only grows refuse, also to the superuser.
 *
 * Source: ioctl_iflags(2), and the EPERM of the pages of open(2), unlink(2),
 * rename(2), link(2), chmod(2), chown(2), utimensat(2), truncate(2), fcntl(2).
 */
#include "t_rows.h"
#include <sys/ioctl.h>
#include <sys/mman.h>

#define USER 4321
#define IMMUTABLE 0x10
#define APPEND 0x20
#define NODUMP 0x40
#define GETFLAGS 0x80046601
#define SETFLAGS 0x40046602

static char buf[64];
static long some_time[4] = { 1, 0, 1, 0 }, touch_one[4] = { 0, 0x3fffffff, 0, 0x3ffffffe };
static long times_now[4] = { 0, 0x3fffffff, 0, 0x3fffffff };
static const char *const flagged[] = { "i", "a", "id", "ad" };

static void set_flags(const char *path, unsigned flags)
{
	int fd = SYS(open(path, O_RDONLY));

	SYS(ioctl(fd, SETFLAGS, &flags));
	SYS(close(fd));
}

static unsigned get_flags(const char *path)
{
	int fd = SYS(open(path, O_RDONLY));
	unsigned flags = 0;

	SYS(ioctl(fd, GETFLAGS, &flags));
	SYS(close(fd));
	return flags & (IMMUTABLE | APPEND | NODUMP);
}

/* i: an immutable file, a: one that only grows, id and ad: such directories with a file f. */
static void prepare(void)
{
	t_put("i", "hello", 5);
	t_put("a", "hello", 5);
	t_put("f", "hello", 5);
	SYS(mkdir("id", 0777));
	t_put("id/f", "hello", 5);
	SYS(mkdir("ad", 0777));
	t_put("ad/f", "hello", 5);
	ROWS_FD(FD_RW, SYS(open("i", O_RDWR)));
	ROWS_FD(FD_WR, SYS(open("a", O_WRONLY)));
	ROWS_FD(FD_APPEND, SYS(open("a", O_RDWR | O_APPEND)));
	set_flags("i", IMMUTABLE);
	set_flags("id", IMMUTABLE);
	set_flags("a", APPEND);
	set_flags("ad", APPEND);
}

/* Runs fn in a child; the flags are off again afterwards, whatever it found. */
static void with_flags(void (*fn)(void))
{
	pid_t pid;
	int status;

	prepare();
	pid = t_fork();
	if (pid == 0) {
		fn();
		_exit(0);
	}
	status = t_wait(pid);
	for (unsigned i = 0; i < sizeof(flagged) / sizeof(*flagged); i++)
		set_flags(flagged[i], 0);
	CHECK_EQ(status, 0);
	SYS(unlink("i"));
	SYS(unlink("id/f"));
}

static void immutable_rows(void)
{
	static const struct row rows[] = {
		ROW(open, EPERM, S("i"), O_WRONLY),
		ROW(open, EPERM, S("i"), O_WRONLY | O_APPEND),
		ROW(open, EPERM, S("i"), O_RDONLY | O_TRUNC),
		ROW(open, EPERM, S("id/new"), O_WRONLY | O_CREAT, 0600),
		ROW(open, 0, S("id/f"), O_RDWR),
		ROW(access, EPERM, S("i"), W_OK),
		ROW(access, 0, S("i"), R_OK),
		ROW(unlink, EPERM, S("i")),
		ROW(unlink, EPERM, S("id/f")),
		ROW(unlink, ENOENT, S("id/none")),
		ROW(rmdir, EPERM, S("id")),
		ROW(rename, EPERM, S("i"), S("x")),
		ROW(rename, EPERM, S("f"), S("i")),
		ROW(rename, EPERM, S("f"), S("id/x")),
		ROW(rename, EPERM, S("id/f"), S("x")),
		ROW(link, EPERM, S("i"), S("x")),
		ROW(link, EEXIST, S("i"), S("f")),
		ROW(link, EPERM, S("f"), S("id/x")),
		ROW(link, EEXIST, S("f"), S("id/f")),
		ROW(mkdir, EPERM, S("id/x"), 0700),
		ROW(mkdir, EEXIST, S("id/f"), 0700),
		ROW(symlink, EPERM, S("f"), S("id/x")),
		ROW(mknod, EPERM, S("id/x"), S_IFIFO, 0),
		ROW(chmod, EPERM, S("i"), 0600),
		ROW(chown, EPERM, S("i"), 1, 1),
		ROW(truncate, EPERM, S("i"), 0),
		ROW(utimensat, EPERM, AT_FDCWD, S("i"), 0, 0),
		ROW(utimensat, EPERM, AT_FDCWD, S("i"), S(times_now), 0),
		ROW(utimensat, EPERM, AT_FDCWD, S("i"), S(some_time), 0),
		ROW(utimensat, EPERM, AT_FDCWD, S("i"), S(touch_one), 0),
		ROW(chdir, 0, S("id")),
	};

	ROWS(rows);
}

TEST_ROOT(an_immutable_file)
{
	with_flags(immutable_rows);
}

static void append_rows(void)
{
	static const struct row rows[] = {
		ROW(open, EPERM, S("a"), O_WRONLY),
		ROW(open, EPERM, S("a"), O_WRONLY | O_APPEND | O_TRUNC),
		ROW(open, EPERM, S("a"), O_RDONLY | O_TRUNC),
		ROW(open, 0, S("a"), O_RDWR | O_APPEND),
		ROW(open, 0, S("ad/new"), O_WRONLY | O_CREAT, 0600),
		ROW(access, 0, S("a"), W_OK),
		ROW(unlink, EPERM, S("a")),
		ROW(unlink, EPERM, S("ad/f")),
		ROW(rmdir, EPERM, S("ad")),
		ROW(rename, EPERM, S("a"), S("x")),
		ROW(rename, EPERM, S("f"), S("a")),
		ROW(rename, EPERM, S("ad/f"), S("x")),
		ROW(rename, EPERM, S("f"), S("ad/f")),
		ROW(link, EPERM, S("a"), S("x")),
		ROW(mkdir, 0, S("ad/x"), 0700),
		ROW(chmod, EPERM, S("a"), 0600),
		ROW(chown, EPERM, S("a"), 1, 1),
		ROW(truncate, EPERM, S("a"), 0),
		ROW(truncate, EPERM, S("a"), 100),
		ROW(ftruncate, EPERM, FD_APPEND, 0),
		ROW(ftruncate, EPERM, FD_WR, 100),
		ROW(fcntl64, EPERM, FD_APPEND, F_SETFL, 0),
		ROW(fcntl64, 0, FD_APPEND, F_SETFL, O_APPEND | O_NONBLOCK),
		ROW(fcntl64, EPERM, FD_WR, F_SETFL, O_APPEND),
		ROW(mmap2, EACCES, 0, 4096, PROT_READ, MAP_SHARED, FD_APPEND, 0),
		ROW(mmap2, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, FD_APPEND, 0),
		ROW(write, 0, FD_APPEND, S(buf), 1),
		ROW(utimensat, 0, AT_FDCWD, S("a"), 0, 0),
		ROW(utimensat, 0, AT_FDCWD, S("a"), S(times_now), 0),
		ROW(utimensat, EPERM, AT_FDCWD, S("a"), S(some_time), 0),
	};

	ROWS(rows);
}

TEST_ROOT(a_file_that_only_grows)
{
	with_flags(append_rows);
}

static void user_rows(void)
{
	static unsigned nothing, nodump = NODUMP, append = APPEND;
	static const struct row rows[] = {
		ROW(ioctl, EFAULT, FD_A, GETFLAGS, BAD),
		ROW(ioctl, EFAULT, FD_A, SETFLAGS, BAD),
		ROW(ioctl, EPERM, FD_A, SETFLAGS, S(&nothing)),
		ROW(ioctl, EPERM, FD_B, SETFLAGS, S(&append)),
		ROW(ioctl, 0, FD_B, SETFLAGS, S(&nodump)),
		ROW(ioctl, 0, FD_B, SETFLAGS, S(&nothing)),
		ROW(ioctl, ENOTTY, FD_NULL, SETFLAGS, S(&nothing)),
		ROW(ioctl, ENOTTY, FD_NULL, GETFLAGS, S(&nothing)),
		ROW(open, EACCES, S("f"), O_WRONLY),
		ROW(open, EPERM, S("i"), O_WRONLY),
		ROW(unlink, EPERM, S("id/f")),
	};

	ROWS_FD(FD_A, SYS(open("i", O_RDONLY)));
	ROWS_FD(FD_NULL, SYS(open("/dev/null", O_RDONLY)));
	SYS(chmod(".", 0777));
	SYS(setgid(USER));
	SYS(setuid(USER));
	t_put("mine", "x", 1);
	ROWS_FD(FD_B, SYS(open("mine", O_RDONLY)));
	ROWS(rows);
	CHECK_EQ(get_flags("i"), IMMUTABLE);
	CHECK_EQ(get_flags("ad"), APPEND);
	CHECK_EQ(get_flags("f"), 0);
}

TEST_ROOT(of_a_user)
{
	with_flags(user_rows);
}

T_NO_HOOK
