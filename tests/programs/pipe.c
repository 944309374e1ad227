/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs. */
#include "t.h"
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

static int p[2];

static void make(int flags)
{
	SYS(pipe2(p, flags));
}

TEST(simple)
{
	char buf[16];

	make(0);
	CHECK_EQ(write(p[1], "hello", 5), 5);
	CHECK_EQ(write(p[1], " you", 4), 4);
	CHECK_EQ(read(p[0], buf, 3), 3);
	CHECK(memcmp(buf, "hel", 3) == 0);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 6);
	CHECK(memcmp(buf, "lo you", 6) == 0);
	CHECK_EQ(write(p[1], buf, 0), 0);
	CHECK_EQ(read(p[0], buf, 0), 0);
	SYS(close(p[1]));
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 0);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), 0);
}

TEST(wrong_ends)
{
	char c;

	make(0);
	CHECK_ERR(read(p[1], &c, 1), EBADF);
	CHECK_ERR(write(p[0], &c, 1), EBADF);
	CHECK_ERR(lseek(p[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(lseek(p[1], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(p[0], &c, 1, 0), ESPIPE);
	CHECK_ERR(pwrite(p[1], &c, 1, 0), ESPIPE);
	CHECK_ERR(ftruncate(p[1], 0), EINVAL);
	CHECK_ERR(fsync(p[1]), EINVAL);
	CHECK_ERR(pipe2(p, 0x10), EINVAL);
}

static volatile sig_atomic_t got_pipe;
static void on_pipe(int sig)
{
	got_pipe++;
}

TEST(broken)
{
	make(0);
	SYS(close(p[0]));
	signal(SIGPIPE, on_pipe);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(got_pipe, 1);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(got_pipe, 1);
	pid_t pid = t_fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		(void)!write(p[1], "x", 1);
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGPIPE);
}

TEST(capacity_and_nonblock)
{
	static char buf[65536];
	int total = 0;
	ssize_t n;

	make(O_NONBLOCK);
	CHECK_EQ(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	CHECK_ERR(read(p[0], buf, 1), EAGAIN);
	while ((n = write(p[1], buf, 4096)) > 0)
		total += n;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(total, 65536);
	CHECK_ERR(write(p[1], buf, 1), EAGAIN);
	/* Up to PIPE_BUF all or nothing; more goes in parts. */
	CHECK_EQ(read(p[0], buf, 4096), 4096);
	CHECK_EQ(write(p[1], buf, 4096), 4096);
	CHECK_EQ(read(p[0], buf, 8192), 8192);
	CHECK_EQ(write(p[1], buf, 65536), 8192);
	int queued;
	SYS(ioctl(p[0], FIONREAD, &queued));
	CHECK_EQ(queued, 65536);
	for (total = 0; (n = read(p[0], buf, 10000)) > 0;)
		total += n;
	CHECK_EQ(total, 65536);
	SYS(ioctl(p[0], FIONREAD, &queued));
	CHECK_EQ(queued, 0);
	SYS(close(p[1]));
	CHECK_EQ(read(p[0], buf, 1), 0);
}

TEST(blocking_reader_is_woken)
{
	char c = 0;

	make(0);
	pid_t pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(read(p[0], &c, 1), 1);
		_exit(c != 'w');
	}
	t_await_state(pid, "S");
	CHECK_EQ(write(p[1], "w", 1), 1);
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		SYS(close(p[1]));
		_exit(read(p[0], &c, 1) != 0);
	}
	t_await_state(pid, "S");
	SYS(close(p[1]));
	t_join(pid);
}

TEST(blocking_writer_is_woken)
{
	static char buf[200000];

	make(0);
	memset(buf, 'z', sizeof(buf));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(p[0]));
		_exit(write(p[1], buf, sizeof(buf)) != sizeof(buf));
	}
	SYS(close(p[1]));
	t_await_state(pid, "S");
	size_t total = 0;
	ssize_t n;
	while ((n = read(p[0], buf, 777)) > 0)
		total += n;
	CHECK_EQ(n, 0);
	CHECK_EQ(total, sizeof(buf));
	t_join(pid);
}

TEST(writer_blocked_when_reader_leaves)
{
	static char buf[100000];

	make(0);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(p[0]));
		signal(SIGPIPE, SIG_IGN);
		/* What fitted in was written, so that is what the call says. */
		CHECK_EQ(write(p[1], buf, sizeof(buf)), 65536);
		CHECK_ERR(write(p[1], buf, 1), EPIPE);
		_exit(0);
	}
	SYS(close(p[1]));
	t_await_state(pid, "S");
	SYS(close(p[0]));
	t_join(pid);
}

TEST(contents_through_a_chain)
{
	/* Numbers through three filters, each adding one. */
	int in[2], next[2];
	uint32_t sum = 0, seed = 42, expected = 0;

	SYS(pipe(in));
	pid_t w = t_fork();
	if (w == 0) {
		for (int i = 0; i < 60000; i++) {
			uint32_t v = t_rand(&seed);
			CHECK_EQ(write(in[1], &v, 4), 4);
		}
		_exit(0);
	}
	SYS(close(in[1]));
	pid_t filter[3];
	for (int f = 0; f < 3; f++) {
		SYS(pipe(next));
		filter[f] = t_fork();
		if (filter[f] == 0) {
			static uint32_t buf[1024];
			size_t have = 0;
			ssize_t n;
			SYS(close(next[0]));
			while ((n = read(in[0], (char *)buf + have, sizeof(buf) - have)) > 0) {
				size_t whole = (have + n) / 4 * 4;
				for (size_t i = 0; i < whole / 4; i++)
					buf[i]++;
				CHECK_EQ(write(next[1], buf, whole), whole);
				have = have + n - whole;
				memmove(buf, (char *)buf + whole, have);
			}
			_exit(have != 0);
		}
		SYS(close(in[0]));
		SYS(close(next[1]));
		in[0] = next[0];
	}
	FILE *f = fdopen(in[0], "r");
	uint32_t v;
	int count = 0;
	while (fread(&v, 4, 1, f) == 1) {
		sum = sum * 31 + v;
		expected = expected * 31 + t_rand(&seed) + 3;
		count++;
	}
	CHECK_EQ(count, 60000);
	CHECK_EQ(sum, expected);
	t_join(w);
	for (int i = 0; i < 3; i++)
		t_join(filter[i]);
}

TEST(writer_keeps_the_cpu_for_a_while)
{
	/* Two that have computed for a while on the same CPU; then one writes byte by byte, the other waits for each. */
	enum { BYTES = 20000 };
	struct rusage before, after;
	long long until = t_now_ns() + 200000000;
	cpu_set_t one;
	char c = 0;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	SYS(sched_setaffinity(0, sizeof(one), &one));
	make(0);
	pid_t reader = t_fork();
	while (t_now_ns() < until)
		;
	if (reader == 0) {
		for (int i = 0; i < BYTES; i++)
			CHECK_EQ(read(p[0], &c, 1), 1);
		_exit(0);
	}
	SYS(getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < BYTES; i++)
		CHECK_EQ(write(p[1], &c, 1), 1);
	SYS(getrusage(RUSAGE_SELF, &after));
	/* How often depends on how fast the machine is; but not at every byte. */
	CHECK(after.ru_nivcsw - before.ru_nivcsw < BYTES / 4 * 3);
	t_join(reader);
}

TEST(small_writes_are_atomic)
{
	enum { WRITERS = 4, ROUNDS = 200, LEN = 512 };
	pid_t pids[WRITERS];
	char rec[LEN];
	int counts[WRITERS] = { 0 };

	make(0);
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = t_fork();
		if (pids[w] == 0) {
			memset(rec, 'a' + w, LEN);
			for (int i = 0; i < ROUNDS; i++)
				CHECK_EQ(write(p[1], rec, LEN), LEN);
			_exit(0);
		}
	}
	SYS(close(p[1]));
	for (int i = 0; i < WRITERS * ROUNDS; i++) {
		size_t have = 0;
		while (have < LEN)
			have += SYS(read(p[0], rec + have, LEN - have));
		for (int j = 1; j < LEN; j++)
			CHECK_EQ(rec[j], rec[0]);
		counts[rec[0] - 'a']++;
	}
	for (int w = 0; w < WRITERS; w++) {
		CHECK_EQ(counts[w], ROUNDS);
		t_join(pids[w]);
	}
}

TEST(vectors)
{
	char a[3], b[4], c[5];
	struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defghijkl", 9 } };
	struct iovec in[3] = { { a, 3 }, { b, 4 }, { c, 5 } };

	make(0);
	CHECK_EQ(writev(p[1], out, 3), 12);
	CHECK_EQ(readv(p[0], in, 3), 12);
	CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0 && memcmp(c, "hijkl", 5) == 0);
	CHECK_ERR(writev(p[1], out, -1), EINVAL);
	CHECK_ERR(writev(p[1], out, 1025), EINVAL);
	out[1].iov_len = 0x80000000u;
	CHECK_ERR(writev(p[1], out, 3), EINVAL);
}

TEST(poll_states)
{
	static char buf[65536];
	struct pollfd f[2];

	make(0);
	f[0] = (struct pollfd){ p[0], POLLIN, 0 };
	f[1] = (struct pollfd){ p[1], POLLOUT, 0 };
	CHECK_EQ(poll(f, 2, 0), 1);
	CHECK_EQ(f[0].revents, 0);
	CHECK_EQ(f[1].revents, POLLOUT);
	CHECK_EQ(write(p[1], buf, 65536), 65536);
	CHECK_EQ(poll(f, 2, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN);
	CHECK_EQ(f[1].revents, 0);
	SYS(close(p[1]));
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN | POLLHUP);
	CHECK_EQ(read(p[0], buf, 65536), 65536);
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLHUP);
	make(0);
	SYS(close(p[0]));
	f[1].fd = p[1];
	CHECK_EQ(poll(&f[1], 1, 0), 1);
	CHECK_EQ(f[1].revents, POLLOUT | POLLERR);
}

TEST(interrupted_by_signal)
{
	char c;
	struct sigaction sa = { .sa_handler = on_pipe };

	make(0);
	SYS(sigaction(SIGUSR1, &sa, NULL));
	pid_t me = getpid(), pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR1));
		_exit(0);
	}
	CHECK_ERR(read(p[0], &c, 1), EINTR);
	t_join(pid);
	sa.sa_flags = SA_RESTART;
	SYS(sigaction(SIGUSR1, &sa, NULL));
	pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR1));
		t_await_state(me, "S");
		_exit(write(p[1], "r", 1) != 1);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(c, 'r');
	t_join(pid);
	CHECK_EQ(got_pipe, 2);
}

TEST(fifo_open_rules)
{
	char c;

	SYS(mkfifo("f", 0600));
	CHECK_ERR(mkfifo("f", 0600), EEXIST);
	CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
	int r = SYS(open("f", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(read(r, &c, 1), 0);
	int w = SYS(open("f", O_WRONLY | O_NONBLOCK));
	CHECK_ERR(read(r, &c, 1), EAGAIN);
	CHECK_EQ(write(w, "f", 1), 1);
	CHECK_EQ(read(r, &c, 1), 1);
	SYS(close(w));
	CHECK_EQ(read(r, &c, 1), 0);
	SYS(close(r));
	int rw = SYS(open("f", O_RDWR));
	CHECK_EQ(write(rw, "x", 1), 1);
	CHECK_EQ(read(rw, &c, 1), 1);
	SYS(close(rw));
	struct stat st;
	SYS(stat("f", &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(st.st_size, 0);
	SYS(unlink("f"));
}

/* A reader is told of a hangup when the last writer goes that it has met, and not before there was one. */
TEST(fifo_hangup)
{
	struct pollfd p = { .events = POLLIN };

	SYS(mkfifo("f", 0600));
	p.fd = SYS(open("f", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(poll(&p, 1, 0), 0);
	int w = SYS(open("f", O_WRONLY));
	int late = SYS(open("f", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(poll(&p, 1, 0), 0);
	SYS(close(w));
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLHUP);
	p.fd = late;
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLHUP);
	p.fd = SYS(open("f", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(poll(&p, 1, 0), 0);
}

TEST(fifo_open_waits_for_partner)
{
	char c;

	SYS(mkfifo("f", 0600));
	pid_t pid = t_fork();
	if (pid == 0) {
		int fd = SYS(open("f", O_WRONLY));
		_exit(write(fd, "q", 1) != 1);
	}
	t_await_state(pid, "S");
	int r = SYS(open("f", O_RDONLY));
	CHECK_EQ(read(r, &c, 1), 1);
	t_join(pid);
	CHECK_EQ(read(r, &c, 1), 0);
	SYS(close(r));
	pid = t_fork();
	if (pid == 0) {
		SYS(open("f", O_RDONLY));
		_exit(0);
	}
	t_await_state(pid, "S");
	int w = SYS(open("f", O_WRONLY));
	t_join(pid);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(w, "x", 1), EPIPE);
	SYS(unlink("f"));
}

TEST(descriptor_numbers)
{
	int q[2];

	make(0);
	SYS(pipe(q));
	CHECK(p[1] == p[0] + 1 && q[0] == p[1] + 1);
	SYS(close(p[0]));
	CHECK_EQ(dup(q[0]), p[0]);
	struct stat st;
	SYS(fstat(q[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(fcntl(q[0], F_GETFD), 0);
	make(O_CLOEXEC);
	CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
}

T_NO_HOOK
