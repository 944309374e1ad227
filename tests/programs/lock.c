/* SPDX-License-Identifier: MIT */
/* Record locks (fcntl) and whole-file locks (flock); poll and select on several kinds of files. */
#include "t.h"
#include <poll.h>
#include <sys/file.h>
#include <sys/select.h>

static int lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &fl);
}

/* Who would stand in the way of this lock: 0 nobody, else the pid; type and range in *fl. */
static int holder(int fd, int type, off_t start, off_t len, struct flock *fl)
{
	*fl = (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
	SYS(fcntl(fd, F_GETLK, fl));
	return fl->l_type == F_UNLCK ? 0 : fl->l_pid;
}

TEST(records_exclude)
{
	struct t_gate up = t_gate(), down = t_gate();
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct flock fl;
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(lock(fd, F_SETLK, F_WRLCK, 10, 10));
		SYS(lock(fd, F_SETLK, F_RDLCK, 100, 0));
		t_open_gate(up);
		t_pass_gate(down);
		SYS(lock(fd, F_SETLK, F_UNLCK, 14, 2));
		t_open_gate(up);
		t_pass_gate(down);
		_exit(0);
	}
	t_pass_gate(up);
	CHECK_EQ(holder(fd, F_RDLCK, 0, 15, &fl), pid);
	CHECK(fl.l_type == F_WRLCK && fl.l_start == 10 && fl.l_len == 10);
	CHECK_EQ(holder(fd, F_WRLCK, 0, 10, &fl), 0);
	CHECK_EQ(holder(fd, F_WRLCK, 20, 80, &fl), 0);
	CHECK_EQ(holder(fd, F_RDLCK, 200, 1, &fl), 0);
	CHECK_EQ(holder(fd, F_WRLCK, 5000000000ll, 1, &fl), pid);
	CHECK(fl.l_start == 100 && fl.l_len == 0);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 19, 1), -1);
	CHECK(errno == EAGAIN || errno == EACCES);
	SYS(lock(fd, F_SETLK, F_RDLCK, 200, 10));
	t_open_gate(down);
	t_pass_gate(up);
	SYS(lock(fd, F_SETLK, F_WRLCK, 14, 2));
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 13, 1), -1);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 16, 1), -1);
	t_open_gate(down);
	t_join(pid);
	/* They went with their process. */
	SYS(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	CHECK_ERR(lock(fd, F_SETLK, 99, 0, 0), EINVAL);
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, -5, 1), EINVAL);
	int ro = SYS(open("f", O_RDONLY));
	CHECK_ERR(lock(ro, F_SETLK, F_WRLCK, 0, 1), EBADF);
}

TEST(waiting_for_a_record)
{
	struct t_gate up = t_gate();
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	pid_t pid;

	SYS(lock(fd, F_SETLK, F_WRLCK, 0, 100));
	pid = t_fork();
	if (pid == 0) {
		t_open_gate(up);
		SYS(lock(fd, F_SETLKW, F_WRLCK, 50, 1));
		_exit(7);
	}
	t_pass_gate(up);
	t_await_state(pid, "S");
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	SYS(lock(fd, F_SETLK, F_UNLCK, 50, 1));
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 7);
}

TEST(deadlock_is_refused)
{
	struct t_gate up = t_gate(), down = t_gate(), waits = t_gate();
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(lock(fd, F_SETLK, F_WRLCK, 1, 1));
		t_open_gate(up);
		t_pass_gate(down);
		t_open_gate(waits);
		SYS(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
		_exit(0);
	}
	SYS(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	t_pass_gate(up);
	t_open_gate(down);
	t_pass_gate(waits);
	t_await_state(pid, "S");
	CHECK_ERR(lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	SYS(lock(fd, F_SETLK, F_UNLCK, 0, 1));
	t_join(pid);
}

/* What is in the way: of several locks the first one, whatever was set first. */
TEST(first_lock_in_the_way)
{
	struct t_gate up = t_gate(), down = t_gate();
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct flock fl;
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(lock(fd, F_SETLK, F_WRLCK, 50, 10));
		SYS(lock(fd, F_SETLK, F_RDLCK, 20, 10));
		SYS(lock(fd, F_SETLK, F_WRLCK, 30, 5));
		SYS(lock(fd, F_SETLK, F_RDLCK, 10, 5));
		SYS(lock(fd, F_SETLK, F_RDLCK, 100, 0));
		SYS(lock(fd, F_SETLK, F_WRLCK, 0, 3));
		t_open_gate(up);
		t_pass_gate(down);
		_exit(0);
	}
	t_pass_gate(up);
	static const struct {
		int type;
		off_t start, len; /* asked for */
		int found;
		off_t at, n;
	} rows[] = {
		{ F_WRLCK, 0, 0, F_WRLCK, 0, 3 },	    { F_RDLCK, 0, 0, F_WRLCK, 0, 3 },
		{ F_WRLCK, 3, 0, F_RDLCK, 10, 5 },	    { F_RDLCK, 3, 0, F_WRLCK, 30, 5 },
		{ F_WRLCK, 14, 100, F_RDLCK, 10, 5 },	    { F_WRLCK, 15, 100, F_RDLCK, 20, 10 },
		{ F_RDLCK, 35, 0, F_WRLCK, 50, 10 },	    { F_RDLCK, 60, 0, F_UNLCK, 60, 0 },
		{ F_WRLCK, 60, 0, F_RDLCK, 100, 0 },	    { F_WRLCK, 3, 7, F_UNLCK, 3, 7 },
		{ F_WRLCK, 1ll << 40, 1, F_RDLCK, 100, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		holder(fd, rows[i].type, rows[i].start, rows[i].len, &fl);
		if (fl.l_type != rows[i].found || fl.l_start != rows[i].at || fl.l_len != rows[i].n)
			FAIL("row %zu: found type %d, %lld, %lld", i, fl.l_type,
			     (long long)fl.l_start, (long long)fl.l_len);
	}
	t_open_gate(down);
	t_join(pid);
}

static int lock_from(int fd, int cmd, int whence, off_t start, off_t len, struct flock *fl)
{
	*fl = (struct flock){ .l_type = F_WRLCK, .l_whence = whence, .l_start = start, .l_len = len };
	return fcntl(fd, cmd, fl);
}

/* Ranges from the offset and the end, backwards, and beyond what there is. */
TEST(ranges)
{
	static const off_t last = 0x7fffffffffffffffll;
	struct t_gate up = t_gate(), down = t_gate();
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct flock fl;

	SYS(ftruncate(fd, 1000));
	SYS(lseek(fd, 100, SEEK_SET));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(lock_from(fd, F_SETLK, SEEK_CUR, 0, -10, &fl));	   /* 90..99 */
		SYS(lock_from(fd, F_SETLK, SEEK_CUR, 10, 10, &fl));	   /* 110..119 */
		SYS(lock_from(fd, F_SETLK, SEEK_END, -100, 50, &fl));	   /* 900..949 */
		SYS(lock_from(fd, F_SETLK, SEEK_END, 0, -5, &fl));	   /* 995..999 */
		SYS(lock_from(fd, F_SETLK, SEEK_SET, last, 1, &fl));	   /* the last byte */
		SYS(lock_from(fd, F_SETLK, SEEK_SET, last - 10, -5, &fl)); /* five before */
		t_open_gate(up);
		t_pass_gate(down);
		_exit(0);
	}
	t_pass_gate(up);
	CHECK_EQ(holder(fd, F_WRLCK, 0, 0, &fl), pid);
	CHECK(fl.l_whence == SEEK_SET && fl.l_start == 90 && fl.l_len == 10);
	CHECK_EQ(holder(fd, F_WRLCK, 100, 0, &fl), pid);
	CHECK(fl.l_start == 110 && fl.l_len == 10);
	CHECK_EQ(holder(fd, F_WRLCK, 120, 0, &fl), pid);
	CHECK(fl.l_start == 900 && fl.l_len == 50);
	CHECK_EQ(holder(fd, F_WRLCK, 950, 0, &fl), pid);
	CHECK(fl.l_start == 995 && fl.l_len == 5);
	CHECK_EQ(holder(fd, F_WRLCK, 1000, 0, &fl), pid);
	CHECK(fl.l_start == last - 15 && fl.l_len == 5);
	CHECK_EQ(holder(fd, F_WRLCK, last - 10, 0, &fl), pid);
	CHECK(fl.l_start == last && fl.l_len == 0);
	SYS(lock_from(fd, F_GETLK, SEEK_CUR, -5, 1, &fl));
	CHECK(fl.l_type == F_WRLCK && fl.l_start == 90 && fl.l_whence == SEEK_SET);
	t_open_gate(down);
	t_join(pid);
	static const int cmds[] = { F_GETLK, F_SETLK, F_SETLKW };
	for (int i = 0; i < 3; i++) {
		CHECK_ERR(lock_from(fd, cmds[i], 3, 0, 0, &fl), EINVAL);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_SET, -1, 0, &fl), EINVAL);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_SET, -1, 10, &fl), EINVAL);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_SET, 5, -6, &fl), EINVAL);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_CUR, -101, 1, &fl), EINVAL);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_CUR, last, 1, &fl), EOVERFLOW);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_END, last - 999, 1, &fl), EOVERFLOW);
		CHECK_ERR(lock_from(fd, cmds[i], SEEK_SET, 2, last, &fl), EOVERFLOW);
		CHECK_ERR(fcntl(fd, cmds[i], (void *)8), EFAULT);
		CHECK_ERR(fcntl(999, cmds[i], &fl), EBADF);
	}
	CHECK_ERR(lock(fd, F_GETLK, F_UNLCK, 0, 0), EINVAL);
	CHECK_ERR(lock(fd, F_GETLK, 77, 0, 0), EINVAL);
	SYS(lock_from(fd, F_SETLK, SEEK_SET, 1, last, &fl));
	SYS(lock_from(fd, F_SETLK, SEEK_SET, 5, -5, &fl));
}

#define OFD_GET 36
#define OFD_SET 37
#define OFD_SETW 38

/* Locks of an open description: beside those of processes, with rules of their own. */
TEST(locks_of_descriptions)
{
	int a = SYS(open("f", O_RDWR | O_CREAT, 0600)), b = SYS(open("f", O_RDWR));
	struct flock fl;

	SYS(lock(a, OFD_SET, F_WRLCK, 10, 10));
	CHECK_ERR(lock(b, OFD_SET, F_RDLCK, 15, 1), EAGAIN);
	/* Also a lock of the very process is in its way. */
	CHECK_ERR(lock(a, F_SETLK, F_WRLCK, 15, 1), EAGAIN);
	SYS(lock(a, F_SETLK, F_WRLCK, 30, 10));
	CHECK_ERR(lock(a, OFD_SET, F_WRLCK, 35, 1), EAGAIN);
	CHECK_EQ(holder(b, F_WRLCK, 0, 0, &fl), -1);
	CHECK(fl.l_type == F_WRLCK && fl.l_start == 10 && fl.l_len == 10);
	fl = (struct flock){ .l_type = F_WRLCK, .l_start = 0, .l_len = 0 };
	SYS(fcntl(b, OFD_GET, &fl));
	CHECK(fl.l_start == 10 && fl.l_len == 10 && fl.l_pid == -1);
	fl = (struct flock){ .l_type = F_WRLCK, .l_start = 20, .l_len = 0 };
	SYS(fcntl(a, OFD_GET, &fl));
	CHECK(fl.l_start == 30 && fl.l_len == 10 && fl.l_pid == getpid());
	static const int cmds[] = { OFD_GET, OFD_SET, OFD_SETW };
	for (int i = 0; i < 3; i++) {
		fl = (struct flock){ .l_type = F_WRLCK, .l_start = 50, .l_pid = 1 };
		CHECK_ERR(fcntl(a, cmds[i], &fl), EINVAL);
	}
	int ro = SYS(open("f", O_RDONLY));
	CHECK_ERR(lock(ro, OFD_SET, F_WRLCK, 60, 1), EBADF);
	/* A child shares the description, and the lock; the close of another descriptor drops nothing. */
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(lock(a, OFD_SET, F_RDLCK, 10, 5));
		SYS(close(SYS(open("f", O_RDWR))));
		_exit(0);
	}
	t_join(pid);
	SYS(lock(b, OFD_SET, F_RDLCK, 12, 1));
	CHECK_ERR(lock(b, OFD_SET, F_RDLCK, 16, 1), EAGAIN);
	SYS(close(a));
	SYS(lock(b, OFD_SET, F_WRLCK, 0, 0));
}

#define CHAIN 6

/* Processes that each wait for the next one: the last is refused, however long the chain. */
TEST(deadlock_of_many)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct t_gate up = t_gate();
	pid_t pid[CHAIN];

	SYS(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	for (int i = 0; i < CHAIN; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			SYS(lock(fd, F_SETLK, F_WRLCK, i + 1, 1));
			t_open_gate(up);
			SYS(lock(fd, F_SETLKW, F_WRLCK, i, 1));
			_exit(0);
		}
		t_pass_gate(up);
		t_await_state(pid[i], "S");
	}
	CHECK_ERR(lock(fd, F_SETLKW, F_WRLCK, CHAIN, 1), EDEADLK);
	/* A lock of a description waits for no circle. */
	CHECK_ERR(lock(fd, F_SETLK, F_WRLCK, CHAIN, 1), EAGAIN);
	SYS(lock(fd, F_SETLK, F_UNLCK, 0, 1));
	for (int i = 0; i < CHAIN; i++)
		t_join(pid[i]);
}

#define MANY 2000 /* Linux keeps a list */

/* Every second byte, set from the middle outwards; then asked about, joined and dropped. */
TEST(many_locks)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct t_gate up = t_gate(), down = t_gate();
	struct flock fl;
	pid_t pid = t_fork();

	if (pid == 0) {
		for (int i = 0; i < MANY / 2; i++) {
			SYS(lock(fd, F_SETLK, F_WRLCK, MANY + 2 * i, 1));
			SYS(lock(fd, F_SETLK, F_WRLCK, MANY - 2 - 2 * i, 1));
		}
		t_open_gate(up);
		t_pass_gate(down);
		SYS(lock(fd, F_SETLK, F_UNLCK, 100, MANY));
		SYS(lock(fd, F_SETLK, F_RDLCK, MANY + 100, 0));
		t_open_gate(up);
		t_pass_gate(down);
		_exit(0);
	}
	t_pass_gate(up);
	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(holder(fd, F_RDLCK, 2 * i + 1, 1, &fl), 0);
		CHECK_EQ(holder(fd, F_RDLCK, 2 * i + 1, 2, &fl), i + 1 < MANY ? pid : 0);
		SYS(lock(fd, F_SETLK, F_RDLCK, 2 * i + 1, 1));
	}
	t_open_gate(down);
	t_pass_gate(up);
	CHECK_EQ(holder(fd, F_RDLCK, 99, 0, &fl), 0);
	CHECK_EQ(holder(fd, F_WRLCK, 99, 0, &fl), pid);
	CHECK(fl.l_type == F_RDLCK && fl.l_start == MANY + 100 && fl.l_len == 0);
	CHECK_EQ(holder(fd, F_WRLCK, 0, 100, &fl), pid);
	CHECK(fl.l_start == 0 && fl.l_len == 1);
	t_open_gate(down);
	t_join(pid);
	SYS(lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

TEST(closing_any_descriptor_drops_records)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600)), other = SYS(open("f", O_RDONLY));
	struct flock fl;

	SYS(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	SYS(close(other));
	pid_t pid = t_fork();
	if (pid == 0)
		_exit(holder(fd, F_WRLCK, 0, 0, &fl) != 0);
	t_join(pid);
}

TEST(flock_rules)
{
	int a = SYS(open("f", O_RDWR | O_CREAT, 0600)), b = SYS(open("f", O_RDWR));

	SYS(flock(a, LOCK_EX));
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	SYS(flock(a, LOCK_SH));
	SYS(flock(b, LOCK_SH | LOCK_NB));
	CHECK_ERR(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	SYS(flock(b, LOCK_UN));
	SYS(flock(a, LOCK_EX | LOCK_NB));
	/* It belongs to the description: a child's copy keeps it, the last close drops it. */
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(a));
		CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
		_exit(0);
	}
	t_join(pid);
	CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	SYS(close(a));
	SYS(flock(b, LOCK_EX | LOCK_NB));
	CHECK_ERR(flock(b, 64), EINVAL);
	CHECK_ERR(flock(999, LOCK_SH), EBADF);
}

TEST(poll_of_many_kinds)
{
	int p[2], file = SYS(open("f", O_RDWR | O_CREAT, 0600)), null = SYS(open("/dev/null", O_RDWR));
	struct pollfd f[6];

	SYS(pipe(p));
	f[0] = (struct pollfd){ file, POLLIN | POLLOUT, 0 };
	f[1] = (struct pollfd){ null, POLLIN | POLLOUT, 0 };
	f[2] = (struct pollfd){ p[0], POLLIN, 0 };
	f[3] = (struct pollfd){ 999, POLLIN, 0 };
	f[4] = (struct pollfd){ -1, POLLIN, 77 };
	CHECK_EQ(poll(f, 5, -1), 3);
	CHECK_EQ(f[0].revents, POLLIN | POLLOUT);
	CHECK_EQ(f[1].revents, POLLIN | POLLOUT);
	CHECK_EQ(f[2].revents, 0);
	CHECK_EQ(f[3].revents, POLLNVAL);
	CHECK_EQ(f[4].revents, 0);
	CHECK_ERR(poll((void *)0x10, 1, 0), EFAULT);
	CHECK_ERR(poll(f, 1 << 24, 0), EINVAL);
}

TEST(poll_wakes)
{
	int p[2], q[2];
	struct pollfd f[2];

	SYS(pipe(p));
	SYS(pipe(q));
	pid_t me = getpid(), pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		CHECK_EQ(write(q[1], "x", 1), 1);
		_exit(0);
	}
	f[0] = (struct pollfd){ p[0], POLLIN, 0 };
	f[1] = (struct pollfd){ q[0], POLLIN, 0 };
	CHECK_EQ(poll(f, 2, -1), 1);
	CHECK(f[0].revents == 0 && f[1].revents == POLLIN);
	t_join(pid);
	SYS(close(p[1]));
	CHECK_EQ(poll(f, 1, -1), 1);
	CHECK_EQ(f[0].revents, POLLHUP);
}

TEST(select_sets)
{
	int p[2];
	fd_set r, w, e;

	SYS(pipe(p));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(p[0], &r);
	FD_SET(p[1], &w);
	CHECK_EQ(select(p[1] + 1, &r, &w, &e, NULL), 1);
	CHECK(!FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
	CHECK_EQ(write(p[1], "x", 1), 1);
	FD_SET(p[0], &r);
	CHECK_EQ(select(p[1] + 1, &r, &w, NULL, NULL), 2);
	SYS(close(p[0]));
	FD_SET(p[0], &r);
	CHECK_ERR(select(p[1] + 1, &r, NULL, NULL, NULL), EBADF);
	CHECK_ERR(select(-1, NULL, NULL, NULL, NULL), EINVAL);
	struct timeval tv = { -1, 0 };
	CHECK_ERR(select(0, NULL, NULL, NULL, &tv), EINVAL);
}

static volatile sig_atomic_t hits;
static void count(int sig)
{
	hits++;
}

TEST(waiting_with_a_mask)
{
	sigset_t block, none;
	int p[2];
	struct pollfd f;
	pid_t me = getpid();

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &block, NULL));
	struct sigaction sa = { .sa_handler = count, .sa_flags = SA_RESTART };
	SYS(sigaction(SIGUSR1, &sa, NULL));
	SYS(pipe(p));
	f = (struct pollfd){ p[0], POLLIN, 0 };
	raise(SIGUSR1);
	CHECK_EQ(hits, 0);
	CHECK_ERR(ppoll(&f, 1, NULL, &none), EINTR);
	CHECK_EQ(hits, 1);
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &none), 0);
	CHECK(sigismember(&none, SIGUSR1));
	sigemptyset(&none);
	pid_t pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR1));
		_exit(0);
	}
	fd_set r;
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	CHECK_ERR(pselect(p[0] + 1, &r, NULL, NULL, NULL, &none), EINTR);
	CHECK_EQ(hits, 2);
	t_join(pid);
}

T_NO_HOOK
