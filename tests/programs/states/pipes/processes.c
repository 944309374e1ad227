/* SPDX-License-Identifier: MIT */
/* Pipes with other processes at the ends. */
#define T_PART
#include "pipes.h"

struct stage {
	int in, out;
};

static void relay(void *arg)
{
	struct stage *s = arg;
	char buf[3000];
	ssize_t n;

	while ((n = read(s->in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(s->out, buf, n), n);
	CHECK_EQ(n, 0);
}

STATE_TREE(child_reads)
{
	SYS(pipe(ends));
	put(ends[1], 40, 11);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(ends[1]));
		take(ends[0], 40, 11);
		take(ends[0], 60, 12);
		char c;
		CHECK_EQ(read(ends[0], &c, 1), 0);
		_exit(0);
	}
	t_await_state(pid, "S");
	st_wait();
	put(ends[1], 60, 12);
	SYS(close(ends[1]));
	t_join(pid);
}

STATE_TREE(child_writes)
{
	SYS(pipe(ends));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(close(ends[0]));
		put(ends[1], 200000, 12);
		_exit(0);
	}
	SYS(close(ends[1]));
	t_await_state(pid, "S");
	st_wait();
	take(ends[0], 200000, 12);
	char c;
	CHECK_EQ(read(ends[0], &c, 1), 0);
	t_join(pid);
}

STATE_TREE(pipeline)
{
	enum { N = 5 };
	int p[N + 1][2];
	pid_t pid[N];

	for (int i = 0; i <= N; i++)
		SYS(pipe2(p[i], 0));
	for (int i = 0; i < N; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			struct stage s = { p[i][0], p[i + 1][1] };

			for (int k = 0; k <= N; k++) {
				for (int end = 0; end < 2; end++) {
					if (p[k][end] != s.in && p[k][end] != s.out)
						SYS(close(p[k][end]));
				}
			}
			relay(&s);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++) {
		SYS(close(p[i][0]));
		SYS(close(p[i + 1][1]));
	}
	put(p[0][1], 60000, 21);
	st_wait();
	SYS(close(p[0][1]));
	take(p[N][0], 60000, 21);
	char c;
	CHECK_EQ(read(p[N][0], &c, 1), 0);
	for (int i = 0; i < N; i++)
		t_join(pid[i]);
}

STATE_TREE(pipeline_full)
{
	/* Nobody takes anything out: all stages sleep at full pipes. */
	int p[3][2];
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		SYS(pipe(p[i]));
	pid[0] = t_fork();
	if (pid[0] == 0) {
		put(p[0][1], 400000, 22);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		struct stage s = { p[i][0], p[i + 1][1] };

		pid[i + 1] = t_fork();
		if (pid[i + 1] == 0) {
			for (int k = 0; k < 3; k++) {
				if (k != i + 1)
					SYS(close(p[k][1]));
			}
			relay(&s);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		SYS(close(p[i][1]));
	t_await_state(pid[0], "S");
	st_wait();
	take(p[2][0], 400000, 22);
	for (int i = 0; i < 3; i++)
		t_join(pid[i]);
}

STATE_TREE(two_readers)
{
	/* Each byte reaches exactly one of them. */
	int *sum = (int *)calloc(2, sizeof(int)), back[2];
	pid_t pid[2];

	SYS(pipe(ends));
	SYS(pipe(back));
	for (int i = 0; i < 2; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			unsigned char c;

			SYS(close(ends[1]));
			while (read(ends[0], &c, 1) == 1)
				sum[0] += c;
			CHECK_EQ(write(back[1], sum, sizeof(int)), (ssize_t)sizeof(int));
			_exit(0);
		}
	}
	t_await_state(pid[0], "S");
	t_await_state(pid[1], "S");
	st_wait();
	int want = 0, a, b;
	for (int i = 0; i < 1000; i++) {
		unsigned char c = i;

		want += c;
		CHECK_EQ(write(ends[1], &c, 1), 1);
	}
	SYS(close(ends[1]));
	CHECK_EQ(read(back[0], &a, sizeof(a)), (ssize_t)sizeof(a));
	CHECK_EQ(read(back[0], &b, sizeof(b)), (ssize_t)sizeof(b));
	CHECK_EQ(a + b, want);
	t_join(pid[0]);
	t_join(pid[1]);
}

STATE_TREE(only_child_has_end)
{
	/* The parent keeps no descriptor of it. */
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(pipe(ends));
		put(ends[1], 3000, 31);
		pid_t kid = t_fork();
		if (kid == 0) {
			SYS(close(ends[1]));
			st_await_go();
			take(ends[0], 3000, 31);
			_exit(0);
		}
		SYS(close(ends[0]));
		t_join(kid);
		signal(SIGPIPE, SIG_IGN);
		CHECK_ERR(write(ends[1], "x", 1), EPIPE);
		_exit(0);
	}
	t_await_state(pid, "S");
	st_wait();
	t_join(pid);
}

STATE_TREE(fifo_between)
{
	SYS(mkfifo("fifo", 0600));
	pid_t pid = t_fork();
	if (pid == 0) {
		int fd = SYS(open("fifo", O_RDONLY));

		take(fd, 100, 1);
		take(fd, 9000, 2);
		_exit(0);
	}
	int fd = SYS(open("fifo", O_WRONLY));
	put(fd, 100, 1);
	t_await_state(pid, "S");
	st_wait();
	put(fd, 9000, 2);
	t_join(pid);
}
