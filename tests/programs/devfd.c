/* SPDX-License-Identifier: MIT */
/*
 * Opening what a descriptor is open on once more, by its name in /proc/self/fd or
 * /dev/fd: pipes with one end or both, FIFOs, files with and without a name,
 * directories, devices, terminals.
 */
#include "t.h"
#include <poll.h>
#include <sys/ioctl.h>

static char *name_of(int fd)
{
	static char name[2][64];
	static int turn;

	turn ^= 1;
	snprintf(name[turn], sizeof(name[turn]), "/proc/self/fd/%d", fd);
	return name[turn];
}

static int again(int fd, int flags)
{
	return open(name_of(fd), flags);
}

/* Both descriptors have one name. */
static void same_name(int a, int b)
{
	char one[128] = "", two[128] = "";

	CHECK(readlink(name_of(a), one, sizeof(one) - 1) > 0);
	CHECK(readlink(name_of(b), two, sizeof(two) - 1) > 0);
	CHECK_STR(two, one);
}

/* What poll(2) says of fd at once. */
static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents & (POLLIN | POLLOUT | POLLHUP | POLLERR);
}

/* The flags with which an end is opened again. */
static const int extra[] = { 0, O_NONBLOCK, O_CREAT, O_TRUNC, O_CLOEXEC };
#define NEXTRA (sizeof(extra) / sizeof(*extra))

TEST(read_end_without_a_writer)
{
	char buf[8];

	for (size_t i = 0; i < NEXTRA; i++) {
		int p[2];

		SYS(pipe(p));
		CHECK_EQ(write(p[1], "abc", 3), 3);
		SYS(close(p[1]));
		int fd = SYS(again(p[0], O_RDONLY | extra[i]));
		CHECK_EQ(events(fd), POLLIN | POLLHUP);
		same_name(p[0], fd);
		CHECK_EQ(read(fd, buf, sizeof(buf)), 3);
		CHECK_EQ(events(fd), POLLHUP);
		CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
		CHECK_EQ(read(p[0], buf, sizeof(buf)), 0);
		SYS(close(p[0]));
		/* The last description left is the one that was opened by name. */
		CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
		int third = SYS(again(fd, O_RDONLY));
		CHECK_EQ(events(third), POLLHUP);
		SYS(close(fd));
		SYS(close(third));
	}
}

TEST(write_end_without_a_reader)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < NEXTRA; i++) {
		int p[2];

		SYS(pipe(p));
		SYS(close(p[0]));
		int fd = SYS(again(p[1], O_WRONLY | extra[i]));
		CHECK_EQ(events(fd), POLLOUT | POLLERR);
		CHECK_ERR(write(fd, "x", 1), EPIPE);
		SYS(close(p[1]));
		SYS(close(fd));
	}
}

/* Through one end's name each side can be opened: the name leads to the pipe. */
TEST(other_side_of_a_pipe)
{
	char buf[8];
	int p[2];

	SYS(pipe(p));
	SYS(close(p[1]));
	int w = SYS(again(p[0], O_WRONLY));
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(events(p[0]), POLLIN);
	CHECK_EQ(read(p[0], buf, 8), 1);
	CHECK_EQ(events(p[0]), 0);
	SYS(close(w));
	CHECK_EQ(events(p[0]), POLLHUP);
	w = SYS(again(p[0], O_WRONLY | O_NONBLOCK));
	SYS(close(p[0]));
	int r = SYS(again(w, O_RDONLY));
	CHECK_EQ(events(r), 0);
	CHECK_EQ(write(w, "yz", 2), 2);
	CHECK_EQ(read(r, buf, 8), 2);
	SYS(close(r));
	int both = SYS(again(w, O_RDWR));
	SYS(close(w));
	CHECK_EQ(write(both, "1", 1), 1);
	CHECK_EQ(read(both, buf, 8), 1);
	CHECK_EQ(events(both), POLLOUT);
}

TEST(whole_pipe)
{
	char buf[8];
	int p[2];

	SYS(pipe(p));
	int r = SYS(again(p[0], O_RDONLY)), w = SYS(again(p[1], O_WRONLY));
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(read(r, buf, 8), 1);
	CHECK_ERR(read(SYS(again(p[0], O_RDONLY | O_NONBLOCK)), buf, 8), EAGAIN);
	SYS(close(p[1]));
	CHECK_EQ(events(r), 0);
	SYS(close(w));
	CHECK_EQ(events(r), POLLHUP);
	CHECK_EQ(read(r, buf, 8), 0);
}

/* Of what was already read nothing is there again; each description has the one place. */
TEST(bytes_are_not_copied)
{
	char buf[8];
	int p[2];

	SYS(pipe(p));
	CHECK_EQ(write(p[1], "abcdef", 6), 6);
	SYS(close(p[1]));
	CHECK_EQ(read(p[0], buf, 2), 2);
	int fd = SYS(again(p[0], O_RDONLY));
	CHECK_EQ(read(fd, buf, 2), 2);
	CHECK(memcmp(buf, "cd", 2) == 0);
	CHECK_EQ(read(p[0], buf, 8), 2);
	CHECK(memcmp(buf, "ef", 2) == 0);
}

TEST(flags_that_do_not_fit_a_pipe)
{
	int p[2];

	SYS(pipe(p));
	CHECK_ERR(again(p[0], O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(again(p[0], O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(again(p[0], O_RDONLY | O_CREAT | O_EXCL), EEXIST);
	int fd = SYS(again(p[0], O_PATH));
	char c;
	CHECK_ERR(read(fd, &c, 1), EBADF);
	SYS(close(SYS(again(p[0], O_RDWR | O_TRUNC))));
	SYS(close(p[0]));
	CHECK_ERR(again(p[0], O_RDONLY), ENOENT);
}

/* A FIFO of the file system waits for its other side, by whatever name. */
TEST(fifo)
{
	char c;

	SYS(mkfifo("f", 0600));
	int r = SYS(open("f", O_RDONLY | O_NONBLOCK));
	CHECK_ERR(again(SYS(open("f", O_PATH)), O_WRONLY | O_DIRECTORY), ENOTDIR);
	int w = SYS(again(r, O_WRONLY));
	SYS(close(r));
	/* No reader any more. */
	CHECK_ERR(again(w, O_WRONLY | O_NONBLOCK), ENXIO);
	SYS(unlink("f"));
	CHECK_ERR(again(w, O_WRONLY | O_NONBLOCK), ENXIO);
	r = SYS(again(w, O_RDONLY));
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(read(r, &c, 1), 1);
	SYS(close(w));
	int late = SYS(again(r, O_RDONLY | O_NONBLOCK));
	CHECK_EQ(events(r), POLLHUP);
	CHECK_EQ(events(late), 0);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(again(r, O_RDONLY)); /* waits for a writer */
		_exit(0);
	}
	t_await_state(pid, "S");
	SYS(again(r, O_WRONLY));
	t_join(pid);
}

TEST(files)
{
	char buf[8];

	t_put("f", "abc", 3);
	int fd = SYS(open("f", O_RDONLY));
	CHECK_EQ(read(fd, buf, 2), 2);
	int second = SYS(again(fd, O_RDWR)); /* a place of its own, and rights of its own */
	CHECK_EQ(read(second, buf, 8), 3);
	same_name(fd, second);
	SYS(unlink("f"));
	same_name(fd, second);
	int third = SYS(again(fd, O_RDWR | O_CREAT));
	CHECK_EQ(write(third, "xyz", 3), 3);
	CHECK_EQ(read(fd, buf, 8), 1);
	CHECK(buf[0] == 'z');
	SYS(close(SYS(again(fd, O_WRONLY | O_TRUNC))));
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_ERR(again(fd, O_RDONLY | O_DIRECTORY), ENOTDIR);
	int m = (int)syscall(SYS_memfd_create, "m", 0);
	CHECK(m >= 0);
	CHECK_EQ(write(m, "mem", 3), 3);
	CHECK_EQ(read(SYS(again(m, O_RDONLY)), buf, 8), 3);
}

TEST(directories)
{
	SYS(mkdir("d", 0700));
	int fd = SYS(open("d", O_RDONLY | O_DIRECTORY));
	SYS(close(SYS(again(fd, O_RDONLY))));
	SYS(close(SYS(again(fd, O_RDONLY | O_DIRECTORY))));
	CHECK_ERR(again(fd, O_WRONLY), EISDIR);
	CHECK_ERR(again(fd, O_RDWR), EISDIR);
	CHECK_ERR(again(fd, O_RDONLY | O_CREAT), EISDIR);
	SYS(rmdir("d"));
	SYS(close(SYS(again(fd, O_RDONLY))));
}

TEST(devices)
{
	char c;
	int fd = SYS(open("/dev/null", O_RDWR));

	CHECK_EQ(read(SYS(again(fd, O_RDONLY)), &c, 1), 0);
	fd = SYS(open("/dev/zero", O_RDONLY));
	CHECK_EQ(read(SYS(again(fd, O_RDWR)), &c, 1), 1);
	CHECK_EQ(write(SYS(again(fd, O_WRONLY)), "x", 1), 1);
}

TEST(terminals)
{
	int m = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY)), zero = 0;
	char name[32], buf[8];
	unsigned n;

	SYS(ioctl(m, 0x40045431, &zero)); /* TIOCSPTLCK */
	SYS(ioctl(m, 0x80045430, &n));	  /* TIOCGPTN */
	snprintf(name, sizeof(name), "/dev/pts/%u", n);
	int s = SYS(open(name, O_RDWR | O_NOCTTY));
	int s2 = SYS(again(s, O_RDWR | O_NOCTTY));
	same_name(s, s2);
	SYS(close(s));
	CHECK_EQ(write(s2, "x", 1), 1);
	CHECK_EQ(read(m, buf, 8), 1);
	SYS(close(m));
	/* Hung up: there is no terminal any more. */
	CHECK_ERR(again(s2, O_RDWR | O_NOCTTY), EIO);
}

/* The owner of a pipe is its maker: another user's process cannot open it again. */
TEST_ROOT(rights)
{
	int p[2];
	char c;

	SYS(pipe(p));
	SYS(close(p[1]));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(setgid(1001));
		SYS(setuid(1001));
		CHECK_EQ(read(p[0], &c, 1), 0);
		CHECK_ERR(again(p[0], O_RDONLY), EACCES);
		_exit(0);
	}
	t_join(pid);
}

/* As a shell does with <(command): the writer may have ended before the name is opened. */
TEST(substitution)
{
	char buf[8];
	int p[2];

	SYS(pipe(p));
	pid_t pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(write(p[1], "done", 4), 4);
		_exit(0);
	}
	SYS(close(p[1]));
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		char name[64];

		snprintf(name, sizeof(name), "/dev/fd/%d", p[0]);
		int fd = SYS(open(name, O_RDONLY));
		CHECK_EQ(read(fd, buf, 8), 4);
		CHECK_EQ(read(fd, buf, 8), 0);
		SYS(dup2(p[0], 0));
		CHECK_EQ(read(SYS(open("/dev/stdin", O_RDONLY)), buf, 8), 0);
		_exit(0);
	}
	t_join(pid);
}

T_NO_HOOK
