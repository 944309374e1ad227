/* SPDX-License-Identifier: MIT */
/* Locks on files: fcntl(), flock(), those of descriptions; held, shared, waited for. */
#include "states.h"
#include <pthread.h>
#include <sys/file.h>

static int make(void)
{
	t_put("f", "0123456789", 10);
	return SYS(open("f", O_RDWR));
}

static struct flock range(int type, off_t from, off_t len)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len };
}

static void lock(int fd, int cmd, int type, off_t from, off_t len)
{
	struct flock fl = range(type, from, len);

	SYS(fcntl(fd, cmd, &fl));
}

/* Whether somebody else, a process of its own, could have the lock. */
static int others_can(int type, off_t from, off_t len)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int fd = SYS(open("f", O_RDWR));
		struct flock fl = range(type, from, len);

		_exit(fcntl(fd, F_SETLK, &fl) == 0	   ? 1
		      : errno == EAGAIN || errno == EACCES ? 0
							   : 2);
	}
	return WEXITSTATUS(t_wait(pid));
}

static int others_can_flock(int how)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int fd = SYS(open("f", O_RDWR));

		_exit(flock(fd, how | LOCK_NB) == 0 ? 1 : errno == EWOULDBLOCK ? 0 : 2);
	}
	return WEXITSTATUS(t_wait(pid));
}

STATE(posix_write)
{
	int fd = make();

	lock(fd, F_SETLK, F_WRLCK, 0, 0);
	st_wait();
	CHECK_EQ(others_can(F_RDLCK, 0, 1), 0);
	CHECK_EQ(others_can(F_WRLCK, 1000, 1), 0);
	pid_t me = getpid(), pid = t_fork();
	if (pid == 0) {
		struct flock fl = range(F_WRLCK, 0, 0);

		SYS(fcntl(fd, F_GETLK, &fl));
		CHECK_EQ(fl.l_type, F_WRLCK);
		CHECK_EQ(fl.l_pid, me);
		CHECK_EQ(fl.l_start, 0);
		CHECK_EQ(fl.l_len, 0);
		_exit(0);
	}
	t_join(pid);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	CHECK_EQ(others_can(F_WRLCK, 0, 0), 1);
}

STATE(posix_read)
{
	int fd = make();

	lock(fd, F_SETLK, F_RDLCK, 2, 5);
	st_wait();
	CHECK_EQ(others_can(F_RDLCK, 0, 0), 1);
	CHECK_EQ(others_can(F_WRLCK, 6, 1), 0);
	CHECK_EQ(others_can(F_WRLCK, 7, 1), 1);
}

STATE(posix_ranges)
{
	int fd = make();

	for (int i = 0; i < 20; i++)
		lock(fd, F_SETLK, i % 2 ? F_RDLCK : F_WRLCK, i * 10, 5);
	lock(fd, F_SETLK, F_UNLCK, 42, 1);
	st_wait();
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(others_can(F_WRLCK, i * 10, 2), 0);
		CHECK_EQ(others_can(F_RDLCK, i * 10, 2), i % 2);
		CHECK_EQ(others_can(F_WRLCK, i * 10 + 5, 5), 1);
	}
	CHECK_EQ(others_can(F_WRLCK, 42, 1), 1);
}

STATE(posix_dropped_by_close)
{
	/* Closing any descriptor of the file drops them all. */
	int fd = make(), other = SYS(open("f", O_RDONLY));

	lock(fd, F_SETLK, F_WRLCK, 0, 0);
	st_wait();
	CHECK_EQ(others_can(F_WRLCK, 0, 0), 0);
	SYS(close(other));
	CHECK_EQ(others_can(F_WRLCK, 0, 0), 1);
}

STATE(of_description)
{
	int fd = make();

	lock(fd, F_OFD_SETLK, F_WRLCK, 0, 4);
	st_wait();
	CHECK_EQ(others_can(F_RDLCK, 0, 1), 0);
	CHECK_EQ(others_can(F_WRLCK, 4, 1), 1);
	/* It conflicts with the same process's other descriptions. */
	int other = SYS(open("f", O_RDWR));
	struct flock fl = range(F_WRLCK, 0, 1);
	CHECK_ERR(fcntl(other, F_OFD_SETLK, &fl), EAGAIN);
	SYS(close(fd));
	CHECK_EQ(others_can(F_WRLCK, 0, 1), 1);
}

STATE(flock_exclusive)
{
	int fd = make(), twin = SYS(dup(fd));

	SYS(flock(fd, LOCK_EX));
	st_wait();
	CHECK_EQ(others_can_flock(LOCK_SH), 0);
	SYS(close(fd));
	CHECK_EQ(others_can_flock(LOCK_SH), 0);
	SYS(flock(twin, LOCK_UN));
	CHECK_EQ(others_can_flock(LOCK_EX), 1);
}

STATE(flock_shared)
{
	int fd = make();

	SYS(flock(fd, LOCK_SH));
	st_wait();
	CHECK_EQ(others_can_flock(LOCK_SH), 1);
	CHECK_EQ(others_can_flock(LOCK_EX), 0);
}

STATE(both)
{
	int fd = make();

	SYS(flock(fd, LOCK_EX));
	lock(fd, F_SETLK, F_WRLCK, 0, 1);
	st_wait();
	CHECK_EQ(others_can_flock(LOCK_SH), 0);
	CHECK_EQ(others_can(F_RDLCK, 0, 1), 0);
	SYS(flock(fd, LOCK_UN));
	CHECK_EQ(others_can(F_RDLCK, 0, 1), 0);
}

static void wait_for_lock(void *arg)
{
	int fd = *(int *)arg;

	lock(fd, F_SETLKW, F_WRLCK, 0, 0);
	CHECK(st_may_go());
}

STATE_TREE(waited_for)
{
	int fd = make();

	lock(fd, F_SETLK, F_WRLCK, 3, 1);
	pid_t pid = st_child(wait_for_lock, &fd);
	t_await_state(pid, "S");
	st_wait();
	lock(fd, F_SETLK, F_UNLCK, 3, 1);
	t_join(pid);
}

static void wait_for_flock(void *arg)
{
	int fd = SYS(open("f", O_RDWR));

	SYS(flock(fd, LOCK_EX));
	CHECK(st_may_go());
}

STATE_TREE(flock_waited_for)
{
	int fd = make();

	SYS(flock(fd, LOCK_SH));
	pid_t pid = st_child(wait_for_flock, NULL);
	t_await_state(pid, "S");
	st_wait();
	SYS(flock(fd, LOCK_UN));
	t_join(pid);
}

static void hold_lock(void *arg)
{
	int *fd = arg;

	lock(fd[0], F_SETLK, F_WRLCK, 5, 1);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	st_await_go();
	/* Its own lock, and that of its parent. */
	struct flock fl = range(F_WRLCK, 0, 10);
	SYS(fcntl(fd[0], F_GETLK, &fl));
	CHECK_EQ(fl.l_pid, getppid());
	CHECK_EQ(fl.l_start, 0);
	CHECK_EQ(read(fd[3], &fl, 1), 1);
}

STATE_TREE(of_two_processes)
{
	int fd[4] = { make() };
	char c;

	SYS(pipe(fd + 1)); /* fd[1] reads, fd[2] writes */
	int up[2] = { fd[1], fd[2] }, down[2];
	SYS(pipe(down));
	fd[1] = up[1];
	fd[3] = down[0];
	lock(fd[0], F_SETLK, F_WRLCK, 0, 1);
	pid_t pid = st_child(hold_lock, fd);
	CHECK_EQ(read(up[0], &c, 1), 1);
	st_wait();
	struct flock fl = range(F_WRLCK, 1, 9);
	SYS(fcntl(fd[0], F_GETLK, &fl));
	CHECK_EQ(fl.l_pid, pid);
	CHECK_EQ(fl.l_start, 5);
	CHECK_EQ(write(down[1], "x", 1), 1);
	t_join(pid);
	CHECK_EQ(others_can(F_WRLCK, 5, 1), 1);
	CHECK_EQ(others_can(F_WRLCK, 0, 1), 0);
}

static void inherit(void *arg)
{
	int fd = *(int *)arg;

	st_await_go();
	SYS(flock(fd, LOCK_UN)); /* the parent's lock too: one description */
}

STATE_TREE(flock_inherited)
{
	int fd = make();

	SYS(flock(fd, LOCK_EX));
	pid_t pid = st_child(inherit, &fd);
	st_wait();
	t_join(pid);
	CHECK_EQ(others_can_flock(LOCK_EX), 1);
}
