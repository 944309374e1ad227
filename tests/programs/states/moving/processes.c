/* SPDX-License-Identifier: MIT */
/* Several processes at work: while they are made and waited for, a checkpoint may find any number of them. */
#define T_PART
#include "moving.h"
#include <spawn.h>
#include <sys/mman.h>

STATE_MOVING_TREE(forks)
{
	unsigned n = 0;

	do {
		pid_t pid = t_fork();

		if (pid == 0)
			_exit(++n % 200);
		CHECK_EQ(WEXITSTATUS(t_wait(pid)), ++n % 200);
		CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
	} while (turn());
}

STATE_MOVING_TREE(many_forks)
{
	do {
		pid_t pid[8];
		int sum = 0;

		for (int i = 0; i < 8; i++) {
			pid[i] = t_fork();
			if (pid[i] == 0) {
				pid_t kid = t_fork();

				if (kid == 0)
					_exit(i);
				_exit(WEXITSTATUS(t_wait(kid)) + 1);
			}
		}
		for (int i = 0; i < 8; i++) {
			int st;

			CHECK(SYS(wait(&st)) > 0);
			CHECK(WIFEXITED(st));
			sum += WEXITSTATUS(st);
		}
		CHECK_EQ(sum, 36);
	} while (turn());
}

extern char **environ;

STATE_WITH(spawned, ST_HELPER)
{
}

STATE_MOVING_TREE(spawns)
{
	char exe[PATH_MAX] = "";
	char *argv[] = { "spawned", "spawned", NULL };
	posix_spawn_file_actions_t fa;

	SYS(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	do {
		pid_t pid;

		CHECK_EQ(posix_spawn(&pid, exe, &fa, NULL, argv, environ), 0);
		CHECK_EQ(t_wait(pid), 0);
	} while (turn());
}

STATE_MOVING_TREE(pipe_between)
{
	/* A stream of known bytes through a child and back. */
	char buf[4000];
	int to[2], from[2];
	uint32_t out = 11, in = 11, seed = 12;

	SYS(pipe(to));
	SYS(pipe(from));
	pid_t pid = t_fork();
	if (pid == 0) {
		ssize_t n;

		SYS(close(to[1]));
		SYS(close(from[0]));
		while ((n = read(to[0], buf, sizeof(buf))) > 0)
			CHECK_EQ(write(from[1], buf, n), n);
		_exit(n == 0 ? 0 : 1);
	}
	SYS(close(to[0]));
	SYS(close(from[1]));
	do {
		ssize_t len = t_rand(&seed) % sizeof(buf) + 1;

		for (ssize_t i = 0; i < len; i++)
			buf[i] = t_rand(&out);
		CHECK_EQ(write(to[1], buf, len), len);
		for (ssize_t got = 0; got < len;) {
			ssize_t n = SYS(read(from[0], buf, len - got));

			CHECK(n > 0);
			for (ssize_t i = 0; i < n; i++)
				CHECK_EQ(buf[i], (char)t_rand(&in));
			got += n;
		}
	} while (turn());
	SYS(close(to[1]));
	CHECK_EQ(read(from[0], buf, 1), 0);
	t_join(pid);
}

STATE_MOVING_TREE(stream)
{
	/* One process writes as fast as it can, the other checks what comes. */
	char buf[5000];
	int p[2];
	uint32_t in = 13;
	pid_t pid;
	ssize_t n;

	SYS(pipe(p));
	pid = t_fork();
	if (pid == 0) {
		SYS(close(p[0]));
		while (!st_may_go()) {
			for (unsigned i = 0; i < sizeof(buf); i++)
				buf[i] = t_rand(&in);
			CHECK_EQ(write(p[1], buf, sizeof(buf)), (ssize_t)sizeof(buf));
		}
		_exit(0);
	}
	SYS(close(p[1]));
	while ((n = SYS(read(p[0], buf, sizeof(buf)))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			CHECK_EQ(buf[i], (char)t_rand(&in));
		turn();
	}
	t_join(pid);
}

/* Waits for *p to become `want`, and makes it one more. 0: it is negative, the game is over. */
static int my_turn(int *p, int want)
{
	int now;

	while ((now = __atomic_load_n(p, __ATOMIC_SEQ_CST)) != want) {
		if (now < 0)
			return 0;
		CHECK(now < want);
		syscall(SYS_futex, p, 0, now, NULL, NULL, 0);
	}
	__atomic_store_n(p, want + 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, p, 1, 1, NULL, NULL, 0);
	return 1;
}

STATE_MOVING_TREE(shared_counter)
{
	int *p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), want = 0;

	CHECK(p != MAP_FAILED);
	pid_t pid = t_fork();
	if (pid == 0) {
		for (want = 1; my_turn(p, want); want += 2)
			;
		_exit(0);
	}
	do {
		CHECK(my_turn(p, want));
		want += 2;
	} while (turn());
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) != want)
		st_pause();
	__atomic_store_n(p, -1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, p, 1, 1, NULL, NULL, 0);
	t_join(pid);
}

static void reply(int sig, siginfo_t *si, void *uc)
{
	hits++;
	sigqueue(si->si_pid, SIGRTMIN + 1, si->si_value);
}

STATE_MOVING_TREE(signals_between)
{
	struct sigaction sa = { .sa_sigaction = reply, .sa_flags = SA_SIGINFO };
	sigset_t set;
	siginfo_t si;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	SYS(sigaction(SIGRTMIN, &sa, NULL));
	pid_t pid = t_fork();
	if (pid == 0) {
		sigemptyset(&set);
		for (;;)
			sigsuspend(&set);
	}
	sigdelset(&set, SIGRTMIN);
	do {
		SYS(sigqueue(pid, SIGRTMIN, (union sigval){ .sival_int = ++n }));
		while (sigwaitinfo(&set, &si) < 0)
			CHECK_EQ(errno, EINTR);
		CHECK_EQ(si.si_pid, pid);
		CHECK_EQ(si.si_value.sival_int, n);
	} while (turn());
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

STATE_MOVING_TREE(shared_file)
{
	/* Two processes append to one file under a lock. */
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	int n = 0, last = 0;
	pid_t pid = t_fork();

	do {
		struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

		SYS(fcntl(fd, F_SETLKW, &fl));
		off_t end = SYS(lseek(fd, 0, SEEK_END));
		if (end)
			CHECK_EQ(pread(fd, &last, sizeof(last), end - 4), 4);
		CHECK_EQ(end, last * 4);
		last++;
		CHECK_EQ(pwrite(fd, &last, sizeof(last), end), 4);
		fl.l_type = F_UNLCK;
		SYS(fcntl(fd, F_SETLK, &fl));
		n++;
	} while (pid ? turn() : !st_may_go());
	if (pid == 0)
		_exit(0);
	t_join(pid);
	CHECK(last >= n);
}
