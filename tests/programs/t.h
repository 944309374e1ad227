/* SPDX-License-Identifier: MIT */
/*
 * What the test programs share: cases, checks, and a main() that runs each case in a process of its own.
 *
 *	TEST(name)
 *	{
 *		CHECK(condition);
 *		CHECK_EQ(got, expected);
 *		CHECK_ERR(call, EBADF);
 *		int fd = SYS(open("f", O_RDONLY));	// the value, or the case fails
 *	}
 *
 * `prog` runs all cases, `prog CASE...` some, `prog -l` lists them. A case prints nothing of its own
 * but what is the same on every kernel with this ABI: the runner compares the whole output with that of
 * a Linux host. Each case works in an empty directory of its own. It may leave processes behind only in its own process group.
 *
 * A case waits without a limit of its own: how long something takes depends
 * on the host. The runner ends a program that uses too much time of the
 * machine without printing a line.
 */
#ifndef TESTS_T_H
#define TESTS_T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct t_case {
	const char *tc_name;
	void (*tc_fn)(void);
	enum t_needs { T_ANY, T_ROOT, T_REPRISE } tc_needs;
};

/* A program NAME of several files: NAME.c is its head and has main(); its parts, NAME/PART.c, define T_PART first. */
#define T_MAXCASES 128
extern struct t_case t_cases[T_MAXCASES];
extern int t_ncases;

/* Cases register themselves in the order of the file; those of the head come first, then those of each part. */
#define T_TEST(name, needs)                                              \
	static void test_##name(void);                                   \
	__attribute__((constructor)) static void t_register_##name(void) \
	{                                                                \
		if (t_ncases == T_MAXCASES)                              \
			abort();                                         \
		t_cases[t_ncases].tc_needs = needs;                      \
		t_cases[t_ncases].tc_fn = test_##name;                   \
		t_cases[t_ncases++].tc_name = #name;                     \
	}                                                                \
	static void test_##name(void)
#define TEST(name) T_TEST(name, T_ANY)
#define TEST_ROOT(name) T_TEST(name, T_ROOT)
/* What Linux does not promise. */
#define TEST_REPRISE(name) T_TEST(name, T_REPRISE)

__attribute__((unused, noreturn, format(printf, 3, 4))) static void t_fail(const char *file, int line,
									   const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n = snprintf(text, sizeof(text), "FAIL %s:%d: ", file, line);

	va_start(ap, fmt);
	n += vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	fflush(stdout);
	if (write(1, text, n) != n)
		_exit(2);
	_exit(1);
}

#define FAIL(...) t_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(c)                                                                        \
	do {                                                                            \
		if (!(c))                                                               \
			FAIL("expected %s (errno %d: %s)", #c, errno, strerror(errno)); \
	} while (0)
#define CHECK_EQ(got, want)                                                                           \
	do {                                                                                          \
		long long t_got = (got), t_want = (want);                                             \
		if (t_got != t_want)                                                                  \
			FAIL("%s: expected %lld, found %lld (errno %d)", #got, t_want, t_got, errno); \
	} while (0)
#define CHECK_STR(got, want)                                                            \
	do {                                                                            \
		const char *t_got = (got), *t_want = (want);                            \
		if (strcmp(t_got, t_want) != 0)                                         \
			FAIL("%s: expected \"%s\", found \"%s\"", #got, t_want, t_got); \
	} while (0)
/* The call fails with this errno. */
#define CHECK_ERR(call, err)                                                                     \
	do {                                                                                     \
		errno = 0;                                                                       \
		long t_r = (long)(call);                                                         \
		int t_e = errno;                                                                 \
		if (t_r != -1 || t_e != (err))                                                   \
			FAIL("%s: expected -1 with %s, found %ld with %s", #call, strerror(err), \
			     t_r, strerror(t_e));                                                \
	} while (0)
/* The call succeeds; its value. */
#define SYS(call)                                                                                        \
	({                                                                                               \
		__typeof__(call) t_v = (call);                                                           \
		if (t_v == (__typeof__(call))-1)                                                         \
			FAIL("%s: expected success, found errno %d: %s", #call, errno, strerror(errno)); \
		t_v;                                                                                     \
	})

/* In a child of a case: what CHECK says there reaches the output, and t_join() fails the case. */
__attribute__((unused)) static pid_t t_fork(void)
{
	fflush(stdout);
	return SYS(fork());
}

__attribute__((unused)) static int t_wait(pid_t pid)
{
	int st;
	pid_t r;

	do
		r = waitpid(pid, &st, 0);
	while (r < 0 && errno == EINTR);
	CHECK_EQ(r, pid);
	return st;
}

#define t_join(pid)                                                                             \
	do {                                                                                    \
		int t_st = t_wait(pid);                                                         \
		if (t_st != 0)                                                                  \
			FAIL("child: expected exit 0, found wait status 0x%x", (unsigned)t_st); \
	} while (0)

/* A child says "go on" to its parent, or the other way round, without a race and without sleeping. */
struct t_gate {
	int g_fd[2];
};
__attribute__((unused)) static struct t_gate t_gate(void)
{
	struct t_gate g;

	SYS(pipe(g.g_fd));
	return g;
}
__attribute__((unused)) static void t_open_gate(struct t_gate g)
{
	CHECK_EQ(write(g.g_fd[1], "g", 1), 1);
}
__attribute__((unused)) static void t_pass_gate(struct t_gate g)
{
	char c;
	ssize_t n;

	do
		n = read(g.g_fd[0], &c, 1);
	while (n < 0 && errno == EINTR);
	CHECK_EQ(n, 1);
}

/* What the process prints goes into a file "log" of the current directory, and nothing else is open as 0, 1 and 2. */
__attribute__((unused)) static void t_on_its_own(void)
{
	int log = SYS(open("log", O_RDWR | O_CREAT | O_TRUNC, 0666));

	SYS(fchmod(log, 0666));
	SYS(dup2(log, 0));
	SYS(dup2(log, 1));
	SYS(dup2(log, 2));
	SYS(close(log));
}

/* The state letter of a process, from /proc. 0: no such process. */
__attribute__((unused)) static char t_pstate(pid_t pid)
{
	char path[64], buf[512], *p;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	p = strrchr(buf, ')');
	return p && p[1] == ' ' ? p[2] : 0;
}

/* Waits until another process is in one of the states (sleeping, stopped, zombie...). It fails if there is no such process. */
__attribute__((unused)) static void t_await_state(pid_t pid, const char *states)
{
	for (int i = 0;; i++) {
		char c = t_pstate(pid);

		if (!c)
			FAIL("process %d: expected state %s, found no such process", (int)pid, states);
		if (strchr(states, c))
			return;
		if (c == 'Z')
			FAIL("process %d: expected state %s, it has ended", (int)pid, states);
		struct timespec ts = { 0, i < 100 ? 0 : 1000000 };
		nanosleep(&ts, NULL);
	}
}

/* Does it run here, or on Linux, which only shows what it should print? */
__attribute__((unused)) static int t_reprise(void)
{
	struct utsname u;

	return uname(&u) == 0 && strstr(u.release, "reprise") != NULL;
}

__attribute__((unused)) static long long t_now_ns(void)
{
	struct timespec ts;

	SYS(clock_gettime(CLOCK_MONOTONIC, &ts));
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* A small generator with a seed: the same numbers everywhere. */
__attribute__((unused)) static uint32_t t_rand(uint32_t *seed)
{
	uint32_t x = *seed;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *seed = x;
}

__attribute__((unused)) static void t_put(const char *path, const void *data, size_t len)
{
	int fd = SYS(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	CHECK_EQ(write(fd, data, len), (ssize_t)len);
	SYS(close(fd));
}

#ifndef T_PART

struct t_case t_cases[T_MAXCASES];
int t_ncases;

/* Runs one case; the number of failures it adds. */
static int t_run(const struct t_case *tc)
{
	int st;
	pid_t pid;

	if (tc->tc_needs == T_ROOT && geteuid() != 0) {
		printf("skip %s: needs root\n", tc->tc_name);
		return 0;
	}
	if (tc->tc_needs == T_REPRISE && !t_reprise()) {
		printf("skip %s: not on this kernel\n", tc->tc_name);
		return 0;
	}
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		printf("FAIL %s: fork: %s\n", tc->tc_name, strerror(errno));
		return 1;
	}
	if (pid == 0) {
		setpgid(0, 0);
		if ((mkdir(tc->tc_name, 0777) < 0 && errno != EEXIST) || chdir(tc->tc_name) < 0)
			FAIL("%s: %s", tc->tc_name, strerror(errno));
		tc->tc_fn();
		fflush(stdout);
		_exit(0);
	}
	while (waitpid(pid, &st, 0) < 0) {
		if (errno != EINTR)
			return 1;
	}
	kill(-pid, SIGKILL);
	if (st == 0) {
		printf("ok %s\n", tc->tc_name);
		return 0;
	}
	if (WIFSIGNALED(st))
		printf("FAIL %s: killed by signal %d\n", tc->tc_name, WTERMSIG(st));
	else
		printf("FAIL %s: exit %d\n", tc->tc_name, WEXITSTATUS(st));
	return 1;
}

/*
 * A program may look at its arguments first (it executes itself again, say). -1: go on with the cases. It may have
 * taken argv[1] for itself: then that is NULL.
 */
static int t_hook(int argc, char **argv);

int main(int argc, char **argv)
{
	int failed = 0, r = t_hook(argc, argv);

	if (r >= 0)
		return r;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < t_ncases; i++) {
		int wanted = argc == 1 || !argv[1];

		for (int a = 1; a < argc && argv[a]; a++)
			wanted |= strcmp(argv[a], t_cases[i].tc_name) == 0;
		if (argc == 2 && argv[1] && strcmp(argv[1], "-l") == 0)
			printf("%s\n", t_cases[i].tc_name);
		else if (wanted)
			failed += t_run(&t_cases[i]);
	}
	return failed != 0;
}

#define T_NO_HOOK                                                                                \
	static int t_hook(__attribute__((unused)) int argc, __attribute__((unused)) char **argv) \
	{                                                                                        \
		return -1;                                                                       \
	}

#endif /* T_PART */

#endif
